//! Content blocks, the parts of Anthropic's messages: shared by requests, answers and streams.

mod decode;
mod encode;
mod source;

pub(crate) use decode::{decode, decode_all, opaque, opaque_kind};
pub(crate) use encode::{Block, Content};
pub(crate) use source::{Source, unsupported_media};

/// What the vendor calls its marks for the cache.
pub(crate) const CACHE_MARK: &str = "ephemeral";

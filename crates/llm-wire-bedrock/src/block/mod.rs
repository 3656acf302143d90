//! Content blocks, the parts of Converse's messages: shared by requests, answers and streams.

mod decode;
mod encode;
mod format;
mod media;

pub(crate) use decode::{decode_all, list_without_errors, opaque_kind};
pub(crate) use encode::{Block, Content};
pub(crate) use media::{WireMedia, document_name};

/// What the vendor calls its marks for the cache.
pub(crate) const CACHE_MARK: &str = "default";

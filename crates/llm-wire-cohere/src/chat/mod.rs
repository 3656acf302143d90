//! Chats: `POST /v2/chat`, both ways; answers of the API before this one are read too.

mod request;
mod response;
mod stream;

pub use request::{Decoded, decode_request, encode_request};
pub use response::{decode_response, encode_response};
pub use stream::{Decoder, Encoder};

/// The opaque part that holds what the model says it will do with its tools.
pub(crate) const TOOL_PLAN: &str = "cohere.tool_plan";
/// An opaque part of a message that this crate does not read: `cohere.document`.
pub(crate) const DOCUMENT: &str = "cohere.document";

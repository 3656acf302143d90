//! `generateContent` and `streamGenerateContent`, both ways.

mod part;
mod request;
mod response;
mod stream;

pub use request::{Decoded, Encoded, Profile, Thinking, decode_request, encode_request};
pub(crate) use response::WrittenUsage;
pub use response::{decode_response, encode_response};
pub use stream::{Decoder, Encoder};

/// Reads `usageMetadata`, which embeddings have too.
pub(crate) fn usage(raw: &serde_json::value::RawValue) -> Result<llm_core::Usage, llm_core::Error> {
    Ok(response::WireUsage::of(raw)?.read().0)
}

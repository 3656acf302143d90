//! `generateContent` and `streamGenerateContent`, both ways.

mod part;
mod request;
mod response;
mod stream;

pub use request::{Decoded, Encoded, Profile, Thinking, decode_request, encode_request};
pub(crate) use response::{WireUsage, WrittenUsage};
pub use response::{decode_response, encode_response};
pub use stream::{Decoder, Encoder};

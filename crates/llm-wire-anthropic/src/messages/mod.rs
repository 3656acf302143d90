//! The messages API (`POST /v1/messages`), both ways.

mod request;
mod response;
mod stream;

pub use request::{Decoded, Encoded, decode_request, encode_request};
pub use response::{decode_response, encode_response};
pub use stream::{Decoder, Encoder};

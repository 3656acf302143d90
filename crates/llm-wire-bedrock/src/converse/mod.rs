//! The Converse API (`POST /model/{id}/converse` and `/converse-stream`), both ways.

mod request;
mod response;
mod stream;

pub use request::{Decoded, decode_request, encode_request};
pub use response::{decode_response, encode_response};
pub use stream::{Decoder, Encoder};

//! The chat operation, `POST /api/chat`: requests, answers and streams, both ways.

mod answer;
mod message;
mod options;
mod request;
mod request_decode;
mod request_message;
mod response;
mod stream;
mod stream_encode;
mod think;

pub use request::encode_request;
pub use request_decode::{Decoded, decode_request};
pub use response::{decode_response, encode_response};
pub use stream::Decoder;
pub use stream_encode::Encoder;

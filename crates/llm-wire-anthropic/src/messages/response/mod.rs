//! Answers, both ways.

mod decode;
mod encode;

pub use decode::decode_response;
pub use encode::encode_response;
pub(crate) use encode::{message_id, stop_sequence};

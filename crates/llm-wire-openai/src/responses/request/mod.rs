//! Requests, both ways.

mod decode;
mod encode;
mod input;
mod tool;

pub use decode::{Decoded, decode_request};
pub(crate) use encode::LOGPROBS;
pub use encode::encode_request;

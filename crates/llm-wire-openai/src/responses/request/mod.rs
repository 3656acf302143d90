//! Requests, both ways.

mod decode;
mod encode;
mod input;
mod tool;

pub use decode::{Decoded, decode_request};
pub use encode::encode_request;

//! A chat request as JSON, and back.

mod decode;
mod encode;
mod message;
mod tools;

pub use decode::{Decoded, decode_request};
pub use encode::encode_request;

//! Requests, both ways.

mod additional;
mod decode;
mod decode_tools;
mod encode;
mod output;
mod parts;
mod tools;

pub use decode::{Decoded, decode_request};
pub use encode::encode_request;

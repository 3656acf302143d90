//! Requests, both ways.

mod decode;
mod encode;
mod message;
mod out;
mod output;
mod part;
mod reasoning;
mod tool;
mod tool_id;

pub use decode::{Decoded, decode_request};
pub use encode::encode_request;

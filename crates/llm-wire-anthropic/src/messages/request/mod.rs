//! Requests, both ways.

mod conversation;
mod decode;
mod encode;
mod output;
mod parts;
mod schema;
mod thinking;
mod tools;

pub use decode::{Decoded, decode_request};
pub use encode::{Encoded, encode_request};

//! Requests: from ours to the vendor's, and back.

mod config;
mod contents;
mod decode;
mod decode_config;
mod decode_contents;
mod encode;
mod openapi;
mod profile;
mod schema;
mod tools;

pub use decode::{Decoded, decode_request};
pub use encode::{Encoded, encode_request};
pub use profile::{Profile, Thinking};

//! A whole answer, both ways.

mod before;
mod decode;
mod encode;

pub use decode::decode_response;
pub use encode::encode_response;

pub(crate) use before::{calls as calls_before, usage as usage_before};

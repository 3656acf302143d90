//! Whole answers.

mod decode;

pub use decode::decode_response;
pub(super) use decode::{complaint, read_ext};

//! Whole answers.

mod decode;
mod encode;

pub use decode::decode_response;
pub(crate) use decode::{read_usage, says_nothing};
pub(crate) use encode::Annotation;
pub use encode::encode_response;

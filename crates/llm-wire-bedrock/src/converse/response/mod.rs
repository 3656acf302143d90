//! Answers, both ways.

mod decode;
mod encode;

pub use decode::decode_response;
pub(crate) use decode::facts;
pub(crate) use encode::Tier;
pub use encode::encode_response;

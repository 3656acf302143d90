//! Whole answers.

mod decode;
mod encode;

pub use decode::decode_response;
pub(super) use decode::{complaint, read_ext};
pub use encode::encode_response;
pub(super) use encode::{Answer, Head, Status, items, made_up_id};

//! Streamed answers.

mod answer;
mod call;
mod decode;
mod encode;
mod latest;
mod shape;

pub use decode::Decoder;
pub use encode::Encoder;

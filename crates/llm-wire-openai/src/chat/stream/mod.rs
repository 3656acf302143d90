//! Streamed answers.

mod answer;
mod call;
mod decode;
mod encode;
mod latest;
mod shape;
mod template;
#[cfg(test)]
mod template_tests;

pub use decode::Decoder;
pub use encode::Encoder;

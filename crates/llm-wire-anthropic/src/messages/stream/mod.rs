//! Streamed answers, both ways.

mod blocks;
mod decoder;
mod encoder;
mod frame;
mod writer;

pub use decoder::Decoder;
pub use encoder::Encoder;

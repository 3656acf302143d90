//! Streamed answers, both ways.

mod blocks;
mod decoder;
mod encoder;
mod frame;

pub use decoder::Decoder;
pub use encoder::Encoder;

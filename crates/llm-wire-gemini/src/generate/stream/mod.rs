//! Streamed answers: from the vendor's chunks to our events, and back.
//!
//! Every chunk is an answer of its own, framed as a server-sent event without a name; there is no end marker, a stream
//! is whole when its last chunk told why it ended.

mod answer;
mod decode;
mod encode;
mod part_events;
mod partial_args;

pub use decode::Decoder;
pub use encode::Encoder;

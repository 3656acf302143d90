//! Answers: from the vendor's to ours, and back. Every chunk of a stream has the same form, so the stream shares this.

mod citation;
mod decode;
mod encode;
mod finish;
mod usage;
mod wire;

pub(super) use citation::citations;
pub use decode::decode_response;
pub(super) use decode::{add_more, blocked, read_wire};
pub use encode::encode_response;
pub(super) use encode::{WrittenCandidate, WrittenResponse, grounding, has_block_reason, has_sources, more_of};
pub(super) use finish::{finish, word};
pub(super) use usage::Counts;
pub(crate) use usage::{WireUsage, WrittenUsage};
pub(super) use wire::{WireCandidate, WireResponse};

/// Fields of `ext.gemini` that stand in the answer itself; all others stand in its first candidate.
const OF_THE_ANSWER: [&str; 2] = ["promptFeedback", "modelStatus"];
/// Field of `ext.gemini` with the facts about further candidates, one object each.
const MORE: &str = "moreCandidates";

//! Names in the extensions of parts and messages that are this crate's own and never written as fields.

/// On the first text of a message: the fields of the item around it. Text without it goes on with the item before.
pub(super) const MESSAGE: &str = "message";
/// On a system message: it stood in `instructions`, not among the items.
pub(super) const INSTRUCTIONS: &str = "instructions";
/// Fields of a request that stand for a part of the conversation that only the vendor has.
pub(super) const ELSEWHERE: [&str; 3] = ["previous_response_id", "conversation", "prompt"];

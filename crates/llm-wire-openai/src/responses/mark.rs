//! Names in the extensions of parts and messages that are this crate's own and never written as fields.

/// On the first text of a message: the fields of the item around it. Text without it goes on with the item before.
pub(super) const MESSAGE: &str = "message";
/// On a system message: it stood in `instructions`, not among the items.
pub(super) const INSTRUCTIONS: &str = "instructions";

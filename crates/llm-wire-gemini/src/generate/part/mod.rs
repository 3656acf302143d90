//! Parts of a content, which requests and answers share: reading them, and writing them.

mod read;
mod wire;
mod write;

pub(crate) use read::{CallIds, media_of, read_part};
pub(crate) use wire::{WireCall, WirePart, WirePartialArg};
pub(crate) use write::{JsonObject, Payload, WrittenPart, blob, payload, vendors_id};

/// Prefix of the kinds of opaque parts: `gemini.executableCode`.
pub(crate) const OPAQUE: &str = "gemini.";

/// Stands in for the signature of a function call that this model did not make: without one, Gemini 3 refuses the
/// first call of a turn with 400 (ai.google.dev/gemini-api/docs/thought-signatures, FAQ, read 2026-11).
pub(crate) const NO_SIGNATURE: &str = "skip_thought_signature_validator";

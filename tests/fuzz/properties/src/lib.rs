//! What is held against any input of the decoders, one module a fuzz target.
//!
//! Plain functions of bytes that panic on a finding: `tests/fuzz/targets` gives them to libFuzzer, and the tests of this
//! crate give them every seed, so that a finding stays found without a fuzzer.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "a finding is a panic")]

mod chat;
mod input;
pub mod mutate;
pub mod outcome;
mod stream;

pub mod anthropic;
pub mod aws_event_stream;
pub mod bedrock;
pub mod cohere;
pub mod errors;
pub mod gemini;
pub mod hints;
pub mod json_frames;
pub mod ollama;
pub mod openai_chat;
pub mod openai_operations;
pub mod openai_responses;
pub mod sse;

/// What a target does with an input.
pub type Check = fn(&[u8]);

/// The targets by name. Each has an entry point in `tests/fuzz/targets` and seeds in `tests/fuzz/seeds`.
pub const TARGETS: [(&str, Check); 13] = [
    ("anthropic", anthropic::check),
    ("aws_event_stream", aws_event_stream::check),
    ("bedrock", bedrock::check),
    ("cohere", cohere::check),
    ("errors", errors::check),
    ("gemini", gemini::check),
    ("hints", hints::check),
    ("json_frames", json_frames::check),
    ("ollama", ollama::check),
    ("openai_chat", openai_chat::check),
    ("openai_operations", openai_operations::check),
    ("openai_responses", openai_responses::check),
    ("sse", sse::check),
];

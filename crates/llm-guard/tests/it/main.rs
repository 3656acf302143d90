//! Structured output: each way there is, and that nothing else comes out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what they expect")]

mod anything;
mod structured;
mod support;

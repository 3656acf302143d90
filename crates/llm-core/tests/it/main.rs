//! Tests of llm-core through its public interface.
#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "tests say what they expect and take cases by value"
)]

mod contracts;
mod durations;
mod golden;
mod streams;

//! Tests of the facade through its public interface, with functions in the place of vendors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what they expect")]

mod batch;
#[cfg(feature = "cache")]
mod cached;
mod client;
mod comparisons;
mod configuration;
mod keys;
#[cfg(feature = "budget")]
mod money;
mod operations;
#[cfg(feature = "prompt")]
mod prompt;
mod state;
mod streams;
#[cfg(feature = "structured")]
mod structured;

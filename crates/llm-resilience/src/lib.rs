#![doc = include_str!("../README.md")]

mod attempt;
mod retry;
mod timeout;

pub mod backoff;

pub use attempt::{ALL_TARGETS_FAILED, Builder, CANNED, FallbackPolicy, Resilient};
pub use retry::{Decision, RetryLayer, RetryPolicy, Situation};
pub use timeout::{SHORTEST_ATTEMPT, TimeoutPolicy};

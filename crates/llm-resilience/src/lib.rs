#![doc = include_str!("../README.md")]

mod attempt;
mod hedge;
mod quality;
mod retry;
mod settings;
mod timeout;

pub mod backoff;

pub use attempt::{ALL_TARGETS_FAILED, Builder, CANNED, FallbackPolicy, Resilient};
pub use hedge::{HedgeAfter, HedgePolicy};
pub use quality::{QUALITY_GATE, QualityGate};
pub use retry::{Decision, RetryLayer, RetryPolicy, Situation};
pub use settings::Settings;
pub use timeout::{SHORTEST_ATTEMPT, TimeoutPolicy};

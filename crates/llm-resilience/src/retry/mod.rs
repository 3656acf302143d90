//! Asking the same target again: when, after how long, and when not.

pub(crate) mod budget;
mod config;
mod layer;
mod policy;

pub use budget::RetryBudget;
pub use layer::RetryLayer;
pub use policy::{Decision, RetryPolicy, Situation};

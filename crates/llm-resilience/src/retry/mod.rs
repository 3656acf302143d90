//! Asking the same target again: when, after how long, and when not.

mod config;
mod layer;
mod policy;

pub use layer::RetryLayer;
pub use policy::{Decision, RetryPolicy, Situation};

//! The breaker: stops asking a target that fails, and finds out with single calls when it is back.

mod config;
#[cfg(test)]
mod model;
mod policy;
mod rules;
mod state;
mod vocabulary;
mod window;

pub use policy::BreakerPolicy;
pub use state::{Breaker, Permit};
pub use vocabulary::{BreakerReason, BreakerState, Outcome, Refusal};

//! The breaker: stops asking a target that fails, and finds out with single calls when it is back.

mod config;
#[cfg(test)]
mod model;
mod permit;
mod policy;
mod rules;
mod state;
mod vocabulary;
mod window;

pub use permit::Permit;
pub use policy::BreakerPolicy;
pub use state::Breaker;
pub use vocabulary::{BreakerReason, BreakerState, Outcome, Refusal};

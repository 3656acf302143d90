//! The gates before the targets: whether an attempt may start, and what follows from how it went.
//!
//! A driver asks the gate of a target before each attempt and tells the pass it got how the attempt went. In this order:
//! cool-down of the credential, limits, a place among the calls at work, and the breaker's permit last, so that no permit
//! waits in a queue. What was taken is given back when the pass is dropped, whatever happened to the attempt.

mod asked;
mod enter;
mod last_resort;
mod pass;
mod refusal;
mod registry;
mod settings;
mod shared;
mod status;

pub use asked::{Asked, Verdict};
pub use enter::Gate;
pub use pass::Pass;
pub use refusal::COOLED_DOWN;
pub use registry::Gates;
pub use settings::{GateScope, GateSettings};
pub use status::GateStatus;

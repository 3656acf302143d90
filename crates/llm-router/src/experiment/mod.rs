//! Experiments: which target is better, by the requests of a route.
//!
//! A request is assigned to an arm by a keyed hash of its user (or session, tenant, label), the arm's target is asked
//! first, and how the request ends counts for the arm. Stop rules end the experiment when a difference is certain enough.

mod assign;
mod definition;
mod handle;
mod hash;
mod results;
mod running;
mod shadow;
mod significance;
mod stop;
mod tally;

pub(crate) use assign::sampled;
pub use definition::{AfterStop, ArmSpec, Experiment, Goal, StickyBy, StopRules, WithoutKey};
pub use handle::{Assigned, Assignment, Experiments, SavedExperiments};
pub(crate) use hash::siphash;
pub use results::{ArmResults, Comparison, Estimate, ExperimentResults};
pub use shadow::Shadow;
pub use stop::{ExperimentStatus, StopReason};

//! Whether targets are well: from what calls of them came to, and from probes.

mod bounded;
mod prober;
mod schedule;
mod state;

pub use prober::{ProbeKind, ProbePolicy, Prober, TargetHealth};
pub use state::{Health, HealthPolicy, HealthState};

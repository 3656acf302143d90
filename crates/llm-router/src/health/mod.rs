//! Whether targets are well: from what calls of them came to, and from probes.

mod state;

pub use state::{Health, HealthPolicy, HealthState};

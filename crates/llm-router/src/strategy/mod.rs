//! Strategies: in which order the targets of a route are asked.

mod manual;
mod priority;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use manual::Manual;
pub use priority::Priority;

use crate::target::TargetSpec;

/// Orders the targets of a route.
pub trait Strategy: Send + Sync + 'static {
    /// Its name in configurations and explanations.
    fn name(&self) -> &'static str;

    /// The targets to ask, as places in `targets`, best first. A place that is left out is not asked.
    ///
    /// It sees only what the operator said, so a route is ordered once, when the router is built.
    fn order(&self, targets: &[TargetSpec]) -> Vec<usize>;
}

/// The built-in strategies, by the names they have in configurations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StrategyKind {
    /// By tier, and within a tier as listed. The first is the primary, the others step in.
    #[default]
    Priority,
    /// The first that is listed and nobody else.
    Manual,
}

impl StrategyKind {
    /// The strategy of this name.
    pub fn strategy(self) -> Arc<dyn Strategy> {
        match self {
            Self::Priority => Arc::new(Priority),
            Self::Manual => Arc::new(Manual),
        }
    }
}

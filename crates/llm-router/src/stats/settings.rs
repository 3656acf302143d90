//! How statistics are kept.

use std::time::Duration;

use crate::health::HealthPolicy;

/// How statistics are kept.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StatsSettings {
    /// A call counts half as much after this time. Default 5 minutes.
    pub half_life: Duration,
    /// The same for scores, which come more rarely. Default a day.
    pub quality_half_life: Duration,
    /// Most targets that are kept, about 5 KiB each; beyond, those are forgotten that were not used for longest and
    /// that no plan holds on to. Default 1,024.
    pub max_targets: usize,
    /// Most requests that are followed at a time. Calls of further ones are not counted. Default 65,536.
    pub max_open: usize,
    /// When a target counts as unavailable or degraded.
    pub health: HealthPolicy,
}

impl Default for StatsSettings {
    fn default() -> Self {
        Self {
            half_life: Duration::from_secs(300),
            quality_half_life: Duration::from_secs(86_400),
            max_targets: 1_024,
            max_open: 65_536,
            health: HealthPolicy::default(),
        }
    }
}

//! The settings of a common store.

use std::time::Duration;

use serde::Serialize;

/// How a process keeps limits together with others.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateSharing {
    /// The number of processes that is assumed as long as the store has not said one. Default 2.
    ///
    /// While the store does not answer, each keeps to the limits divided by the last known number.
    pub replicas: u32,
    /// How often the store hears of this process, and how often it is asked while it does not answer. Default 2 s.
    pub beat: Duration,
    /// How long a place is kept for a request of a process of which nothing is heard. Default 30 s.
    pub lease: Duration,
    /// Failures in a row after which the store is left alone. Default 5.
    pub failures: u32,
}

impl Default for RateSharing {
    fn default() -> Self {
        Self { replicas: 2, beat: Duration::from_secs(2), lease: Duration::from_secs(30), failures: 5 }
    }
}

impl RateSharing {
    /// With another number of processes to assume until the store says one.
    pub fn with_replicas(mut self, replicas: u32) -> Self {
        self.replicas = replicas.max(1);
        self
    }

    /// With other times: between two beats, and of a lease.
    pub fn with_times(mut self, beat: Duration, lease: Duration) -> Self {
        (self.beat, self.lease) = (beat, lease);
        self
    }
}

/// How it stands with a common store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RateSharingState {
    /// Processes that keep to the limits together, by the last count.
    pub replicas: u32,
    /// Whether the store does not answer, and this process keeps to its share.
    pub alone: bool,
}

//! What is known of a target now, told by whoever calls it and asked by whoever plans.
//!
//! A driver that keeps breakers and limits implements this and a router asks it; they do not know each other.

use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::capability::Availability;
use crate::id::Target;

/// How busy a target is, as this process sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Load {
    /// Calls that are not over; a stream counts until its end.
    pub in_flight: u32,
    /// Calls that wait for their turn.
    pub queued: u32,
    /// Most calls at a time, where there is a limit.
    pub limit: Option<u32>,
}

impl Load {
    /// So many calls at work and waiting.
    pub fn new(in_flight: u32, queued: u32, limit: Option<u32>) -> Self {
        Self { in_flight, queued, limit }
    }

    /// Calls at work and waiting.
    pub fn total(&self) -> u32 {
        self.in_flight.saturating_add(self.queued)
    }
}

/// The state of one target. Asked on every plan: must be fast and must not block.
pub trait TargetState: Send + Sync + 'static {
    /// Whether calls are taken now.
    fn availability(&self, now: Instant) -> Availability;

    /// How busy it is.
    fn load(&self) -> Load {
        Load::default()
    }
}

/// The states of all targets.
pub trait TargetStates: Send + Sync + 'static {
    /// The state of a target, to be kept and asked again. A target that was never called is ready.
    fn state(&self, target: &Target) -> Arc<dyn TargetState>;
}

//! What a gate shows of itself.

use std::time::Duration;

use llm_core::{ErrorKind, Load, Target, duration_text};
use serde::Serialize;

use crate::breaker::{BreakerReason, BreakerState};
use crate::limit::LimitLeft;

/// The state of one gate, for people and dashboards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GateStatus {
    /// Whose.
    pub target: Target,
    /// The fingerprint of the address that calls chose; the provider's own where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// What its breaker is.
    pub breaker: BreakerState,
    /// Why.
    pub reason: BreakerReason,
    /// For how long it has been so.
    #[serde(with = "duration_text")]
    pub since: Duration,
    /// How long the breaker stays open.
    #[serde(with = "duration_text::option", skip_serializing_if = "Option::is_none")]
    pub retry_in: Option<Duration>,
    /// The class of the last failure that counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<ErrorKind>,
    /// Calls that are not over; a stream counts until its end.
    pub in_flight: u32,
    /// Calls that wait for their turn.
    pub queued: u32,
    /// Most calls at a time, where there is a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// What is left of its rates, as set or as learned from the vendor.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<LimitLeft>,
}

impl GateStatus {
    /// How busy the target is.
    pub fn load(&self) -> Load {
        Load::new(self.in_flight, self.queued, self.limit)
    }
}

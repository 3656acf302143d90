//! What strategies ask of the past of a target: one small value per target and plan.

use std::sync::Arc;
use std::time::{Duration, Instant};

use llm_core::Target;
use serde::{Deserialize, Serialize};

use crate::health::Health;

/// The past of all targets, as a planner asks for it.
pub trait StatsView: Send + Sync + 'static {
    /// The record of one target, to be kept and asked again. A target that was never called has an empty one.
    fn record(&self, target: &Target) -> Arc<dyn TargetRecord>;
}

/// The past of one target. Asked on every plan: must be fast and must not block.
pub trait TargetRecord: Send + Sync + 'static {
    /// What matters for the next plan, as of now.
    fn pulse(&self, now: Instant) -> Pulse;
}

/// What matters of a target's past for the next plan. `None` is "not known yet".
///
/// Everything but `in_flight` decays: what happened long ago counts little.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Pulse {
    /// Calls with a verdict that still count; fewer than one is as good as none.
    pub samples: f64,
    /// Share of them that the target answered. Calls that the caller spoilt or gave up do not count.
    pub success_rate: Option<f64>,
    /// Time to the first content, smoothed; the whole answer where it was not streamed.
    pub first_token: Option<Duration>,
    /// The same, but jumping up at once and coming down slowly: for choosing the fastest.
    pub first_token_peak: Option<Duration>,
    /// 95 of 100 first contents came within this time.
    pub first_token_p95: Option<Duration>,
    /// Time to the end of the answer, smoothed.
    pub total: Option<Duration>,
    /// 95 of 100 answers were whole within this time.
    pub total_p95: Option<Duration>,
    /// Output tokens per second of an answer, smoothed.
    pub tokens_per_second: Option<f64>,
    /// Cost of an answer in nano-dollars, smoothed, where prices are known.
    pub cost: Option<f64>,
    /// How good its answers were, from 0 to 1, by feedback and assessments.
    pub quality: Option<f64>,
    /// Scores that still count for it.
    pub quality_samples: f64,
    /// Calls that are not over; a stream counts until its end.
    pub in_flight: u32,
    /// Whether it is well.
    pub health: Health,
}

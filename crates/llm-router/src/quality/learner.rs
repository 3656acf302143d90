//! Who learns from scores.

use std::sync::Arc;
use std::time::Instant;

use llm_core::{RequestInfo, Target};

use crate::stats::Stats;

/// A score of one answer, joined with what is known of its request.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Scored<'a> {
    /// The request.
    pub request: &'a Arc<RequestInfo>,
    /// Who answered it.
    pub target: &'a Target,
    /// From 0 (useless) to 1 (as good as it can be).
    pub score: f64,
    /// What was scored (`satisfaction`, `task_completion`, the name of an assessor), where it was said.
    pub label: Option<&'a str>,
}

/// Learns from scores: statistics, experiments, strategies.
pub trait Learner: Send + Sync + 'static {
    /// An answer got a score. Must not block.
    fn scored(&self, scored: &Scored<'_>, now: Instant);
}

impl Learner for Stats {
    fn scored(&self, scored: &Scored<'_>, now: Instant) {
        Self::scored(self, scored.target, scored.score, scored.label, now);
    }
}

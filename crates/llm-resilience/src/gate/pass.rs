//! What lets one attempt through its gate, until it is dropped.

use std::sync::Arc;

use llm_core::{Error, RateLimits, Usage};
use tokio::time::Instant;

use super::asked::Verdict;
use super::enter::Gate;
use crate::breaker::{Outcome, Permit};

/// Lets one attempt through. Dropped without a verdict, it gives everything back and says nothing about the target:
/// the caller gave up.
///
/// The place among the calls at work is kept until it is dropped: a stream holds its pass until its end.
#[derive(Debug)]
#[must_use = "dropping a pass ends the attempt"]
pub struct Pass {
    gate: Arc<Gate>,
    /// Until the verdict.
    permit: Option<Permit>,
    /// Answered, and not broken since.
    answered: bool,
    draw: u64,
}

impl Pass {
    pub(super) fn new(gate: Arc<Gate>, permit: Permit, draw: u64) -> Self {
        Self { gate, permit: Some(permit), answered: false, draw }
    }

    /// Says how the attempt went: an answer, the first content of its stream, or an error. Only the first word counts.
    pub fn verdict(&mut self, verdict: Verdict<'_>, now: Instant) {
        let Some(permit) = self.permit.take() else { return };
        let outcome = match verdict {
            Verdict::Answered { first_content } => {
                self.answered = true;
                Outcome::Answered { first_content }
            }
            Verdict::Failed(error) => Outcome::Failed { kind: error.kind(), retry_after: error.retry_after() },
        };
        self.gate.with_breaker(|breaker| breaker.record(permit, outcome, now, self.draw));
    }

    /// Says that a stream broke off after its first content. Counts once.
    pub fn broke(&mut self, error: &Error, now: Instant) {
        if std::mem::take(&mut self.answered) {
            let (kind, hint) = (error.kind(), error.retry_after());
            self.gate.with_breaker(|breaker| breaker.late_failure(kind, hint, now, self.draw));
        }
    }

    /// Passes on what the vendor said of its rate limits.
    pub fn rate_limits(&mut self, _limits: &RateLimits, _now: Instant) {}

    /// Says how many tokens it took, in the place of the estimate.
    pub fn usage(&mut self, _usage: &Usage) {}
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.gate.with_breaker(|breaker| breaker.release(permit));
        }
        self.gate.left();
    }
}

//! What lets one attempt through its gate, until it is dropped.

use std::sync::Arc;

use llm_core::{Error, RateLimits, Usage};
use tokio::time::Instant;

use super::asked::Verdict;
use super::enter::Gate;
use crate::breaker::Permit;
use crate::cooldown::{Fingerprint, Turn};

/// Lets one attempt through. Dropped without a verdict, it gives everything back and says nothing about the target:
/// the caller gave up.
///
/// The place among the calls at work is kept until it is dropped: a stream holds its pass until its end.
#[derive(Debug)]
#[must_use = "dropping a pass ends the attempt"]
pub struct Pass {
    gate: Arc<Gate>,
    pub(super) credential: Option<Fingerprint>,
    pub(super) began: Instant,
    pub(super) draw: u64,
    /// Finds out for others whether the key is good again.
    pub(super) turn: Option<Turn>,
    /// Until the verdict.
    permit: Option<Permit>,
    /// Counted among the calls at work.
    at_work: bool,
    /// Answered, and not broken since.
    answered: bool,
}

impl Pass {
    pub(super) fn new(gate: Arc<Gate>, credential: Option<Fingerprint>, draw: u64, began: Instant) -> Self {
        Self { gate, credential, began, draw, turn: None, permit: None, at_work: false, answered: false }
    }

    /// It has everything that it needs.
    pub(super) fn begin(&mut self, permit: Permit) {
        self.permit = Some(permit);
        self.at_work = true;
        self.gate.begun();
    }

    /// Says how the attempt went: an answer, the first content of its stream, or an error. Only the first word counts.
    pub fn verdict(&mut self, verdict: Verdict<'_>, now: Instant) {
        let Some(permit) = self.permit.take() else { return };
        self.answered = matches!(verdict, Verdict::Answered { .. });
        self.gate.record(self, permit, verdict, now);
        self.end_turn();
    }

    fn end_turn(&mut self) {
        if let Some(turn) = self.turn.take() {
            self.gate.release(self.credential, &turn);
        }
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
        self.end_turn();
        if self.at_work {
            self.gate.ended();
        }
    }
}

//! What lets one attempt through its gate, until it is dropped.

use std::sync::Arc;

use llm_core::{Error, RateLimits, Usage};
use tokio::time::Instant;

use super::asked::Verdict;
use super::enter::Gate;
use crate::breaker::Permit;
use crate::cooldown::{Fingerprint, Turn};
use crate::limit::Slot;

/// Lets one attempt through. Dropped without a verdict, it gives everything back and says nothing about the target:
/// the caller gave up. Only the tokens that it reserved stay counted, because the vendor may have counted them.
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
    /// Its place among the calls at work, and the tokens that it reserved.
    slot: Option<Slot>,
    /// Until the verdict.
    permit: Option<Permit>,
    /// Counted among the calls at work.
    at_work: bool,
    /// Answered, and not broken since.
    answered: bool,
}

impl Pass {
    pub(super) fn new(gate: Arc<Gate>, credential: Option<Fingerprint>, draw: u64, began: Instant) -> Self {
        Self { gate, credential, began, draw, turn: None, slot: None, permit: None, at_work: false, answered: false }
    }

    /// It has everything that it needs.
    pub(super) fn begin(&mut self, permit: Permit, mut slot: Slot) {
        slot.sent();
        self.began = slot.since();
        self.slot = Some(slot);
        self.permit = Some(permit);
        self.at_work = true;
        self.gate.begun();
    }

    /// Says how the attempt went: an answer, the first content of its stream, or an error. Only the first word counts.
    pub fn verdict(&mut self, verdict: Verdict<'_>, now: Instant) {
        let Some(permit) = self.permit.take() else { return };
        self.answered = !matches!(verdict, Verdict::Failed(_));
        self.gate.record(self, permit, verdict, now);
        self.end_turn();
        match (&mut self.slot, verdict) {
            (Some(slot), Verdict::Answered { first_content }) => slot.answered(first_content, now),
            (Some(slot), Verdict::Whole { took }) => slot.answered_whole(took, now),
            (Some(slot), Verdict::Failed(error)) => slot.failed(error, now),
            (None, _) => {}
        }
    }

    /// Gives everything back, the reserved tokens too: nothing was sent after all.
    pub fn unused(mut self) {
        if let Some(slot) = &mut self.slot {
            slot.unsent();
        }
    }

    pub(super) fn end_turn(&mut self) {
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
    pub fn rate_limits(&mut self, limits: &RateLimits, now: Instant) {
        if let Some(slot) = &mut self.slot {
            slot.rate_limits(limits, now);
        }
    }

    /// Says how many tokens it took, in the place of the estimate.
    pub fn usage(&mut self, usage: &Usage) {
        if let Some(slot) = &mut self.slot {
            slot.usage(usage, Instant::now());
        }
    }
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

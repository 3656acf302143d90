//! Where a request stands in its plan, and what follows each failure. Pure: the driver carries it out.

use std::time::Duration;

use llm_core::{AttemptReason, Error, ErrorKind, PlanTarget};

use super::fallback::{self, FallbackPolicy};
use crate::retry::{Decision, RetryPolicy, Situation};

/// The rules of one request.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) retry: &'a RetryPolicy,
    pub(super) fallback: &'a FallbackPolicy,
    /// Retries at one target that the call allows, instead of the policy's.
    pub(super) max_retries: Option<u32>,
    /// Targets of this request: the policy's, or the call's own.
    pub(super) max_targets: u32,
}

/// Where a request stands in its plan.
#[derive(Debug)]
pub(super) struct Course {
    /// The target that is called now, as a place in the plan.
    pub(super) place: usize,
    /// Targets tried, this one included.
    pub(super) tried: u32,
    /// Attempts that count.
    made: u32,
    /// Retries at this target.
    retries: u32,
    free_retry_used: bool,
    reason: AttemptReason,
}

/// What follows a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The same target after a wait.
    Retry(Duration),
    /// Another target; the course has moved on to it.
    Move,
    /// Nothing: the request has failed.
    Stop,
}

impl Course {
    pub(super) fn new() -> Self {
        Self { place: 0, tried: 1, made: 0, retries: 0, free_retry_used: false, reason: AttemptReason::First }
    }

    /// Why the next attempt is made.
    pub(super) fn reason(&self) -> AttemptReason {
        self.reason
    }

    /// The attempt at the current target ended in `error`.
    pub(super) fn failed(
        &mut self,
        error: &Error,
        plan: &[PlanTarget],
        rules: Rules<'_>,
        remaining: Duration,
        draw: u64,
    ) -> Step {
        // These refuse before anything is sent; they are no attempt of a vendor.
        if !matches!(error.kind(), ErrorKind::CircuitOpen | ErrorKind::Limited) {
            self.made += 1;
        }
        let room_for_retries = rules.max_retries.map_or(0, |retries| retries.saturating_add(1));
        let max_attempts = rules.retry.max_attempts.max(room_for_retries);
        let targets_left = rules.max_targets.saturating_sub(self.tried);
        let may_move = targets_left > 0 && self.made < max_attempts;
        let next = if may_move { fallback::next(plan, self.place, error, rules.fallback) } else { None };
        // One attempt is kept for each further target, so that retries here cannot use up the fallback.
        let kept = next.map_or(0, |next| u32::try_from(plan.len() - next).unwrap_or(u32::MAX).min(targets_left));
        let situation = Situation {
            max_retries: rules.max_retries,
            retries: self.retries,
            attempts_left: max_attempts.saturating_sub(self.made).saturating_sub(kept),
            free_retry_used: self.free_retry_used,
            remaining,
            other_target: next.is_some(),
            draw,
        };
        match (rules.retry.decide(error, &situation), next) {
            (Decision::RetryAtOnce, _) => {
                self.free_retry_used = true;
                self.reason = AttemptReason::Retry;
                self.made -= 1;
                Step::Retry(Duration::ZERO)
            }
            (Decision::RetryAfter(wait), _) => {
                self.retries += 1;
                self.reason = AttemptReason::Retry;
                Step::Retry(wait)
            }
            (Decision::NextTarget, Some(next)) => {
                self.place = next;
                self.reason = AttemptReason::Fallback;
                self.tried += 1;
                self.retries = 0;
                Step::Move
            }
            (Decision::NextTarget | Decision::GiveUp, _) => Step::Stop,
        }
    }
}

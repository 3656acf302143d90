//! The one error of a request that failed: the most informative one, with every attempt in it.

use std::fmt::Write as _;
use std::time::Duration;

use llm_core::{Attempt, Error, ErrorKind, Fallback, Progress, Target};

/// The machine code of a request of which more than one target failed.
pub const ALL_TARGETS_FAILED: &str = "all_targets_failed";

/// The machine code of a request that was not tried again because the budget of retries is used up.
pub const RETRY_BUDGET_EXHAUSTED: &str = "retry_budget_exhausted";

/// Whether a limit or a budget of ours refused, below the driver: nothing was sent, so it says nothing about the target.
pub(super) fn is_refusal(error: &Error) -> bool {
    let ours = matches!(error.kind(), ErrorKind::CircuitOpen | ErrorKind::Limited | ErrorKind::BudgetExceeded);
    ours && error.progress() == Progress::NotSent
}

/// Keeps the most informative of a request's errors.
#[derive(Default)]
pub(super) struct Failures {
    best: Option<Error>,
    /// Targets whose gate did not let the request through, each with the last class.
    refused: Vec<(Target, ErrorKind)>,
    /// The soonest time at which one of them may be asked.
    soonest: Option<Duration>,
}

impl Failures {
    /// An attempt failed.
    pub(super) fn add(&mut self, error: &Error) {
        if self.best.as_ref().is_none_or(|best| informs(error) > informs(best)) {
            self.best = Some(error.clone());
        }
    }

    /// The gate of a target did not let the request through.
    pub(super) fn refused(&mut self, target: &Target, error: &Error) {
        match self.refused.iter_mut().find(|(other, _)| other == target) {
            Some((_, kind)) => *kind = error.kind(),
            None => self.refused.push((target.clone(), error.kind())),
        }
        let after = error.retry_after();
        self.soonest = match (self.soonest, after) {
            (Some(soonest), Some(after)) => Some(soonest.min(after)),
            (soonest, after) => soonest.or(after),
        };
    }

    /// The error of the request. `last` ended it; `planned` targets there were.
    ///
    /// An error that no other target could have helped with stays as it is, and so does that of a single target.
    /// Else it is a new one that keeps class, status and hint of the most informative error and names all targets.
    pub(super) fn conclude(self, last: Error, attempts: Vec<Attempt>, planned: usize, exhausted: bool) -> Error {
        if last.fallback() != Fallback::Next {
            return last.with_attempts(attempts);
        }
        let called = self.best.is_some();
        let best = self.best.unwrap_or(last);
        let shut = self.refused.into_iter().filter(|(target, _)| attempts.iter().all(|it| it.target != *target));
        let shut: Vec<_> = shut.collect();
        let asked = shut.len() + last_of_each(&attempts).count();
        if asked <= 1 {
            let error = if exhausted { not_tried_again(best) } else { best };
            return error.with_attempts(attempts);
        }
        let what = if called { "failed" } else { "take no requests now" };
        let mut message = match asked {
            asked if asked < planned => format!("{asked} of {planned} targets {what} ("),
            _ => format!("all {asked} targets {what} ("),
        };
        let mut separator = "";
        for (target, kind) in last_of_each(&attempts).chain(shut.iter().map(|(target, kind)| (target, *kind))) {
            // Writing to a string cannot fail.
            let _ = write!(message, "{separator}{target}: {kind}");
            separator = ", ";
        }
        let _ = write!(message, "): {}", best.message());
        let error = Error::new(best.kind(), message)
            .with_progress(best.progress())
            .with_code(ALL_TARGETS_FAILED)
            .with_retry_after(if called { best.retry_after() } else { self.soonest })
            .with_request_id(best.request_id().map(str::to_owned))
            .with_attempts(attempts);
        let error = match best.status() {
            Some(status) => error.with_status(status),
            None => error,
        };
        let error = error.with_source(best);
        if exhausted { not_tried_again(error) } else { error }
    }
}

/// Says that the budget of retries is the reason why it was not tried again.
fn not_tried_again(error: Error) -> Error {
    let message = format!("{} (not tried again: too many requests fail, the retry budget is used up)", error.message());
    error.with_message(message).with_code(RETRY_BUDGET_EXHAUSTED)
}

/// How much an error tells the caller: faults of the request first, then what vendors said, then what was never sent;
/// among equals the longer wait. The first of equals stays, so that the primary's error is told.
fn informs(error: &Error) -> (u8, Duration) {
    use ErrorKind as K;
    let rank = match error.kind() {
        K::InvalidRequest | K::PayloadTooLarge | K::ContextLength | K::ContentFilter => 3,
        K::Auth | K::Permission | K::NotFound => 1,
        K::Unsupported | K::Config | K::CircuitOpen | K::Limited => 0,
        _ => 2,
    };
    (rank, error.retry_after().unwrap_or_default())
}

/// Each target with the class of its last failure, in the order in which they were asked.
fn last_of_each(attempts: &[Attempt]) -> impl Iterator<Item = (&Target, ErrorKind)> {
    attempts.iter().enumerate().filter_map(|(place, attempt)| {
        let is_last = attempts[place + 1..].iter().all(|later| later.target != attempt.target);
        let failure = attempt.failure.as_ref().filter(|_| is_last)?;
        Some((&attempt.target, failure.kind))
    })
}

//! The one error of a request that failed: the most informative one, with every attempt in it.

use std::fmt::Write as _;

use llm_core::{Attempt, Error, ErrorKind, Fallback, Target};

/// The machine code of a request of which more than one target failed.
pub const ALL_TARGETS_FAILED: &str = "all_targets_failed";

/// Keeps the most informative of a request's errors.
#[derive(Default)]
pub(super) struct Failures {
    best: Option<Error>,
}

impl Failures {
    pub(super) fn add(&mut self, error: &Error) {
        if self.best.as_ref().is_none_or(|best| informs(error) > informs(best)) {
            self.best = Some(error.clone());
        }
    }

    /// The error of the request. `last` ended it; `tried` of `planned` targets were asked.
    ///
    /// An error that no other target could have helped with stays as it is, and so does that of a single target.
    /// Else it is a new one that keeps class, status and hint of the most informative error and names all targets.
    pub(super) fn conclude(self, last: Error, attempts: Vec<Attempt>, tried: u32, planned: usize) -> Error {
        let stopped_by_itself = last.fallback() != Fallback::Next;
        let best = self.best.unwrap_or_else(|| last.clone());
        if stopped_by_itself {
            return last.with_attempts(attempts);
        }
        if tried <= 1 {
            return best.with_attempts(attempts);
        }
        let mut message = match usize::try_from(tried) {
            Ok(tried) if tried < planned => format!("{tried} of {planned} targets failed ("),
            _ => format!("all {tried} targets failed ("),
        };
        let mut separator = "";
        for (target, kind) in last_of_each(&attempts) {
            // Writing to a string cannot fail.
            let _ = write!(message, "{separator}{target}: {kind}");
            separator = ", ";
        }
        let _ = write!(message, "): {}", best.message());
        let error = Error::new(best.kind(), message)
            .with_progress(best.progress())
            .with_code(ALL_TARGETS_FAILED)
            .with_retry_after(best.retry_after())
            .with_request_id(best.request_id().map(str::to_owned))
            .with_attempts(attempts);
        let error = match best.status() {
            Some(status) => error.with_status(status),
            None => error,
        };
        error.with_source(best)
    }
}

/// How much an error tells the caller: faults of the request first, then what vendors said, then what was never sent;
/// among equals the longer wait. The first of equals stays, so that the primary's error is told.
fn informs(error: &Error) -> (u8, std::time::Duration) {
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

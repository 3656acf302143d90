//! The record of one request: its attempt log, and what the observer is told.
//!
//! A record that is dropped before it was completed is a request that its caller dropped: it completes as cancelled.
//! So the observer hears of every request exactly once, whatever happens to its future or stream.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{Attempt, Cx, Error, Observed, Observer, Target, Usage};
use tokio::time::Instant;

use crate::timeout;

pub(super) struct Record {
    pub(super) started: Instant,
    /// Attempts that have their verdict.
    pub(super) attempts: Vec<Attempt>,
    observer: Option<Arc<dyn Observer>>,
    open: Option<Open>,
    answered: Option<Target>,
    usage: Usage,
    completed: bool,
}

/// An attempt without a verdict.
struct Open {
    target: Target,
    started: Instant,
    waited: Duration,
}

impl Record {
    pub(super) fn new(cx: &Cx, now: Instant) -> Self {
        Self {
            started: now,
            attempts: Vec::new(),
            observer: cx.observer.clone(),
            open: None,
            answered: None,
            usage: Usage::default(),
            completed: false,
        }
    }

    /// The number of the next attempt, from 1.
    pub(super) fn next_number(&self) -> u32 {
        u32::try_from(self.attempts.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// An attempt starts.
    pub(super) fn attempt_started(&mut self, target: &Target, waited: Duration, now: Instant) {
        self.observe(|| Observed::AttemptStarted { target: target.clone(), number: self.next_number() });
        self.open = Some(Open { target: target.clone(), started: now, waited });
    }

    /// The attempt has its verdict.
    pub(super) fn attempt_done(&mut self, failure: Option<&Error>, now: Instant) {
        let Some(Open { target, started, waited }) = self.open.take() else { return };
        if failure.is_none() {
            self.answered = Some(target.clone());
        }
        let attempt = Attempt::new(target, self.next_number(), now.duration_since(started), waited);
        let attempt = match failure {
            Some(error) => attempt.with_failure(error),
            None => attempt,
        };
        self.observe(|| Observed::AttemptDone { attempt: attempt.clone() });
        // Most requests have one attempt.
        self.attempts.reserve_exact(1);
        self.attempts.push(attempt);
    }

    /// Remembers the usage so far, for the case that the stream ends early.
    pub(super) fn usage(&mut self, usage: &Usage) {
        if self.observer.is_some() {
            self.usage.clone_from(usage);
        }
    }

    /// The request is over.
    pub(super) fn complete(&mut self, error: Option<&Error>) {
        if std::mem::replace(&mut self.completed, true) {
            return;
        }
        self.observe(|| Observed::Completed {
            target: self.answered.clone(),
            usage: self.usage.clone(),
            error: error.cloned(),
        });
    }

    fn observe(&self, event: impl FnOnce() -> Observed) {
        if let Some(observer) = &self.observer {
            observer.on(&event());
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.completed || self.observer.is_none() {
            return;
        }
        let cancelled = timeout::cancelled();
        if self.open.is_some() {
            self.attempt_done(Some(&cancelled), Instant::now());
        }
        self.complete(Some(&cancelled));
    }
}

//! What is known of one target's past: its budget of retries, whether it answers at all, and how long it takes.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::times::Times;
use crate::retry::budget::Bucket;

/// So many failures without an answer between them, and a target is no longer taken for one that answers.
const LOST: u32 = 5;

/// Whose times are meant: they differ by what a verdict is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Until the first content of a stream.
    Stream,
    /// Until a whole answer.
    Whole,
}

/// The past of one target.
#[derive(Debug)]
pub(crate) struct History {
    state: Mutex<State>,
    /// Whether its model always reasons: asked once, because capabilities are made anew at every look.
    always_reasons: OnceLock<bool>,
}

#[derive(Debug)]
struct State {
    budget: Bucket,
    /// Failures since the last answer.
    failures: u32,
    streams: Times,
    wholes: Times,
}

impl State {
    fn times(&mut self, operation: Operation) -> &mut Times {
        match operation {
            Operation::Stream => &mut self.streams,
            Operation::Whole => &mut self.wholes,
        }
    }
}

impl History {
    pub(super) fn new(budget: Bucket, now: Duration) -> Self {
        let state = State { budget, failures: 0, streams: Times::new(now), wholes: Times::new(now) };
        Self { state: Mutex::new(state), always_reasons: OnceLock::new() }
    }

    fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether its model always reasons; `look` finds out.
    pub(crate) fn always_reasons(&self, look: impl FnOnce() -> bool) -> bool {
        *self.always_reasons.get_or_init(look)
    }

    /// A request makes its first attempt here.
    pub(crate) fn first_attempt(&self, now: Duration) {
        self.with(|state| state.budget.deposit(now));
    }

    /// Pays for a retry here.
    pub(super) fn pay_retry(&self, now: Duration) -> bool {
        self.with(|state| state.budget.withdraw(now))
    }

    /// It answered after `took`.
    pub(crate) fn answered(&self, operation: Operation, took: Duration, now: Duration) {
        self.with(|state| {
            state.failures = 0;
            state.times(operation).add(took, now);
        });
    }

    /// It failed.
    pub(crate) fn failed(&self) {
        self.with(|state| state.failures = state.failures.saturating_add(1));
    }

    /// Whether it is taken for a target that answers: it did of late, or it was hardly tried.
    pub(crate) fn answers(&self) -> bool {
        self.with(|state| state.failures < LOST)
    }

    /// The time within which so many percent had their verdict, where that is known.
    pub(crate) fn percentile(&self, operation: Operation, percent: u8, now: Duration) -> Option<Duration> {
        self.with(|state| state.times(operation).percentile(percent, now))
    }
}

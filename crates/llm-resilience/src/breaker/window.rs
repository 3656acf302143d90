//! Calls of the last while, in ten steps that are dropped as they grow old.

use std::time::Duration;

use tokio::time::Instant;

use super::rules::{self, Counts};

/// Steps of a window.
const STEPS: usize = 10;

/// The calls of the current step and the nine before it. Steps are counted from when the window was cleared.
#[derive(Debug)]
pub(super) struct Window {
    steps: [Counts; STEPS],
    /// Where the current step is.
    current: usize,
    began: Instant,
    step: Duration,
    /// Of all steps.
    total: Counts,
}

impl Window {
    pub(super) fn new(length: Duration, now: Instant) -> Self {
        Self {
            steps: [Counts::default(); STEPS],
            current: 0,
            began: now,
            // Ten steps in a window, ten being what `STEPS` is; no step is empty.
            step: (length / 10).max(Duration::from_millis(1)),
            total: Counts::default(),
        }
    }

    /// Adds a call and returns all calls that are not too old.
    pub(super) fn add(&mut self, call: Counts, now: Instant) -> Counts {
        self.slide(now);
        for counts in [&mut self.steps[self.current], &mut self.total] {
            counts.calls = counts.calls.saturating_add(call.calls);
            counts.failed = counts.failed.saturating_add(call.failed);
            counts.slow = counts.slow.saturating_add(call.slow);
        }
        self.total
    }

    fn slide(&mut self, now: Instant) {
        let passed = rules::steps_passed(self.began, now, self.step);
        if passed == 0 {
            return;
        }
        let Ok(dropped) = usize::try_from(passed) else { return self.clear(now) };
        for _ in 0..dropped.min(STEPS) {
            self.current = (self.current + 1) % STEPS;
            let old = std::mem::take(&mut self.steps[self.current]);
            self.total.calls = self.total.calls.saturating_sub(old.calls);
            self.total.failed = self.total.failed.saturating_sub(old.failed);
            self.total.slow = self.total.slow.saturating_sub(old.slow);
        }
        let time = u32::try_from(passed).ok().and_then(|passed| self.step.checked_mul(passed));
        self.began = time.and_then(|time| self.began.checked_add(time)).unwrap_or(now);
    }

    /// Forgets all calls; the steps begin now.
    pub(super) fn clear(&mut self, now: Instant) {
        *self = Self { steps: [Counts::default(); STEPS], current: 0, began: now, total: Counts::default(), ..*self };
    }
}

//! When a store that does not answer is asked again: a breaker of its own, pure.

use std::time::{Duration, Instant};

/// Closed until some failures in a row; then one operation at a time may find out whether the store is back.
#[derive(Debug)]
pub(super) struct Gate {
    failures: u32,
    most: u32,
    every: Duration,
    /// When the next operation may try; `None` is closed.
    next: Option<Instant>,
}

impl Gate {
    pub(super) fn new(most: u32, every: Duration) -> Self {
        Self { failures: 0, most: most.max(1), every, next: None }
    }

    /// Whether an operation may go. One that may go while the gate is open is the probe.
    pub(super) fn admit(&mut self, now: Instant) -> bool {
        match self.next {
            None => true,
            Some(next) if now >= next => {
                self.next = Some(now + self.every);
                true
            }
            Some(_) => false,
        }
    }

    /// How an operation went.
    pub(super) fn record(&mut self, now: Instant, ok: bool) {
        if ok {
            self.failures = 0;
            self.next = None;
        } else {
            self.failures = self.failures.saturating_add(1);
            if self.failures >= self.most && self.next.is_none() {
                self.next = Some(now + self.every);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_some_failures_and_lets_one_probe_through_at_a_time() {
        let (start, every) = (tokio::time::Instant::now().into_std(), Duration::from_secs(4));
        let mut gate = Gate::new(2, every);
        gate.record(start, false);
        assert!(gate.admit(start));
        gate.record(start, false);
        assert!(!gate.admit(start));
        let later = start + every;
        assert!(gate.admit(later));
        assert!(!gate.admit(later), "one probe");
        gate.record(later, false);
        assert!(!gate.admit(later + every / 2));
        assert!(gate.admit(later + every));
        gate.record(later + every, true);
        assert!(gate.admit(later + every) && gate.admit(later + every));
        gate.record(later + every, false);
        assert!(gate.admit(later + every), "failures are counted from nothing again");
    }
}

//! Whether the server is worth asking: a small breaker, so that a slow Redis costs one request in two seconds and not all.

use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row after which nobody is sent any more.
const FAILURES: u32 = 5;
/// How long until somebody is sent to look.
const PAUSE: Duration = Duration::from_secs(2);
/// How long a look may take before another one is sent.
const LOOK: Duration = Duration::from_secs(1);

/// The state of the server, as far as the last operations tell.
#[derive(Debug, Default)]
pub(super) struct Health {
    failures: u32,
    /// Nobody is sent before this.
    shut_until: Option<Instant>,
}

impl Health {
    /// Whether an operation may be sent now. Of those that come when the pause is over one is.
    pub(super) fn admit(&mut self, now: Instant) -> bool {
        match self.shut_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                self.shut_until = Some(now + LOOK);
                true
            }
        }
    }

    /// An operation came back.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// An operation failed or took too long; true when nobody is sent from now on.
    pub(super) fn failed(&mut self, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        let shut = self.failures >= FAILURES;
        if shut {
            self.shut_until = Some(now + PAUSE);
        }
        shut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shuts_after_five_failures_and_lets_one_look_every_two_seconds() {
        #[expect(clippy::disallowed_methods, reason = "a moment to count from")]
        let start = Instant::from_std(std::time::Instant::now());
        let at = |millis: u64| start + Duration::from_millis(millis);
        let mut health = Health::default();
        for _ in 0..4 {
            assert!(health.admit(at(0)) && !health.failed(at(0)));
        }
        assert!(health.admit(at(0)) && health.failed(at(0)));
        assert!(!health.admit(at(1999)));
        assert!(health.admit(at(2000)), "one looks");
        assert!(!health.admit(at(2001)), "one only");
        assert!(health.failed(at(2050)));
        assert!(!health.admit(at(4049)));
        assert!(health.admit(at(4050)));
        assert!(health.admit(at(5050)), "who looked was never heard of again");
        health.succeeded();
        assert!(health.admit(at(5051)) && !health.failed(at(5051)));
    }
}

//! How long answers take, so that a replica knows how long to wait for another one's.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many answers are remembered.
const REMEMBERED: usize = 64;
/// How many it takes to say something.
const ENOUGH: usize = 8;
/// What is waited before that.
const UNKNOWN: Duration = Duration::from_secs(5);
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// The times of the last answers.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<Times>);

#[derive(Debug, Default)]
struct Times {
    last: Vec<Duration>,
    next: usize,
}

impl Pace {
    /// An answer took so long.
    pub(crate) fn record(&self, took: Duration) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = times.next % REMEMBERED;
        match times.last.get_mut(next) {
            Some(old) => *old = took,
            None => times.last.push(took),
        }
        times.next = next + 1;
    }

    /// How long a replica has for an answer before another one asks too: twice what 95 of 100 answers take.
    pub(crate) fn lease(&self) -> Duration {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner).last.clone();
        if last.len() < ENOUGH {
            return UNKNOWN;
        }
        last.sort_unstable();
        let slow = last.get(last.len() * 95 / 100).copied().unwrap_or(UNKNOWN);
        (slow * 2).clamp(SHORTEST, LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lease_is_twice_what_most_answers_take() {
        let pace = Pace::default();
        assert_eq!(pace.lease(), UNKNOWN);
        for _ in 0..100 {
            pace.record(Duration::from_secs(2));
        }
        assert_eq!(pace.lease(), Duration::from_secs(4));
        for _ in 0..64 {
            pace.record(Duration::from_millis(1));
        }
        assert_eq!(pace.lease(), SHORTEST, "old times are forgotten");
    }
}

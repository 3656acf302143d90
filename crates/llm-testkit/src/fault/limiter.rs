//! The vendor's side of limits: who is let in, who is told to wait, and who comes back before that.

use std::collections::HashMap;
use std::time::Duration;

use llm_core::{ErrorKind, RateLimits};
use tokio::time::Instant;

/// The limits of each credential.
#[derive(Default)]
pub(super) struct Limiter(HashMap<Option<u64>, Account>);

#[derive(Default)]
struct Account {
    closed_until: Option<Instant>,
    /// Of the latest answer that said when to come back: that time, and its class.
    hinted: Option<(Instant, ErrorKind)>,
    window: Option<(Instant, u32)>,
}

impl Limiter {
    /// The refusal whose wait is not over, for a call that comes now.
    pub(super) fn early(&self, credential: Option<u64>, now: Instant) -> Option<ErrorKind> {
        let (until, kind) = self.0.get(&credential)?.hinted?;
        (now < until).then_some(kind)
    }

    /// The caller has been told to come back in `wait`.
    pub(super) fn told(&mut self, credential: Option<u64>, now: Instant, wait: Duration, kind: ErrorKind) {
        let account = self.0.entry(credential).or_default();
        let until = now + wait;
        if account.hinted.is_none_or(|(earlier, _)| earlier < until) {
            account.hinted = Some((until, kind));
        }
    }

    /// Shuts the door for `wait`, unless it was shut and the time is over. How long it stays shut, or `None`: come in.
    pub(super) fn close(&mut self, credential: Option<u64>, now: Instant, wait: Duration) -> Option<Duration> {
        let account = self.0.entry(credential).or_default();
        match account.closed_until {
            Some(until) if now < until => Some(until - now),
            Some(_) => {
                account.closed_until = None;
                None
            }
            None => {
                account.closed_until = Some(now + wait);
                Some(wait)
            }
        }
    }

    /// Counts a request of a window. How long the window still lasts, when it is full; else what is left of it.
    pub(super) fn count(
        &mut self,
        credential: Option<u64>,
        now: Instant,
        requests: u32,
        per: Duration,
    ) -> Result<RateLimits, Duration> {
        let account = self.0.entry(credential).or_default();
        let (end, used) = match account.window {
            Some((end, used)) if now < end => (end, used),
            _ => (now + per, 0),
        };
        if used >= requests {
            account.window = Some((end, used));
            return Err(end - now);
        }
        account.window = Some((end, used + 1));
        let mut limits = RateLimits::default();
        limits.requests_limit = Some(u64::from(requests));
        limits.requests_remaining = Some(u64::from(requests - used - 1));
        limits.requests_reset = Some(end - now);
        Ok(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_window_is_full_until_it_ends() {
        let (mut limiter, now) = (Limiter::default(), Instant::now());
        assert_eq!(limiter.count(None, now, 2, SECOND).unwrap().requests_remaining, Some(1));
        assert_eq!(limiter.count(None, now + SECOND / 4, 2, SECOND).unwrap().requests_remaining, Some(0));
        assert_eq!(limiter.count(None, now + SECOND / 2, 2, SECOND), Err(SECOND / 2));
        assert!(limiter.count(Some(1), now + SECOND / 2, 2, SECOND).is_ok(), "another credential");
        assert!(limiter.count(None, now + SECOND, 2, SECOND).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_door_opens_for_one_who_waited() {
        let (mut limiter, now) = (Limiter::default(), Instant::now());
        assert_eq!(limiter.close(None, now, SECOND), Some(SECOND));
        assert_eq!(limiter.close(None, now + SECOND / 4, SECOND), Some(SECOND * 3 / 4));
        assert_eq!(limiter.close(None, now + SECOND, SECOND), None);
        assert_eq!(limiter.close(None, now + SECOND, SECOND), Some(SECOND), "and is shut behind them");
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_before_the_hint_is_noted() {
        let (mut limiter, now) = (Limiter::default(), Instant::now());
        limiter.told(None, now, SECOND, ErrorKind::RateLimited);
        limiter.told(None, now, SECOND / 2, ErrorKind::Overloaded);
        assert_eq!(limiter.early(None, now + SECOND * 9 / 10), Some(ErrorKind::RateLimited));
        assert_eq!(limiter.early(None, now + SECOND), None);
        assert_eq!(limiter.early(Some(1), now), None);
    }
}

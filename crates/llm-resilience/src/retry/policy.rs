//! What to do after a failed attempt: a pure decision over the error, the rules and the situation.

use std::time::Duration;

use llm_core::{Error, ErrorKind, Progress, Retry, TimeoutStage};

use crate::backoff;
use crate::timeout::SHORTEST_ATTEMPT;

/// The rules of retrying. What an error means is not here but in [`ErrorKind::policy`], one table for all of Loquat.
///
/// As configuration it is a preset (`"default"`, `"batch"`, `"classic"`, `"none"`) or a table that changes single values of one:
/// `{ preset = "classic", max_retries = 2 }`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Retries at one target. Default 3.
    pub max_retries: u32,
    /// Attempts of one request in all, over all targets. Default 4.
    ///
    /// A retry never takes the attempt that a further target of the plan needs.
    pub max_attempts: u32,
    /// First delay after a failure of the vendor or the network. Default 250 ms.
    pub base: Duration,
    /// First delay after a vendor said that it is too much (429, 503, 529), where it did not say how long. Default 1 s.
    pub throttled_base: Duration,
    /// Each delay is this many times the one before. Default 2.
    pub factor: u32,
    /// Longest delay of our own. Default 8 s.
    pub cap: Duration,
    /// Longest wait that a vendor may ask for; after a longer one the target is not asked again. Default 60 s.
    pub max_hint: Duration,
    /// A wait of a vendor that is waited out, once, although another target is free: for who would rather wait a little
    /// than have the second choice answer. Default 0: the next target is asked at once.
    pub patience: Duration,
    /// Bytes of a request that is not sent to the same target again. Default 8 MiB.
    pub max_replay: u64,
    /// Draw each delay evenly from zero to its value, so that callers do not come back together. Default true.
    pub jitter: bool,
}

impl Default for RetryPolicy {
    /// For an interactive service.
    fn default() -> Self {
        Self {
            max_retries: 3,
            max_attempts: 4,
            base: Duration::from_millis(250),
            throttled_base: Duration::from_secs(1),
            factor: 2,
            cap: Duration::from_secs(8),
            max_hint: Duration::from_secs(60),
            patience: Duration::ZERO,
            max_replay: 8 << 20,
            jitter: true,
        }
    }
}

/// What is known when an attempt has failed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Situation {
    /// Retries at one target that this call allows, instead of the policy's.
    pub max_retries: Option<u32>,
    /// Retries that were made at this target.
    pub retries: u32,
    /// Attempts that may still be made at this target.
    pub attempts_left: u32,
    /// The retry that does not count was made.
    pub free_retry_used: bool,
    /// Time until the request's deadline.
    pub remaining: Duration,
    /// The least time that another attempt needs. At least [`SHORTEST_ATTEMPT`].
    pub needs: Duration,
    /// The request may be sent to this target again: it is not too large for that.
    pub replayable: bool,
    /// Another target may take the request after this error.
    pub other_target: bool,
    /// 64 random bits.
    pub draw: u64,
}

impl Situation {
    /// After the first attempt, with nothing used up, all the time in the world and no other target.
    pub fn new(draw: u64) -> Self {
        Self {
            max_retries: None,
            retries: 0,
            attempts_left: u32::MAX,
            free_retry_used: false,
            remaining: Duration::MAX,
            needs: SHORTEST_ATTEMPT,
            replayable: true,
            other_target: false,
            draw,
        }
    }
}

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Ask the same target again at once; it does not count. Only after a failure before anything was sent.
    RetryAtOnce,
    /// Ask the same target again after this wait.
    RetryAfter(Duration),
    /// Ask the next target at once.
    NextTarget,
    /// The request has failed.
    GiveUp,
}

impl RetryPolicy {
    /// The figures of the classic scripts: 5 s doubling to 60 s, 5 retries, no jitter.
    ///
    /// Room for 8 attempts, so that two further targets are reached after six attempts at the first.
    pub fn classic() -> Self {
        Self {
            max_retries: 5,
            max_attempts: 8,
            base: Duration::from_secs(5),
            throttled_base: Duration::from_secs(5),
            cap: Duration::from_secs(60),
            jitter: false,
            ..Self::default()
        }
    }

    /// For work that nobody waits for: delays up to 20 s, and vendors' own waits up to 15 minutes.
    pub fn batch() -> Self {
        Self { cap: Duration::from_secs(20), max_hint: Duration::from_secs(15 * 60), ..Self::default() }
    }

    /// No retry. Other targets are still asked.
    pub fn none() -> Self {
        Self { max_retries: 0, ..Self::default() }
    }

    /// With another number of retries at one target, and room for them among the attempts of a request.
    pub fn with_max_retries(mut self, max_retries: u32) -> Self {
        self.max_retries = max_retries;
        self.max_attempts = self.max_attempts.max(max_retries.saturating_add(1));
        self
    }

    /// With another number of attempts of a request in all.
    pub fn with_max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = max_attempts;
        self
    }

    /// With other first delays, the second after a vendor said that it is too much.
    pub fn with_base(mut self, base: Duration, throttled_base: Duration) -> Self {
        self.base = base;
        self.throttled_base = throttled_base;
        self
    }

    /// With another longest delay.
    pub fn with_cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// With or without jitter.
    pub fn with_jitter(mut self, jitter: bool) -> Self {
        self.jitter = jitter;
        self
    }

    /// With another longest wait that a vendor may ask for.
    pub fn with_max_hint(mut self, max_hint: Duration) -> Self {
        self.max_hint = max_hint;
        self
    }

    /// With another wait of a vendor that is waited out although another target is free.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// With another size of a request that is not sent to the same target again, in bytes.
    pub fn with_max_replay(mut self, max_replay: u64) -> Self {
        self.max_replay = max_replay;
        self
    }

    /// Decides what follows a failed attempt.
    ///
    /// - After content reached the caller, or without time for another attempt: give up.
    /// - What the table calls never: the next target, or give up.
    /// - The first connection that failed before anything was sent is tried again at once and does not count.
    /// - With another target free, a target that is out of quota, asked us to wait, or was silent until a timer ran out
    ///   is not asked again within the request; unless its wait is one for which [`patience`](Self::patience) is enough.
    /// - Else the same target again: after the vendor's own wait and never earlier, or after a backoff;
    ///   unless the retries or attempts are used up, the wait is longer than `max_hint`, or it would end too close to
    ///   the deadline for another attempt.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use llm_core::{Error, ErrorKind};
    /// # use llm_resilience::{Decision, RetryPolicy, Situation};
    /// let policy = RetryPolicy::default();
    /// let limited = Error::new(ErrorKind::RateLimited, "too many").with_retry_after(Duration::from_secs(20));
    /// let mut situation = Situation::new(0);
    /// assert_eq!(policy.decide(&limited, &situation), Decision::RetryAfter(Duration::from_secs(20)));
    /// situation.other_target = true;
    /// assert_eq!(policy.decide(&limited, &situation), Decision::NextTarget);
    /// ```
    pub fn decide(&self, error: &Error, situation: &Situation) -> Decision {
        if error.progress() == Progress::Committed || situation.remaining < SHORTEST_ATTEMPT {
            return Decision::GiveUp;
        }
        let elsewhere = if situation.other_target { Decision::NextTarget } else { Decision::GiveUp };
        let max_retries = situation.max_retries.unwrap_or(self.max_retries);
        let (allowed, base) = match error.retry() {
            Retry::Never => return elsewhere,
            Retry::Once => (max_retries.min(1), self.base),
            Retry::Transient => (max_retries, self.base),
            Retry::Throttled => (max_retries, self.throttled_base),
        };
        if allowed == 0 || !situation.replayable {
            return elsewhere;
        }
        if is_unsent(error) && !situation.free_retry_used && situation.needs <= situation.remaining {
            return Decision::RetryAtOnce;
        }
        if situation.other_target && prefers_another(error) && !self.waits_out(error, situation.retries) {
            return Decision::NextTarget;
        }
        if situation.retries >= allowed || situation.attempts_left == 0 {
            return elsewhere;
        }
        let wait = match error.retry_after().filter(|hint| !hint.is_zero()) {
            Some(hint) if hint > self.max_hint => return elsewhere,
            Some(hint) if self.jitter => backoff::after_hint(hint, situation.draw),
            Some(hint) => hint,
            None => self.backoff(base, situation.retries.saturating_add(1), situation.draw),
        };
        if wait.saturating_add(situation.needs.max(SHORTEST_ATTEMPT)) > situation.remaining {
            return elsewhere;
        }
        Decision::RetryAfter(wait)
    }

    /// Whether a vendor's wait is short enough to be waited out. Only the first one: who says it again may go on so.
    fn waits_out(&self, error: &Error, retries: u32) -> bool {
        let told = error.retry_after().filter(|hint| !hint.is_zero());
        retries == 0 && told.is_some_and(|hint| hint <= self.patience)
    }

    fn backoff(&self, base: Duration, retry: u32, draw: u64) -> Duration {
        let limit = backoff::exponential(base, self.factor, self.cap, retry);
        if self.jitter { backoff::full_jitter(limit, draw) } else { limit }
    }
}

/// The connection failed before anything was sent: a name that did not resolve, a refused or reset connection.
fn is_unsent(error: &Error) -> bool {
    error.kind() == ErrorKind::Network && error.progress() == Progress::NotSent && error.retry_after().is_none()
}

/// Waiting for this target costs more than asking another one.
fn prefers_another(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::RateLimited | ErrorKind::QuotaExhausted => true,
        // It was silent for a whole timer, and would have another one to be silent in.
        ErrorKind::Timeout(stage) if stage != TimeoutStage::Connect => true,
        _ => error.retry_after().is_some_and(|hint| !hint.is_zero()),
    }
}

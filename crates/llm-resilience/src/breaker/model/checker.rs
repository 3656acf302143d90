//! Judges a breaker by what anybody can see: what it was asked, what it answered, and the state it shows.
//!
//! It shares no code with the breaker. It keeps the calls themselves and counts them anew each time, and it has its own
//! list of the errors that count.

use std::collections::VecDeque;
use std::time::Duration;

use llm_core::{ErrorKind, TimeoutStage};
use tokio::time::Instant;

use crate::breaker::{BreakerPolicy, BreakerState as S, Outcome, Refusal};

/// The errors that are evidence against a target, by the table of the documentation.
pub(super) const COUNTED: [ErrorKind; 8] = [
    ErrorKind::Overloaded,
    ErrorKind::Server,
    ErrorKind::Network,
    ErrorKind::Timeout(TimeoutStage::Connect),
    ErrorKind::Timeout(TimeoutStage::FirstContent),
    ErrorKind::Timeout(TimeoutStage::Attempt),
    ErrorKind::Malformed,
    ErrorKind::Truncated,
];
/// Some that are not.
pub(super) const NEUTRAL: [ErrorKind; 8] = [
    ErrorKind::RateLimited,
    ErrorKind::QuotaExhausted,
    ErrorKind::Auth,
    ErrorKind::InvalidRequest,
    ErrorKind::ContentFilter,
    ErrorKind::ModelOutput,
    ErrorKind::Timeout(TimeoutStage::Total),
    ErrorKind::Cancelled,
];

/// How a permit was got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Call,
    Probe,
    LastResort,
}

/// A permit, as the checker remembers it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    epoch: u64,
    way: Way,
}

/// The rules that the breaker was given, the shares in hundredths.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) policy: BreakerPolicy,
    pub(super) failed_percent: u64,
    pub(super) slow_percent: u64,
    pub(super) jitter_percent: u32,
}

struct Call {
    at: Instant,
    failed: bool,
    slow: bool,
}

pub(super) struct Checker {
    given: Given,
    state: S,
    /// Grows with each change that it has seen or caused.
    epoch: u64,
    /// Since when it is in this state.
    since: Instant,
    /// Until when it is open; `None` also when it opened in this step and has not shown it.
    until: Option<Instant>,
    /// What the vendor asked for when it opened.
    hint: Duration,
    /// What was counted since it closed.
    calls: VecDeque<Call>,
    streak: u32,
    /// Openings since it was closed.
    openings: u32,
    probes: u32,
    passed: u32,
    /// When the last probe went.
    probed: Instant,
}

impl Checker {
    pub(super) fn new(given: Given, now: Instant) -> Self {
        Self {
            given,
            state: S::Closed,
            epoch: 0,
            since: now,
            until: None,
            hint: Duration::ZERO,
            calls: VecDeque::new(),
            streak: 0,
            openings: 0,
            probes: 0,
            passed: 0,
            probed: now,
        }
    }

    pub(super) fn is_stale(&self, held: Held) -> bool {
        held.epoch != self.epoch
    }

    /// It was asked for a call.
    pub(super) fn admitted(
        &mut self,
        last_resort: bool,
        refusal: Option<Refusal>,
        now: Instant,
    ) -> Result<Option<Held>, String> {
        if self.until.is_some_and(|until| now >= until) {
            self.change(S::HalfOpen, now);
        }
        let regular = match self.state {
            S::Closed | S::ForcedClosed => Some(Way::Call),
            S::HalfOpen if self.probes < self.given.policy.half_open_probes => Some(Way::Probe),
            _ => None,
        };
        let shut_by_itself = match self.state {
            S::Open => true,
            S::HalfOpen => now >= self.probed + Duration::from_secs(1),
            _ => false,
        };
        let way = regular.or((last_resort && shut_by_itself).then_some(Way::LastResort));
        match (way, refusal) {
            (Some(way), None) => {
                if way == Way::Probe {
                    self.probes += 1;
                    self.probed = now;
                }
                Ok(Some(Held { epoch: self.epoch, way }))
            }
            (Some(_), Some(refusal)) => {
                Err(format!("refused in {:?}: {refusal:?}, probes {}", self.state, self.probes))
            }
            (None, None) => Err(format!("admitted in {:?}, {} probes at work", self.state, self.probes)),
            (None, Some(refusal)) => {
                let wait = self.until.map(|until| until - now);
                let fits = match self.state {
                    S::Open => refusal.retry_after == wait,
                    S::Isolated => refusal.retry_after.is_none(),
                    _ => refusal.retry_after.is_some_and(|wait| !wait.is_zero()),
                };
                if fits && refusal.state == self.state { Ok(None) } else { Err(format!("{refusal:?}, not {wait:?}")) }
            }
        }
    }

    /// A permit was given back.
    pub(super) fn ended(&mut self, held: Held, outcome: Option<Outcome>, now: Instant) {
        if self.is_stale(held) {
            return;
        }
        self.probes -= u32::from(held.way == Way::Probe);
        match outcome {
            Some(Outcome::Answered { first_content }) => match self.state {
                S::Closed => {
                    self.hint = Duration::ZERO;
                    self.count(false, first_content, now);
                }
                S::HalfOpen | S::Open => {
                    if self.state == S::Open {
                        self.change(S::HalfOpen, now);
                    }
                    self.passed += 1;
                    if self.passed >= self.given.policy.half_open_successes {
                        self.openings = 0;
                        self.change(S::Closed, now);
                    }
                }
                _ => {}
            },
            Some(Outcome::Failed { kind, retry_after }) if COUNTED.contains(&kind) => self.failed(retry_after, now),
            _ => {}
        }
    }

    pub(super) fn late_failure(&mut self, kind: ErrorKind, retry_after: Option<Duration>, now: Instant) {
        if COUNTED.contains(&kind) && self.state == S::Closed {
            self.failed(retry_after, now);
        }
    }

    pub(super) fn probe_passed(&mut self, now: Instant) {
        if self.state == S::Open {
            self.change(S::HalfOpen, now);
        }
    }

    /// Somebody's hand.
    pub(super) fn set(&mut self, state: S, now: Instant) {
        if state != S::Isolated {
            self.openings = 0;
        }
        self.change(state, now);
    }

    fn failed(&mut self, retry_after: Option<Duration>, now: Instant) {
        let hint = retry_after.unwrap_or_default().min(self.given.policy.max_open_for);
        self.hint = hint;
        match self.state {
            S::Closed => self.count(true, Duration::ZERO, now),
            S::HalfOpen => self.change(S::Open, now),
            S::Open => self.until = self.until.max(Some(now + hint)),
            _ => {}
        }
    }

    fn count(&mut self, failed: bool, first_content: Duration, now: Instant) {
        let slow = first_content > self.given.policy.slow_after;
        self.calls.push_back(Call { at: now, failed, slow });
        self.streak = if failed { self.streak + 1 } else { 0 };
        // Ten steps, the last of them the one that now is in, counted from when it closed.
        let step = self.given.policy.window.as_millis() / 10;
        let number = |at: Instant| (at - self.since).as_millis() / step;
        let oldest = number(now).saturating_sub(9);
        while self.calls.front().is_some_and(|call| number(call.at) < oldest) {
            self.calls.pop_front();
        }
        let (mut calls, mut bad, mut slow) = (0_u64, 0_u64, 0_u64);
        for call in &self.calls {
            calls += 1;
            bad += u64::from(call.failed);
            slow += u64::from(call.slow);
        }
        let Given { policy, failed_percent, slow_percent, .. } = &self.given;
        let reached = |part: u64, percent: u64| percent > 0 && part * 100 >= percent * calls;
        let in_a_row = policy.failures > 0 && self.streak >= policy.failures;
        let enough = calls >= u64::from(policy.min_calls);
        let rated = enough && (reached(bad, *failed_percent) || reached(slow, *slow_percent));
        if in_a_row || rated {
            self.change(S::Open, now);
        }
    }

    fn change(&mut self, state: S, now: Instant) {
        self.openings += u32::from(state == S::Open);
        (self.state, self.since, self.until) = (state, now, None);
        (self.streak, self.probes, self.passed) = (0, 0, 0);
        self.epoch += 1;
        self.calls.clear();
    }

    /// What the breaker shows after a step.
    pub(super) fn sees(&mut self, state: S, until: Option<Instant>) -> Result<(), String> {
        if state != self.state {
            return Err(format!("it is {state:?} where it must be {:?}", self.state));
        }
        if state == S::Open && self.until.is_none() {
            let time = until.ok_or("open without an end")?.saturating_duration_since(self.since);
            let (least, most) = self.open_time();
            if time < least || time > most {
                return Err(format!("open for {time:?}, not for {least:?} to {most:?}"));
            }
            self.until = until;
        }
        if self.until != until {
            return Err(format!("{state:?} until {until:?}, not until {:?}", self.until));
        }
        Ok(())
    }

    /// The least and the most time that it may stay open after the last opening.
    fn open_time(&self) -> (Duration, Duration) {
        let Given { policy, jitter_percent, .. } = &self.given;
        let mut time = policy.open_for;
        for _ in 1..self.openings {
            time = (time * policy.growth).min(policy.max_open_for);
        }
        let spread = time * *jitter_percent / 100;
        (time.saturating_sub(spread).max(self.hint), (time + spread).max(self.hint))
    }
}

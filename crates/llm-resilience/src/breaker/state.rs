//! The state machine of a breaker: no clock, no lock, no randomness of its own.
//!
//! Closed, it lets every call through and counts. Open, it lets none through until its time is over. Half-open, it lets
//! a few probes through, whose success closes it and whose failure opens it again. Every change begins a new generation,
//! and what a call of an earlier generation came to moves nothing: it was asked before we knew better.

use std::time::Duration;

use llm_core::ErrorKind;
use tokio::time::Instant;

use super::permit::{Kind, Permit};
use super::policy::BreakerPolicy;
use super::rules;
use super::window::Window;
use super::{BreakerReason, BreakerState, Outcome, Refusal};
use crate::timeout::after;

/// What a probe that cannot go waits for the one before it, since nobody knows how long that takes.
const PROBE_WAIT: Duration = Duration::from_secs(1);

/// The breaker of one target. Time and randomness are arguments, so it can be tested to the last transition.
///
/// ```
/// use llm_core::ErrorKind;
/// use llm_resilience::{Breaker, BreakerPolicy, BreakerState, Outcome};
/// # use std::time::Duration;
/// # let now = tokio::time::Instant::now();
/// let mut breaker = Breaker::new(BreakerPolicy::classic().with_failures(1), now);
/// let permit = breaker.admit(now).expect("it is closed");
/// breaker.record(permit, Outcome::Failed { kind: ErrorKind::Server, retry_after: None }, now, 0);
/// assert_eq!(breaker.state(), BreakerState::Open);
/// assert_eq!(breaker.admit(now).unwrap_err().retry_after, Some(Duration::from_secs(60)));
/// ```
#[derive(Debug)]
pub struct Breaker {
    policy: BreakerPolicy,
    phase: Phase,
    /// Grows with every change of the phase.
    generation: u64,
    since: Instant,
    reason: BreakerReason,
    last_error: Option<ErrorKind>,
    in_a_row: u32,
    window: Window,
    /// How often it opened again since it was closed.
    reopened: u32,
    /// When it last let a probe through.
    probed: Instant,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed,
    Open { until: Instant },
    HalfOpen { probes: u32, passed: u32 },
    Isolated,
    ForcedClosed,
}

const HALF_OPEN: Phase = Phase::HalfOpen { probes: 0, passed: 0 };

impl Breaker {
    /// A closed breaker.
    pub fn new(policy: BreakerPolicy, now: Instant) -> Self {
        Self {
            phase: Phase::Closed,
            generation: 0,
            since: now,
            reason: BreakerReason::New,
            last_error: None,
            in_a_row: 0,
            window: Window::new(policy.window, now),
            reopened: 0,
            probed: now,
            policy,
        }
    }

    /// Asks for one call.
    pub fn admit(&mut self, now: Instant) -> Result<Permit, Refusal> {
        self.ripen(now);
        let kind = match &mut self.phase {
            Phase::Closed | Phase::ForcedClosed => Kind::Call,
            Phase::HalfOpen { probes, .. } if rules::has_slot(&self.policy, *probes) => {
                *probes += 1;
                self.probed = now;
                Kind::Probe
            }
            _ => return Err(self.refusal(now)),
        };
        Ok(Permit { generation: self.generation, kind })
    }

    /// Asks for one call although the breaker may be open, since its route has no other target. The caller says when:
    /// it lets one through each second. Isolation by hand is kept even then, and a half-open breaker has its probes:
    /// beside them one goes only when the last of them has been at work for a second, because one that hangs must not
    /// keep everybody out until its timer ends it.
    ///
    /// Its success counts as that of a probe. Its failure changes nothing but puts a vendor's own wait through.
    pub fn admit_last_resort(&mut self, now: Instant) -> Result<Permit, Refusal> {
        self.admit(now).or_else(|refusal| {
            let spared = self.spares_last_resort(now);
            spared.then_some(Permit { generation: self.generation, kind: Kind::LastResort }).ok_or(refusal)
        })
    }

    /// Whether a call that it would refuse may go as the last resort of its route.
    pub(crate) fn spares_last_resort(&self, now: Instant) -> bool {
        match self.phase {
            Phase::Open { .. } => true,
            Phase::HalfOpen { .. } => rules::is_over(after(self.probed, PROBE_WAIT), now),
            _ => false,
        }
    }

    /// Says what a call came to. `draw` is 64 random bits, for the time it stays open.
    pub fn record(&mut self, permit: Permit, outcome: Outcome, now: Instant, draw: u64) {
        if !rules::is_current(permit.generation, self.generation) {
            return;
        }
        match outcome {
            Outcome::Failed { kind, retry_after } if rules::counts(kind) => self.failed(kind, retry_after, now, draw),
            Outcome::Answered { first_content } => self.answered(permit, first_content, now, draw),
            Outcome::Failed { .. } => self.release(permit),
        }
    }

    /// Gives a permit back without a verdict: the caller gave up, or the failure says nothing about the target.
    #[expect(clippy::needless_pass_by_value, reason = "by value, so that it is given back once")]
    pub fn release(&mut self, permit: Permit) {
        let Permit { generation, kind } = permit;
        if let Phase::HalfOpen { probes, .. } = &mut self.phase
            && kind == Kind::Probe
            && rules::is_current(generation, self.generation)
        {
            *probes = rules::given_back(*probes);
        }
    }

    /// A call failed after it had counted as answered: a stream that broke off after its first content.
    /// It counts where the breaker is closed, whatever it was when the call began.
    pub fn late_failure(&mut self, kind: ErrorKind, retry_after: Option<Duration>, now: Instant, draw: u64) {
        if rules::counts(kind) && matches!(self.phase, Phase::Closed) {
            self.failed(kind, retry_after, now, draw);
        }
    }

    /// A health check succeeded: an open breaker may try a call at once. It does not close for that.
    pub fn probe_passed(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Open { .. }) {
            self.enter(HALF_OPEN, BreakerReason::HealthCheckPassed, now);
        }
    }

    /// Lets nothing through until [`reset`](Self::reset) or [`force_close`](Self::force_close).
    pub fn isolate(&mut self, now: Instant) {
        self.enter(Phase::Isolated, BreakerReason::Isolated, now);
    }

    /// Lets everything through and counts nothing until [`reset`](Self::reset) or [`isolate`](Self::isolate).
    pub fn force_close(&mut self, now: Instant) {
        self.enter(Phase::ForcedClosed, BreakerReason::ForcedClosed, now);
    }

    /// As new: closed, and what was counted is forgotten.
    pub fn reset(&mut self, now: Instant) {
        self.reopened = 0;
        self.last_error = None;
        self.enter(Phase::Closed, BreakerReason::Reset, now);
    }

    /// Keeps its state under other rules. What the window has counted is kept unless the window is another one.
    pub fn set_policy(&mut self, policy: BreakerPolicy, now: Instant) {
        if policy.window != self.policy.window {
            self.window = Window::new(policy.window, now);
        }
        self.policy = policy;
    }

    /// Its state as it was last left: an open one whose time is over becomes half-open with the next call.
    pub fn state(&self) -> BreakerState {
        match self.phase {
            Phase::Closed => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
            Phase::Isolated => BreakerState::Isolated,
            Phase::ForcedClosed => BreakerState::ForcedClosed,
        }
    }

    /// Why it would refuse a call now; `None` when it would let it through.
    pub fn refuses(&self, now: Instant) -> Option<Refusal> {
        let refuses = match self.phase {
            Phase::Closed | Phase::ForcedClosed => false,
            Phase::Open { until } => !rules::is_over(until, now),
            Phase::HalfOpen { probes, .. } => !rules::has_slot(&self.policy, probes),
            Phase::Isolated => true,
        };
        refuses.then(|| self.refusal(now))
    }

    /// Until when it stays open, where it is.
    pub fn until(&self) -> Option<Instant> {
        if let Phase::Open { until } = self.phase { Some(until) } else { None }
    }

    /// When it came into its state.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// Why it came into its state.
    pub fn reason(&self) -> BreakerReason {
        self.reason
    }

    /// The class of the last failure that counted.
    pub fn last_error(&self) -> Option<ErrorKind> {
        self.last_error
    }

    /// Grows with every change of state.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    fn refusal(&self, now: Instant) -> Refusal {
        let retry_after = match self.phase {
            Phase::Open { until } => Some(until.saturating_duration_since(now)),
            Phase::Isolated => None,
            _ => Some(PROBE_WAIT),
        };
        Refusal { state: self.state(), retry_after }
    }

    /// An open breaker whose time is over is half-open.
    fn ripen(&mut self, now: Instant) {
        if let Phase::Open { until } = self.phase
            && rules::is_over(until, now)
        {
            self.enter(HALF_OPEN, BreakerReason::TimeOver, now);
        }
    }

    fn answered(&mut self, permit: Permit, first_content: Duration, now: Instant, draw: u64) {
        match &mut self.phase {
            Phase::Closed => {
                let slow = !self.policy.slow_after.is_zero() && first_content > self.policy.slow_after;
                self.count(false, slow, now, None, draw);
            }
            Phase::HalfOpen { passed, .. } => {
                *passed = passed.saturating_add(1);
                let passed = *passed;
                self.release(permit);
                self.close_after(passed, now);
            }
            // The last resort answered although the breaker is open.
            Phase::Open { .. } => {
                self.enter(Phase::HalfOpen { probes: 0, passed: 1 }, BreakerReason::LastResortPassed, now);
                self.close_after(1, now);
            }
            Phase::Isolated | Phase::ForcedClosed => {}
        }
    }

    fn failed(&mut self, kind: ErrorKind, retry_after: Option<Duration>, now: Instant, draw: u64) {
        self.last_error = Some(kind);
        match self.phase {
            Phase::Closed => self.count(true, false, now, retry_after, draw),
            Phase::HalfOpen { .. } => {
                self.reopened = self.reopened.saturating_add(1);
                self.open(BreakerReason::ProbeFailed, now, retry_after, draw);
            }
            // The last resort failed: it stays open as long as it was to, or as the vendor says.
            Phase::Open { until } => {
                let hint = retry_after.unwrap_or_default().min(self.policy.max_open_for);
                self.phase = Phase::Open { until: until.max(after(now, hint)) };
            }
            Phase::Isolated | Phase::ForcedClosed => {}
        }
    }

    /// Counts a call of a closed breaker, and opens it where that was one too many.
    fn count(&mut self, failed: bool, slow: bool, now: Instant, retry_after: Option<Duration>, draw: u64) {
        self.in_a_row = rules::in_a_row(self.in_a_row, failed);
        let window = self.window.add(rules::tally(failed, slow), now);
        if let Some(reason) = rules::trips(&self.policy, self.in_a_row, window) {
            self.open(reason, now, retry_after, draw);
        }
    }

    fn open(&mut self, reason: BreakerReason, now: Instant, retry_after: Option<Duration>, draw: u64) {
        let time = rules::open_time(&self.policy, self.reopened, retry_after, draw);
        self.enter(Phase::Open { until: after(now, time) }, reason, now);
    }

    fn close_after(&mut self, passed: u32, now: Instant) {
        if rules::closes(&self.policy, passed) {
            self.reopened = 0;
            self.enter(Phase::Closed, BreakerReason::ProbePassed, now);
        }
    }

    fn enter(&mut self, phase: Phase, reason: BreakerReason, now: Instant) {
        self.phase = phase;
        self.reason = reason;
        self.since = now;
        self.generation += 1;
        self.in_a_row = 0;
        self.window.clear(now);
    }
}

//! The health of one target: a pure state machine over verdicts and probes.
//!
//! It is told what calls came to and asked how the target is. It refuses nothing: breakers do that. A plan may put
//! unavailable targets last.

use std::time::{Duration, Instant};

use llm_core::ErrorKind;
use serde::{Deserialize, Serialize};

/// When a target counts as unavailable or degraded.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct HealthPolicy {
    /// Failures in a row that make a target unavailable. Default 3.
    pub failures: u32,
    /// How long it stays so, unless a probe or a call succeeds. Default 120 s.
    pub cooldown: Duration,
    /// Share of recent failures above which it is degraded. Default 0.1.
    pub degraded_above: f64,
    /// Recent calls below which that share says nothing. Default 10.
    pub min_samples: f64,
}

impl Default for HealthPolicy {
    fn default() -> Self {
        Self { failures: 3, cooldown: Duration::from_secs(120), degraded_above: 0.1, min_samples: 10.0 }
    }
}

/// How a target is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Well, as far as it is known.
    #[default]
    Healthy,
    /// It answers, but not always; or it was unavailable and has not answered since.
    Degraded,
    /// It failed several times in a row a short while ago, or takes no calls.
    Unavailable,
}

impl Health {
    /// In one stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unavailable => "unavailable",
        }
    }
}

/// The health of one target, as verdicts made it.
#[derive(Clone, Copy, Debug, Default)]
pub struct HealthState {
    streak: u32,
    /// When it became unavailable; kept until it answers.
    fell: Option<Instant>,
    last_error: Option<ErrorKind>,
}

impl HealthState {
    /// The target answered a call or a probe.
    pub fn answered(&mut self) {
        self.streak = 0;
        self.fell = None;
    }

    /// The target failed a call or a probe.
    pub fn failed(&mut self, kind: ErrorKind, policy: &HealthPolicy, now: Instant) {
        self.streak = self.streak.saturating_add(1);
        self.last_error = Some(kind);
        // Before the cool-down is over further failures are calls that were at work when it fell: they prolong nothing.
        if self.streak >= policy.failures.max(1) && self.until(policy).is_none_or(|until| until <= now) {
            self.fell = Some(now);
        }
    }

    /// How it is now, where `recent` is the share of recent failures and how many calls it is made of.
    pub fn health(&self, policy: &HealthPolicy, recent: Option<(f64, f64)>, now: Instant) -> Health {
        let failing =
            || recent.is_some_and(|(share, samples)| samples >= policy.min_samples && share > policy.degraded_above);
        match self.until(policy) {
            Some(until) if until > now => Health::Unavailable,
            Some(_) => Health::Degraded,
            None if failing() => Health::Degraded,
            None => Health::Healthy,
        }
    }

    /// When it is tried again, while it is unavailable.
    pub fn until(&self, policy: &HealthPolicy) -> Option<Instant> {
        self.fell.and_then(|fell| fell.checked_add(policy.cooldown))
    }

    /// Failures since it last answered.
    pub fn failures_in_a_row(&self) -> u32 {
        self.streak
    }

    /// The class of the last failure, even when it answered since.
    pub fn last_error(&self) -> Option<ErrorKind> {
        self.last_error
    }
}

//! When a breaker opens, for how long, and how it closes again.

use std::time::Duration;

use crate::share::Share;

/// The rules of a breaker. What counts as a failure is not here but in
/// [`ErrorKind::policy`](llm_core::ErrorKind::policy), one table for all of Loquat.
///
/// As configuration it is a preset (`"default"`, `"classic"`, `"off"`) or a table that changes single values of one:
/// `{ failures = 3, open_for = "30s" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakerPolicy {
    /// Failures in a row that open it; 0 means that no row of failures does. Default 5.
    pub failures: u32,
    /// How far back the rates look, in ten steps. Default 30 s.
    pub window: Duration,
    /// Calls in the window before its rates mean anything. Default 20.
    pub min_calls: u32,
    /// Share of failed calls in the window that opens it; 0 means that no rate of failures does. Default 0.5.
    pub failure_rate: Share,
    /// An answer is slow when its first content took longer; 0 means that no answer is. Default 30 s.
    pub slow_after: Duration,
    /// Share of slow calls in the window that opens it; 0 means that no rate of slow calls does. Default 0.8.
    pub slow_rate: Share,
    /// How long it stays open the first time. Default 60 s.
    pub open_for: Duration,
    /// Each time it opens again without having closed, it stays open this many times longer. Default 2.
    pub growth: u32,
    /// Longest time open, and longest wait of a vendor that is believed. Default 300 s.
    pub max_open_for: Duration,
    /// The time open is drawn from this share below to this share above. Default 0.2.
    pub jitter: Share,
    /// Calls that are let through at a time to see whether the target is back. Default 1.
    pub half_open_probes: u32,
    /// Calls of these that must succeed before it closes. Default 1.
    pub half_open_successes: u32,
}

impl Default for BreakerPolicy {
    /// For an interactive service.
    fn default() -> Self {
        Self {
            failures: 5,
            window: Duration::from_secs(30),
            min_calls: 20,
            failure_rate: Share::percent(50),
            slow_after: Duration::from_secs(30),
            slow_rate: Share::percent(80),
            open_for: Duration::from_secs(60),
            growth: 2,
            max_open_for: Duration::from_secs(300),
            jitter: Share::percent(20),
            half_open_probes: 1,
            half_open_successes: 1,
        }
    }
}

impl BreakerPolicy {
    /// The figures of the classic scripts: open after 5 failures in a row, always for 60 s.
    pub fn classic() -> Self {
        Self { failure_rate: Share::NONE, slow_rate: Share::NONE, growth: 1, jitter: Share::NONE, ..Self::default() }
    }

    /// Never opens by itself. It can still be isolated by hand.
    pub fn off() -> Self {
        Self { failures: 0, failure_rate: Share::NONE, slow_rate: Share::NONE, ..Self::default() }
    }

    /// With another number of failures in a row.
    pub fn with_failures(mut self, failures: u32) -> Self {
        self.failures = failures;
        self
    }

    /// With other rates in a window: how far back, from how many calls on, and which share of failures.
    pub fn with_failure_rate(mut self, window: Duration, min_calls: u32, rate: Share) -> Self {
        self.window = window;
        self.min_calls = min_calls;
        self.failure_rate = rate;
        self
    }

    /// With another meaning of slow, and another share of slow calls in the window.
    pub fn with_slow_rate(mut self, after: Duration, rate: Share) -> Self {
        self.slow_after = after;
        self.slow_rate = rate;
        self
    }

    /// With another time open. The longest is raised to it where it was shorter.
    pub fn with_open_for(mut self, open_for: Duration) -> Self {
        self.open_for = open_for;
        self.max_open_for = self.max_open_for.max(open_for);
        self
    }

    /// With another growth of the time open, up to another longest.
    pub fn with_growth(mut self, growth: u32, max_open_for: Duration) -> Self {
        self.growth = growth;
        self.max_open_for = max_open_for;
        self
    }

    /// With another jitter of the time open.
    pub fn with_jitter(mut self, jitter: Share) -> Self {
        self.jitter = jitter;
        self
    }

    /// With other numbers of probes: at a time, and that must succeed.
    pub fn with_probes(mut self, at_a_time: u32, successes: u32) -> Self {
        self.half_open_probes = at_a_time;
        self.half_open_successes = successes;
        self
    }
}

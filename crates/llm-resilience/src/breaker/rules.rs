//! The single rules of a breaker, each a pure function, so that a test can break one at a time.

use std::time::Duration;

use llm_core::ErrorKind;
use tokio::time::Instant;

use super::BreakerReason;
use super::policy::BreakerPolicy;

/// Calls of a window, or of one step of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) calls: u32,
    pub(super) failed: u32,
    pub(super) slow: u32,
}

/// A permit of another generation says nothing about this one.
pub(super) fn is_current(permit: u64, generation: u64) -> bool {
    permit == generation
}

/// Whether an error is evidence against the target. A limit or a wrong key is not: other keys may be fine.
pub(super) fn counts(kind: ErrorKind) -> bool {
    kind.policy().breaker
}

/// What one call adds to the window.
pub(super) fn tally(failed: bool, slow: bool) -> Counts {
    Counts { calls: 1, failed: u32::from(failed), slow: u32::from(slow) }
}

/// Failures in a row after one more call.
pub(super) fn in_a_row(before: u32, failed: bool) -> u32 {
    if failed { before.saturating_add(1) } else { 0 }
}

/// Whether, and why, a closed breaker opens.
pub(super) fn trips(policy: &BreakerPolicy, in_a_row: u32, window: Counts) -> Option<BreakerReason> {
    if policy.failures > 0 && in_a_row >= policy.failures {
        return Some(BreakerReason::ConsecutiveFailures);
    }
    if window.calls < policy.min_calls.max(1) {
        return None;
    }
    if !policy.failure_rate.is_none() && policy.failure_rate.is_reached(window.failed, window.calls) {
        return Some(BreakerReason::FailureRate);
    }
    if !policy.slow_rate.is_none() && policy.slow_rate.is_reached(window.slow, window.calls) {
        return Some(BreakerReason::SlowCalls);
    }
    None
}

/// Steps of the window that have passed since the current one began.
pub(super) fn steps_passed(began: Instant, now: Instant, step: Duration) -> u128 {
    let passed = now.saturating_duration_since(began);
    if passed < step { 0 } else { passed.as_nanos() / step.as_nanos().max(1) }
}

/// How long it stays open when it opens for the `reopened`-th time after the first without having closed.
pub(super) fn open_time(policy: &BreakerPolicy, reopened: u32, hint: Option<Duration>, draw: u64) -> Duration {
    let factor = policy.growth.max(1).saturating_pow(reopened);
    let time = policy.open_for.saturating_mul(factor).min(policy.max_open_for);
    let spread = policy.jitter.of(time.as_nanos());
    // From `time - spread` to `time + spread`, evenly.
    let drawn = (spread.saturating_mul(2).saturating_mul(u128::from(draw))) >> 64;
    let nanos = time.as_nanos().saturating_sub(spread).saturating_add(drawn);
    let time = u64::try_from(nanos).map_or(Duration::MAX, Duration::from_nanos);
    time.max(hint.unwrap_or_default().min(policy.max_open_for))
}

/// Whether the time of an open breaker is over.
pub(super) fn is_over(until: Instant, now: Instant) -> bool {
    now >= until
}

/// Whether one more probe may go.
pub(super) fn has_slot(policy: &BreakerPolicy, probes: u32) -> bool {
    probes < policy.half_open_probes.max(1)
}

/// Probes at work after one has ended.
pub(super) fn given_back(probes: u32) -> u32 {
    probes.saturating_sub(1)
}

/// Whether so many successful probes close it.
pub(super) fn closes(policy: &BreakerPolicy, passed: u32) -> bool {
    passed >= policy.half_open_successes
}

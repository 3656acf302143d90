//! Breakers with one rule broken each, the bugs that breakers are published with among them.
//!
//! Each is the state machine of the crate, compiled once more against rules of which one is another.
#![allow(clippy::duplicate_mod, reason = "that is how they are made: the same files against other rules")]

use super::caught;

/// Breakers whose rules are those of the crate but for the one given with each.
macro_rules! mutants {
    ($($name:ident: $rule:item)+) => {
        $(
            #[path = "."]
            mod $name {
                use std::time::Duration;

                use llm_core::ErrorKind;
                use tokio::time::Instant;

                use crate::breaker::{BreakerPolicy, BreakerReason, BreakerState, Outcome, Refusal, permit, policy};

                mod rules {
                    #[allow(unused_imports, reason = "for rules that need them")]
                    use super::{BreakerPolicy, BreakerReason, Duration, ErrorKind, Instant};
                    use crate::breaker::rules as right;
                    #[allow(unused_imports, reason = "but for the one below, which comes first")]
                    pub(in crate::breaker) use crate::breaker::rules::*;

                    $rule
                }
                #[allow(dead_code, unreachable_pub, reason = "walks use a part of it")]
                #[path = "../state.rs"]
                mod state;
                #[path = "../window.rs"]
                mod window;

                crate::breaker::model::subject::subject!(state::Breaker, permit::Permit);

                pub(super) fn caught() -> Option<String> {
                    super::caught::<state::Breaker>()
                }
            }
        )+

        /// All of them, and whether the checker caught them.
        pub(super) fn all() -> Vec<(&'static str, fn() -> Option<String>)> {
            vec![$((stringify!($name), $name::caught)),+]
        }
    };
}

mutants! {
    permits_of_any_generation_count: pub(super) fn is_current(permit: u64, generation: u64) -> bool {
        right::is_current(permit, generation) || permit < generation
    }
    a_dropped_probe_keeps_its_slot: pub(super) fn given_back(probes: u32) -> u32 {
        right::given_back(probes).max(probes)
    }
    half_open_lets_everybody_through: pub(super) fn has_slot(policy: &BreakerPolicy, _probes: u32) -> bool {
        right::has_slot(policy, 0)
    }
    half_open_lets_one_too_many_through: pub(super) fn has_slot(policy: &BreakerPolicy, probes: u32) -> bool {
        right::has_slot(policy, probes.saturating_sub(1))
    }
    the_window_never_slides: pub(super) fn steps_passed(began: Instant, _now: Instant, step: Duration) -> u128 {
        right::steps_passed(began, began, step)
    }
    the_window_slides_too_slowly: pub(super) fn steps_passed(began: Instant, now: Instant, step: Duration) -> u128 {
        right::steps_passed(began, now, step).min(1)
    }
    it_trips_one_failure_late: pub(super) fn trips(
        policy: &BreakerPolicy,
        in_a_row: u32,
        window: Counts,
    ) -> Option<BreakerReason> {
        right::trips(policy, in_a_row.saturating_sub(1), window)
    }
    it_trips_one_failure_early: pub(super) fn trips(
        policy: &BreakerPolicy,
        in_a_row: u32,
        window: Counts,
    ) -> Option<BreakerReason> {
        right::trips(policy, in_a_row + 1, window)
    }
    its_rates_mean_something_at_once: pub(super) fn trips(
        policy: &BreakerPolicy,
        in_a_row: u32,
        window: Counts,
    ) -> Option<BreakerReason> {
        right::trips(&BreakerPolicy { min_calls: 1, ..policy.clone() }, in_a_row, window)
    }
    it_half_opens_early: pub(super) fn is_over(until: Instant, now: Instant) -> bool {
        right::is_over(until, now + Duration::from_secs(1))
    }
    rate_limits_count: pub(super) fn counts(kind: ErrorKind) -> bool {
        right::counts(kind) || kind == ErrorKind::RateLimited
    }
    a_call_is_counted_twice: pub(super) fn tally(failed: bool, slow: bool) -> Counts {
        let Counts { calls, failed, slow } = right::tally(failed, slow);
        Counts { calls: calls * 2, failed: failed * 2, slow: slow * 2 }
    }
    slow_answers_are_fine: pub(super) fn tally(failed: bool, _slow: bool) -> Counts {
        right::tally(failed, false)
    }
    an_answer_does_not_end_a_row: pub(super) fn in_a_row(before: u32, failed: bool) -> u32 {
        right::in_a_row(before, failed).max(before)
    }
    one_probe_is_always_enough: pub(super) fn closes(policy: &BreakerPolicy, passed: u32) -> bool {
        right::closes(policy, passed) || passed > 0
    }
    its_time_open_never_grows: pub(super) fn open_time(
        policy: &BreakerPolicy,
        _reopened: u32,
        hint: Option<Duration>,
        draw: u64,
    ) -> Duration {
        right::open_time(policy, 0, hint, draw)
    }
    it_opens_before_the_vendor_said: pub(super) fn open_time(
        policy: &BreakerPolicy,
        reopened: u32,
        _hint: Option<Duration>,
        draw: u64,
    ) -> Duration {
        right::open_time(policy, reopened, None, draw)
    }
}

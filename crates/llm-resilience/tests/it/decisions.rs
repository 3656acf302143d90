//! The retry policy as a table, and what holds for every error.

use std::time::Duration;

use llm_core::{Error, ErrorKind, Progress, TimeoutStage};
use llm_resilience::{Decision, RetryPolicy, SHORTEST_ATTEMPT, Situation};
use proptest::prelude::*;

use crate::support::{error, ms};

use Decision::{GiveUp, NextTarget, RetryAfter, RetryAtOnce};

pub(crate) const KINDS: [ErrorKind; 30] = [
    ErrorKind::Auth,
    ErrorKind::Permission,
    ErrorKind::NotFound,
    ErrorKind::InvalidRequest,
    ErrorKind::PayloadTooLarge,
    ErrorKind::ContextLength,
    ErrorKind::ContentFilter,
    ErrorKind::RateLimited,
    ErrorKind::QuotaExhausted,
    ErrorKind::Overloaded,
    ErrorKind::Server,
    ErrorKind::ModelOutput,
    ErrorKind::Network,
    ErrorKind::Timeout(TimeoutStage::Connect),
    ErrorKind::Timeout(TimeoutStage::FirstByte),
    ErrorKind::Timeout(TimeoutStage::FirstContent),
    ErrorKind::Timeout(TimeoutStage::Idle),
    ErrorKind::Timeout(TimeoutStage::Progress),
    ErrorKind::Timeout(TimeoutStage::Attempt),
    ErrorKind::Timeout(TimeoutStage::Total),
    ErrorKind::Malformed,
    ErrorKind::Truncated,
    ErrorKind::Unsupported,
    ErrorKind::Config,
    ErrorKind::CircuitOpen,
    ErrorKind::Limited,
    ErrorKind::BudgetExceeded,
    ErrorKind::NoTarget,
    ErrorKind::Cancelled,
    ErrorKind::Internal,
];

fn situation() -> Situation {
    Situation::new(u64::MAX)
}

/// The waits that a policy decides on for one error until it gives up.
fn waits(policy: &RetryPolicy, error: &Error) -> Vec<u64> {
    let mut situation = situation();
    std::iter::from_fn(|| match policy.decide(error, &situation) {
        RetryAfter(wait) => {
            situation.retries += 1;
            Some(u64::try_from(wait.as_millis()).unwrap())
        }
        _ => None,
    })
    .collect()
}

#[test]
fn every_class_alone_and_with_another_target() {
    use ErrorKind as K;
    let (transient, throttled) = (RetryAfter(ms(250)), RetryAfter(ms(1000)));
    for kind in KINDS {
        // (alone, with another target); what may never fall over is never offered another target by the driver.
        let (alone, with_other) = match kind {
            K::RateLimited => (throttled, NextTarget),
            K::Overloaded => (throttled, throttled),
            K::Timeout(TimeoutStage::Connect) | K::Server | K::Network | K::Truncated => (transient, transient),
            K::ModelOutput | K::Malformed => (transient, transient),
            K::Timeout(TimeoutStage::Total) => (GiveUp, NextTarget),
            K::Timeout(_) => (transient, NextTarget),
            _ => (GiveUp, NextTarget),
        };
        let decide = |other_target| {
            let mut situation = situation();
            situation.other_target = other_target;
            RetryPolicy::default().decide(&error(kind), &situation)
        };
        assert_eq!((decide(false), decide(true)), (alone, with_other), "{kind:?}");
    }
}

#[test]
fn after_content_nothing_is_tried_again() {
    for kind in KINDS {
        let error = error(kind).with_progress(Progress::Committed);
        assert_eq!(RetryPolicy::default().decide(&error, &situation()), GiveUp, "{kind:?}");
    }
}

#[test]
fn delays_are_exact_when_the_draw_is_fixed() {
    let (server, overloaded) = (error(ErrorKind::Server), error(ErrorKind::Overloaded));
    let policy = RetryPolicy::default().with_max_retries(7);
    assert_eq!(waits(&policy, &server), [250, 500, 1000, 2000, 4000, 8000, 8000]);
    assert_eq!(waits(&policy, &overloaded), [1000, 2000, 4000, 8000, 8000, 8000, 8000]);
    assert_eq!(waits(&RetryPolicy::default(), &server), [250, 500, 1000]);
    assert_eq!(waits(&RetryPolicy::classic(), &server), [5000, 10_000, 20_000, 40_000, 60_000]);
    assert_eq!(waits(&RetryPolicy::classic(), &overloaded), [5000, 10_000, 20_000, 40_000, 60_000]);
    assert!(waits(&RetryPolicy::none(), &server).is_empty());
    let halves = Situation::new(1 << 63);
    assert_eq!(RetryPolicy::default().decide(&server, &halves), RetryAfter(ms(125)));
    assert_eq!(RetryPolicy::classic().decide(&server, &halves), RetryAfter(ms(5000)), "no jitter");
}

#[test]
fn model_failures_are_tried_once_more() {
    for kind in [ErrorKind::Malformed, ErrorKind::ModelOutput] {
        assert_eq!(waits(&RetryPolicy::default(), &error(kind)), [250], "{kind}");
        assert!(waits(&RetryPolicy::none(), &error(kind)).is_empty());
    }
}

#[test]
fn the_first_unsent_failure_is_free() {
    let unsent = error(ErrorKind::Network).with_progress(Progress::NotSent);
    let mut situation = situation();
    situation.other_target = true;
    situation.attempts_left = 0;
    assert_eq!(RetryPolicy::default().decide(&unsent, &situation), RetryAtOnce);
    situation.free_retry_used = true;
    assert_eq!(RetryPolicy::default().decide(&unsent, &situation), NextTarget);
    situation.attempts_left = 1;
    assert_eq!(RetryPolicy::default().decide(&unsent, &situation), RetryAfter(ms(250)));
    let sent = error(ErrorKind::Network);
    assert_eq!(RetryPolicy::default().decide(&sent, &Situation::new(0)), RetryAfter(Duration::ZERO));
    assert_eq!(RetryPolicy::none().decide(&unsent, &Situation::new(0)), GiveUp);
}

#[test]
fn a_vendors_wait_is_kept_refused_or_avoided() {
    let limited = |seconds: u64| error(ErrorKind::RateLimited).with_retry_after(Duration::from_secs(seconds));
    let policy = RetryPolicy::default();
    let decide = |error: &Error, remaining: u64, other_target: bool| {
        let mut situation = situation();
        situation.remaining = Duration::from_secs(remaining);
        situation.other_target = other_target;
        policy.decide(error, &situation)
    };
    assert_eq!(decide(&limited(2), 600, false), RetryAfter(ms(2200)), "spread by a tenth");
    assert_eq!(decide(&limited(60), 600, false), RetryAfter(ms(61_000)), "spread by a second");
    assert_eq!(decide(&limited(61), 600, false), GiveUp, "longer than max_hint");
    assert_eq!(decide(&limited(20), 20, false), GiveUp, "it would cross the deadline");
    assert_eq!(decide(&limited(2), 600, true), NextTarget);
    assert_eq!(decide(&limited(0), 600, false), RetryAfter(ms(1000)), "zero says nothing");
    let overloaded = error(ErrorKind::Overloaded).with_retry_after(Duration::from_secs(2));
    assert_eq!(decide(&overloaded, 600, true), NextTarget);
    assert_eq!(decide(&error(ErrorKind::Server), 0, true), GiveUp, "no time for another attempt anywhere");
}

#[test]
fn a_short_wait_is_waited_out_once_where_somebody_has_the_patience() {
    let policy = RetryPolicy::default().with_jitter(false).with_patience(Duration::from_secs(3));
    let decide = |kind: ErrorKind, hint: u64, retries: u32| {
        let mut situation = situation();
        situation.other_target = true;
        situation.retries = retries;
        policy.decide(&Error::new(kind, "x").with_retry_after(Duration::from_secs(hint)), &situation)
    };
    for kind in [ErrorKind::RateLimited, ErrorKind::Overloaded] {
        assert_eq!(decide(kind, 3, 0), Decision::RetryAfter(Duration::from_secs(3)), "{kind}");
        assert_eq!(decide(kind, 3, 1), Decision::NextTarget, "{kind}: it was waited for already");
        assert_eq!(decide(kind, 4, 0), Decision::NextTarget, "{kind}");
    }
    assert_eq!(decide(ErrorKind::RateLimited, 0, 0), Decision::NextTarget, "nobody said how long");
    assert_eq!(decide(ErrorKind::QuotaExhausted, 3, 0), Decision::NextTarget);
}

#[test]
fn the_vendors_word_overrules_the_class() {
    let policy = RetryPolicy::default();
    let server = error(ErrorKind::Server).with_should_retry(false);
    assert_eq!(policy.decide(&server, &situation()), GiveUp);
    let conflict = error(ErrorKind::InvalidRequest).with_status(409).with_should_retry(true);
    assert_eq!(policy.decide(&conflict, &situation()), RetryAfter(ms(250)));
}

#[test]
fn a_call_may_have_its_own_number_of_retries() {
    let server = error(ErrorKind::Server);
    let mut situation = situation();
    situation.max_retries = Some(0);
    assert_eq!(RetryPolicy::default().decide(&server, &situation), GiveUp);
    situation.max_retries = Some(9);
    situation.retries = 8;
    assert_eq!(RetryPolicy::default().decide(&server, &situation), RetryAfter(ms(8000)));
}

fn any_situation() -> impl Strategy<Value = Situation> {
    let millis = prop_oneof![0_u64..2000, 0_u64..1_000_000];
    (0_u32..6, 0_u32..6, any::<bool>(), millis, any::<bool>(), any::<u64>()).prop_map(
        |(retries, attempts_left, free_retry_used, remaining, other_target, draw)| {
            let mut situation = Situation::new(draw);
            situation.retries = retries;
            situation.attempts_left = attempts_left;
            situation.free_retry_used = free_retry_used;
            situation.remaining = ms(remaining);
            situation.other_target = other_target;
            situation
        },
    )
}

fn any_error() -> impl Strategy<Value = Error> {
    let hint = proptest::option::of(prop_oneof![0_u64..3000, 0_u64..200_000]);
    let progress = prop_oneof![Just(Progress::NotSent), Just(Progress::Sent), Just(Progress::Committed)];
    (proptest::sample::select(KINDS.to_vec()), hint, progress, any::<Option<bool>>()).prop_map(
        |(kind, hint, progress, should_retry)| {
            error(kind)
                .with_status(400)
                .with_retry_after(hint.map(ms))
                .with_progress(progress)
                .with_should_retry(should_retry)
        },
    )
}

fn any_policy() -> impl Strategy<Value = RetryPolicy> {
    prop_oneof![
        Just(RetryPolicy::default()),
        Just(RetryPolicy::classic()),
        Just(RetryPolicy::none()),
        Just(RetryPolicy::default().with_jitter(false)),
        Just(RetryPolicy::default().with_patience(ms(3000))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn never_before_the_vendors_wait(error in any_error(), situation in any_situation(), policy in any_policy()) {
        if let (RetryAfter(wait), Some(hint)) = (policy.decide(&error, &situation), error.retry_after()) {
            prop_assert!(wait >= hint);
            prop_assert!(wait <= hint + (hint / 10).min(Duration::from_secs(1)) || hint.is_zero());
            prop_assert!(hint <= policy.max_hint);
        }
    }

    #[test]
    fn no_decision_crosses_the_deadline(error in any_error(), situation in any_situation(), policy in any_policy()) {
        match policy.decide(&error, &situation) {
            RetryAfter(wait) => prop_assert!(wait + SHORTEST_ATTEMPT <= situation.remaining),
            RetryAtOnce | NextTarget => prop_assert!(situation.remaining >= SHORTEST_ATTEMPT),
            GiveUp => {}
        }
    }

    #[test]
    fn every_decision_is_within_its_bounds(error in any_error(), situation in any_situation(), policy in any_policy()) {
        match policy.decide(&error, &situation) {
            RetryAtOnce => prop_assert!(!situation.free_retry_used && error.progress() == Progress::NotSent),
            RetryAfter(_) => {
                prop_assert!(situation.retries < policy.max_retries && situation.attempts_left > 0);
                prop_assert!(error.is_retryable());
            }
            NextTarget => prop_assert!(situation.other_target),
            GiveUp => {}
        }
        if error.progress() == Progress::Committed {
            prop_assert_eq!(policy.decide(&error, &situation), GiveUp);
        }
    }
}

#[test]
fn no_retry_without_the_time_that_the_target_takes() {
    let server = error(ErrorKind::Server);
    let decide = |remaining: u64, needs: u64, other_target: bool| {
        let mut situation = situation();
        (situation.remaining, situation.needs, situation.other_target) = (ms(remaining), ms(needs), other_target);
        RetryPolicy::default().decide(&server, &situation)
    };
    assert_eq!(decide(3250, 3000, false), RetryAfter(ms(250)));
    assert_eq!(decide(3249, 3000, false), GiveUp);
    assert_eq!(decide(3249, 3000, true), NextTarget);
    assert_eq!(decide(300, 0, false), RetryAfter(ms(250)), "never less than the shortest attempt");
    assert_eq!(decide(299, 0, false), GiveUp);
    let unsent = error(ErrorKind::Network).with_progress(Progress::NotSent);
    let mut situation = situation();
    (situation.remaining, situation.needs) = (ms(3000), ms(3000));
    assert_eq!(RetryPolicy::default().decide(&unsent, &situation), RetryAtOnce);
    situation.needs = ms(3001);
    assert_eq!(RetryPolicy::default().decide(&unsent, &situation), GiveUp);
}

#[test]
fn a_request_that_is_too_large_is_not_sent_again() {
    let unsent = error(ErrorKind::Network).with_progress(Progress::NotSent);
    let mut situation = situation();
    situation.replayable = false;
    assert_eq!(RetryPolicy::default().decide(&unsent, &situation), GiveUp);
    situation.other_target = true;
    assert_eq!(RetryPolicy::default().decide(&unsent, &situation), NextTarget);
    assert_eq!(RetryPolicy::batch().cap, Duration::from_secs(20));
    assert_eq!(RetryPolicy::batch().max_hint, Duration::from_secs(900));
}

#[test]
fn each_setting_changes_its_own_value() {
    let policy = RetryPolicy::classic().with_base(ms(7), ms(9)).with_max_hint(ms(11));
    let expected = RetryPolicy::classic();
    assert_eq!((policy.base, policy.throttled_base, policy.max_hint), (ms(7), ms(9), ms(11)));
    assert_eq!((policy.max_retries, policy.cap, policy.jitter), (expected.max_retries, expected.cap, expected.jitter));
}

#[test]
fn just_enough_time_for_an_attempt_is_enough() {
    let mut situation = Situation::new(0);
    situation.other_target = true;
    situation.remaining = SHORTEST_ATTEMPT;
    assert_eq!(RetryPolicy::default().decide(&error(ErrorKind::Auth), &situation), NextTarget);
    situation.remaining = SHORTEST_ATTEMPT.saturating_sub(Duration::from_nanos(1));
    assert_eq!(RetryPolicy::default().decide(&error(ErrorKind::Auth), &situation), GiveUp);
}

#[test]
fn the_longest_wait_that_is_allowed_is_waited() {
    let policy = RetryPolicy::default().with_jitter(false);
    let asks = |wait| error(ErrorKind::RateLimited).with_retry_after(wait);
    assert_eq!(policy.decide(&asks(policy.max_hint), &Situation::new(0)), RetryAfter(policy.max_hint));
    assert_eq!(policy.decide(&asks(policy.max_hint + ms(1)), &Situation::new(0)), GiveUp);
}

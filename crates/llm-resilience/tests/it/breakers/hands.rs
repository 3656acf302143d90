//! What changes a breaker besides its calls: health checks, people, the last resort of a route, other rules.

use llm_core::ErrorKind;
use llm_resilience::{Breaker, BreakerPolicy, BreakerReason, BreakerState, Outcome, Share};
use tokio::time::Instant;

use super::{MIDDLE, QUICK, SERVER, call, half_opened, opened, secs};

#[test]
fn a_health_check_half_opens_early_and_never_closes() {
    let now = Instant::now();
    let mut breaker = opened(BreakerPolicy::default(), now);
    breaker.probe_passed(now);
    assert_eq!((breaker.state(), breaker.reason()), (BreakerState::HalfOpen, BreakerReason::HealthCheckPassed));
    (0..10).for_each(|_| breaker.probe_passed(now));
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    call(&mut breaker, QUICK, now);
    assert_eq!(breaker.state(), BreakerState::Closed);
    breaker.isolate(now);
    breaker.probe_passed(now);
    assert_eq!(breaker.state(), BreakerState::Isolated);
}

#[test]
fn hands_rule_until_the_next_hand() {
    let now = Instant::now();
    let mut breaker = Breaker::new(BreakerPolicy::default(), now);
    let generation = breaker.generation();
    breaker.isolate(now);
    for later in [secs(0), secs(3600), secs(1_000_000)] {
        assert_eq!(breaker.admit(now + later).unwrap_err().retry_after, None);
        assert_eq!(breaker.admit_last_resort(now + later).unwrap_err().state, BreakerState::Isolated);
    }
    breaker.force_close(now);
    (0..1000).for_each(|_| call(&mut breaker, SERVER, now));
    assert_eq!((breaker.state(), breaker.last_error()), (BreakerState::ForcedClosed, Some(ErrorKind::Server)));
    breaker.reset(now);
    assert_eq!((breaker.state(), breaker.reason()), (BreakerState::Closed, BreakerReason::Reset));
    assert_eq!((breaker.last_error(), breaker.generation()), (None, generation + 3));
    (0..4).for_each(|_| call(&mut breaker, SERVER, now));
    breaker.reset(now);
    (0..4).for_each(|_| call(&mut breaker, SERVER, now));
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn the_last_resort_passes_an_open_breaker_and_its_answer_closes_it() {
    let now = Instant::now();
    let mut breaker = opened(BreakerPolicy::default(), now);
    let (until, generation) = (breaker.until().unwrap(), breaker.generation());
    let permit = breaker.admit_last_resort(now + secs(1)).unwrap();
    breaker.record(permit, SERVER, now + secs(2), MIDDLE);
    assert_eq!((breaker.until(), breaker.generation()), (Some(until), generation));
    let permit = breaker.admit_last_resort(now + secs(3)).unwrap();
    breaker.record(
        permit,
        Outcome::Failed { kind: ErrorKind::Overloaded, retry_after: Some(secs(100)) },
        now + secs(3),
        MIDDLE,
    );
    assert_eq!(breaker.until(), Some(now + secs(103)));
    let permit = breaker.admit_last_resort(now + secs(4)).unwrap();
    breaker.release(permit);
    let permit = breaker.admit_last_resort(now + secs(5)).unwrap();
    breaker.record(permit, QUICK, now + secs(5), MIDDLE);
    assert_eq!((breaker.state(), breaker.reason()), (BreakerState::Closed, BreakerReason::ProbePassed));

    // A half-open breaker has a probe at work already. Where more answers are asked for, it is the first of them.
    let (mut breaker, probe, now) = half_opened(BreakerPolicy::default().with_probes(1, 2), now);
    assert_eq!(breaker.admit_last_resort(now).unwrap_err().state, BreakerState::HalfOpen);
    breaker.record(probe, SERVER, now, MIDDLE);
    let resort = breaker.admit_last_resort(now).unwrap();
    breaker.record(resort, QUICK, now, MIDDLE);
    assert_eq!((breaker.state(), breaker.reason()), (BreakerState::HalfOpen, BreakerReason::LastResortPassed));
    call(&mut breaker, QUICK, now);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn other_rules_keep_what_was_learned() {
    let now = Instant::now();
    let mut breaker = Breaker::new(BreakerPolicy::default(), now);
    (0..4).for_each(|_| call(&mut breaker, SERVER, now));
    breaker.set_policy(BreakerPolicy::default().with_failures(6), now);
    call(&mut breaker, SERVER, now);
    assert_eq!(breaker.state(), BreakerState::Closed);
    call(&mut breaker, SERVER, now);
    assert_eq!(breaker.state(), BreakerState::Open);
    let until = breaker.until();
    breaker.set_policy(BreakerPolicy::off(), now);
    assert_eq!((breaker.state(), breaker.until()), (BreakerState::Open, until));

    let mut breaker = Breaker::new(BreakerPolicy::off(), now);
    (0..1000).for_each(|_| call(&mut breaker, SERVER, now));
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn another_window_begins_anew_and_the_same_one_goes_on() {
    let now = Instant::now();
    let rates = |window| BreakerPolicy::default().with_failures(0).with_failure_rate(window, 20, Share::percent(50));
    for (window, state) in [(secs(30), BreakerState::Open), (secs(60), BreakerState::Closed)] {
        let mut breaker = Breaker::new(rates(secs(30)), now);
        (0..19).for_each(|_| call(&mut breaker, SERVER, now));
        breaker.set_policy(rates(window), now);
        call(&mut breaker, SERVER, now);
        assert_eq!(breaker.state(), state);
    }
    // Calls of 55 s ago count in a window of a minute.
    let mut breaker = Breaker::new(rates(secs(30)), now);
    breaker.set_policy(rates(secs(60)), now);
    (0..10).for_each(|_| call(&mut breaker, SERVER, now));
    (0..10).for_each(|_| call(&mut breaker, QUICK, now + secs(53)));
    assert_eq!(breaker.state(), BreakerState::Open);
}

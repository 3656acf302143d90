//! What a breaker does, step by step. The walk against the independent checker is with its source.

mod config;
mod hands;

use std::time::Duration;

use llm_core::ErrorKind;
use llm_resilience::{Breaker, BreakerPolicy, BreakerReason, BreakerState, Outcome, Permit, Share};
use tokio::time::Instant;

const SERVER: Outcome = Outcome::Failed { kind: ErrorKind::Server, retry_after: None };
const QUICK: Outcome = Outcome::Answered { first_content: Duration::from_millis(300) };
const SLOW: Outcome = Outcome::Answered { first_content: Duration::from_secs(31) };
/// The middle of all draws: no jitter.
const MIDDLE: u64 = 1 << 63;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn call(breaker: &mut Breaker, outcome: Outcome, now: Instant) {
    let permit = breaker.admit(now).unwrap();
    breaker.record(permit, outcome, now, MIDDLE);
}

fn opened(policy: BreakerPolicy, now: Instant) -> Breaker {
    let mut breaker = Breaker::new(policy, now);
    for _ in 0..5 {
        call(&mut breaker, SERVER, now);
    }
    assert_eq!(breaker.state(), BreakerState::Open);
    breaker
}

fn half_opened(policy: BreakerPolicy, start: Instant) -> (Breaker, Permit, Instant) {
    let mut breaker = opened(policy, start);
    let now = breaker.until().unwrap();
    let probe = breaker.admit(now).unwrap();
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    (breaker, probe, now)
}

#[test]
fn five_failures_in_a_row_open_it_and_an_answer_between_does_not() {
    let now = Instant::now();
    let mut breaker = Breaker::new(BreakerPolicy::default(), now);
    for outcome in [SERVER, SERVER, SERVER, SERVER, QUICK, SERVER, SERVER, SERVER, SERVER] {
        call(&mut breaker, outcome, now);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }
    call(&mut breaker, SERVER, now);
    assert_eq!((breaker.state(), breaker.reason()), (BreakerState::Open, BreakerReason::ConsecutiveFailures));
    assert_eq!((breaker.last_error(), breaker.since()), (Some(ErrorKind::Server), now));
    assert_eq!(breaker.admit(now + secs(59)).unwrap_err().retry_after, Some(secs(1)));
    assert!(breaker.admit(now + secs(60)).is_ok());
}

#[test]
fn half_of_twenty_calls_in_thirty_seconds_open_it() {
    let start = Instant::now();
    let mut breaker = Breaker::new(BreakerPolicy::default(), start);
    for number in 0..19 {
        call(&mut breaker, if number % 2 == 0 { SERVER } else { QUICK }, start + secs(number));
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
    call(&mut breaker, QUICK, start + secs(19));
    assert_eq!(breaker.reason(), BreakerReason::FailureRate);

    // The same calls over twice the time are never twenty in a window.
    let mut breaker = Breaker::new(BreakerPolicy::default(), start);
    for number in 0..200 {
        call(&mut breaker, if number % 2 == 0 { SERVER } else { QUICK }, start + secs(2 * number));
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn slow_answers_open_it_though_none_fails() {
    let now = Instant::now();
    let mut breaker = Breaker::new(BreakerPolicy::default(), now);
    for number in 0..20 {
        call(&mut breaker, if number < 16 { SLOW } else { QUICK }, now);
    }
    assert_eq!((breaker.state(), breaker.reason()), (BreakerState::Open, BreakerReason::SlowCalls));
    assert_eq!(breaker.last_error(), None);

    let patient = BreakerPolicy::default().with_slow_rate(Duration::ZERO, Share::percent(80));
    let mut breaker = Breaker::new(patient, now);
    (0..100).for_each(|_| call(&mut breaker, SLOW, now));
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn what_says_nothing_about_the_target_never_opens_it() {
    let now = Instant::now();
    let mut breaker = Breaker::new(BreakerPolicy::default(), now);
    for kind in ErrorKind::ALL.into_iter().filter(|kind| !kind.policy().breaker) {
        for _ in 0..100 {
            call(&mut breaker, Outcome::Failed { kind, retry_after: None }, now);
        }
    }
    assert_eq!((breaker.state(), breaker.last_error()), (BreakerState::Closed, None));
    // Nor does it end a row of failures.
    for _ in 0..5 {
        call(&mut breaker, Outcome::Failed { kind: ErrorKind::RateLimited, retry_after: Some(secs(9)) }, now);
        call(&mut breaker, SERVER, now);
    }
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[test]
fn each_opening_without_closing_is_longer_up_to_the_longest() {
    let (mut breaker, mut probe, mut now) = half_opened(BreakerPolicy::default(), Instant::now());
    for expected in [120, 240, 300, 300] {
        breaker.record(probe, SERVER, now, MIDDLE);
        assert_eq!((breaker.reason(), breaker.since()), (BreakerReason::ProbeFailed, now));
        assert_eq!(breaker.until().unwrap() - now, secs(expected));
        now = breaker.until().unwrap();
        probe = breaker.admit(now).unwrap();
    }
    breaker.record(probe, QUICK, now, MIDDLE);
    assert_eq!((breaker.state(), breaker.reason()), (BreakerState::Closed, BreakerReason::ProbePassed));
    (0..5).for_each(|_| call(&mut breaker, SERVER, now));
    assert_eq!(breaker.until().unwrap() - now, secs(60));
}

#[test]
fn the_classic_breaker_is_open_for_a_minute_each_time() {
    let (mut breaker, mut probe, mut now) = half_opened(BreakerPolicy::classic(), Instant::now());
    for draw in [0, 7, MIDDLE, u64::MAX] {
        breaker.record(probe, SERVER, now, draw);
        assert_eq!(breaker.until().unwrap() - now, secs(60));
        now = breaker.until().unwrap();
        probe = breaker.admit(now).unwrap();
    }
    drop(probe);
}

#[test]
fn the_time_open_is_spread_evenly_by_a_fifth() {
    let now = Instant::now();
    let mut eighths = [0_u32; 8];
    for number in 0..8000_u64 {
        let mut breaker = Breaker::new(BreakerPolicy::default().with_failures(1), now);
        let permit = breaker.admit(now).unwrap();
        breaker.record(permit, SERVER, now, (number << 51).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let time = breaker.until().unwrap() - now;
        assert!((secs(48)..secs(72)).contains(&time), "{time:?}");
        eighths[usize::try_from(time.saturating_sub(secs(48)).as_millis() / 3000).unwrap()] += 1;
    }
    assert!(eighths.iter().all(|count| (900..1100).contains(count)), "{eighths:?}");
}

#[test]
fn it_stays_open_as_long_as_the_vendor_says_but_no_longer_than_the_longest() {
    let now = Instant::now();
    for (hint, expected) in [(10, 60), (90, 90), (7200, 300)] {
        let mut breaker = Breaker::new(BreakerPolicy::default().with_failures(1), now);
        call(&mut breaker, Outcome::Failed { kind: ErrorKind::Overloaded, retry_after: Some(secs(hint)) }, now);
        assert_eq!(breaker.until().unwrap() - now, secs(expected), "{hint}");
    }
}

#[test]
fn as_many_probes_as_allowed_go_at_a_time_and_as_many_as_asked_for_close_it() {
    let policy = BreakerPolicy::default().with_probes(2, 3);
    let (mut breaker, first, now) = half_opened(policy, Instant::now());
    let second = breaker.admit(now).unwrap();
    assert_eq!(breaker.admit(now).unwrap_err().state, BreakerState::HalfOpen);
    breaker.record(first, QUICK, now, MIDDLE);
    breaker.record(second, Outcome::Failed { kind: ErrorKind::Auth, retry_after: None }, now, MIDDLE);
    for state in [BreakerState::HalfOpen, BreakerState::Closed] {
        call(&mut breaker, QUICK, now);
        assert_eq!(breaker.state(), state);
    }
}

#[test]
fn stale_result_never_moves_state() {
    let start = Instant::now();
    for outcome in [QUICK, SLOW, SERVER, Outcome::Failed { kind: ErrorKind::Overloaded, retry_after: Some(secs(900)) }]
    {
        let mut breaker = Breaker::new(BreakerPolicy::default().with_failures(1), start);
        let old: Vec<Permit> = (0..40).map(|_| breaker.admit(start).unwrap()).collect();
        let mut old = old.into_iter();
        call(&mut breaker, SERVER, start);
        let mut until = breaker.until();
        let mut stale = |breaker: &mut Breaker, now: Instant| {
            let (state, generation, until) = (breaker.state(), breaker.generation(), breaker.until());
            for _ in 0..5 {
                breaker.record(old.next().unwrap(), outcome, now, MIDDLE);
            }
            breaker.release(old.next().unwrap());
            assert_eq!((breaker.state(), breaker.generation(), breaker.until()), (state, generation, until));
        };
        stale(&mut breaker, start);
        let now = until.take().unwrap();
        let probe = breaker.admit(now).unwrap();
        stale(&mut breaker, now);
        // The probe's place is still taken: a stale permit does not give it back.
        assert!(breaker.admit(now).is_err());
        breaker.record(probe, QUICK, now, MIDDLE);
        stale(&mut breaker, now);
        breaker.isolate(now);
        stale(&mut breaker, now);
        breaker.force_close(now);
        stale(&mut breaker, now);
        breaker.reset(now);
        stale(&mut breaker, now);
    }
}

#[test]
fn a_late_failure_counts_where_the_breaker_is_closed() {
    let start = Instant::now();
    let mut breaker = Breaker::new(BreakerPolicy::default(), start);
    for _ in 0..4 {
        breaker.late_failure(ErrorKind::Truncated, None, start, MIDDLE);
    }
    breaker.late_failure(ErrorKind::Cancelled, None, start, MIDDLE);
    assert_eq!(breaker.state(), BreakerState::Closed);
    breaker.late_failure(ErrorKind::Truncated, None, start, MIDDLE);
    assert_eq!((breaker.state(), breaker.last_error()), (BreakerState::Open, Some(ErrorKind::Truncated)));
    let (until, now) = (breaker.until(), start + secs(60));
    breaker.late_failure(ErrorKind::Truncated, Some(secs(200)), start, MIDDLE);
    assert_eq!(breaker.until(), until);
    let _probe = breaker.admit(now).unwrap();
    breaker.late_failure(ErrorKind::Truncated, None, now, MIDDLE);
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
}

//! Several dimensions at once, and what headers do to them.

use super::super::amounts::Tokens;
use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn amounts(input: u64, output: u64) -> Amounts {
    Amounts::one(Tokens::new(input, output))
}

fn set(policy: &LimitPolicy) -> (RateSet, Instant) {
    let now = Instant::now();
    (RateSet::new(policy, now), now)
}

#[test]
fn the_dimension_that_takes_longest_is_named() {
    let mut policy = LimitPolicy::default().with_rpm(60).with_tpm(600);
    (policy.itpm, policy.otpm, policy.rpd) = (Some(6000), Some(60), Some(86_400));
    let (mut set, now) = set(&policy);
    assert_eq!(set.check(&amounts(10, 5), true, now), Ok(()));
    set.take(&amounts(500, 50), true, now);
    assert_eq!(set.check(&amounts(100, 0), true, now), Err((Dimension::Tokens, Short::Until(5 * SECOND))));
    assert_eq!(set.check(&amounts(100, 20), true, now), Err((Dimension::OutputTokens, Short::Until(10 * SECOND))));
    assert_eq!(set.check(&amounts(1, 61), true, now), Err((Dimension::OutputTokens, Short::Never)));
    assert_eq!(
        set.left(now).map(|left| left.map(|left| left.0)),
        [Some(59), Some(86_399), Some(50), Some(5500), Some(10)]
    );
    set.settle(&amounts(500, 50), &amounts(100, 10), Some(9), true, now);
    assert_eq!(
        set.left(now).map(|left| left.map(|left| left.0)),
        [Some(59), Some(86_399), Some(490), Some(5900), Some(50)]
    );
}

#[test]
fn a_day_is_a_day() {
    let mut policy = LimitPolicy { rpd: Some(86_400), ..LimitPolicy::default() };
    policy.burst = SECOND;
    let (mut set, now) = set(&policy);
    for _ in 0..86_400 {
        assert_eq!(set.check(&amounts(1, 1), true, now), Ok(()));
        set.take(&amounts(1, 1), true, now);
    }
    assert_eq!(set.check(&amounts(1, 1), true, now), Err((Dimension::RequestsPerDay, Short::Until(SECOND))));
}

#[test]
fn cached_input_counts_where_it_is_said() {
    let cached = Amounts::one(Tokens { input: 100, cached: 90, output: 0 });
    for (cached_input, left) in [(false, 90), (true, 0)] {
        let policy = LimitPolicy { itpm: Some(100), cached_input, ..LimitPolicy::default() };
        let (mut set, now) = set(&policy);
        set.take(&cached, true, now);
        assert_eq!(set.left(now)[3], Some((left, 100)));
    }
}

#[test]
fn headers_lower_what_is_set_and_are_learned_where_nothing_is() {
    let (mut set, now) = set(&LimitPolicy::default().with_rpm(100));
    let own = amounts(10, 10);
    set.take(&own, true, now);
    set.take(&amounts(200, 100), true, now);
    let mut said = RateLimits::default();
    (said.requests_limit, said.requests_remaining, said.requests_reset) = (Some(50), Some(20), Some(7 * SECOND));
    (said.tokens_remaining, said.tokens_reset) = (Some(1000), Some(3 * SECOND));
    set.learn(&said, 1, &own, now);
    // Less what the other request has in flight.
    assert_eq!(set.left(now).map(|left| left.map(|left| left.0)), [Some(19), None, Some(700), None, None]);
    assert_eq!(set.check(&amounts(701, 0), true, now), Err((Dimension::Tokens, Short::Until(3 * SECOND))));
    // What is settled in between is counted: the other request used 50 less.
    set.settle(&amounts(200, 100), &amounts(200, 50), Some(9), true, now);
    assert_eq!(set.left(now)[2].unwrap().0, 750);
    // Not so what the source itself did not use: the vendor had counted it.
    set.settle(&own, &amounts(1, 1), Some(1), true, now);
    assert_eq!(set.left(now)[2].unwrap().0, 750);
    // Learned limits end with their window, those that are set do not.
    assert_eq!(set.left(now + 3 * SECOND)[2], None);
    assert_eq!(set.left(now + 7 * SECOND)[0], Some((100, 100)));
}

#[test]
fn what_is_settled_is_no_longer_in_flight() {
    let (mut set, now) = set(&LimitPolicy::default());
    let (own, other) = (amounts(10, 10), amounts(30, 30));
    let said = RateLimits::default();
    let said = {
        let mut said = said;
        said.tokens_remaining = Some(1000);
        said
    };
    set.take(&own, true, now);
    set.take(&other, true, now);
    // Not the last word: the 40 are still in flight.
    set.settle(&other, &amounts(20, 20), Some(9), false, now);
    set.learn(&said, 1, &own, now);
    assert_eq!(set.left(now)[2].unwrap().0, 960);
    set.settle(&amounts(20, 20), &amounts(20, 20), Some(9), true, now);
    set.learn(&said, 2, &own, now);
    assert_eq!(set.left(now)[2].unwrap().0, 1000);
}

#[test]
fn a_change_keeps_what_is_used_and_learned() {
    let (mut set, now) = set(&LimitPolicy::default().with_rpm(100));
    for _ in 0..60 {
        set.take(&amounts(0, 0), true, now);
    }
    let mut said = RateLimits::default();
    said.tokens_remaining = Some(5);
    set.learn(&said, 1, &Amounts::default(), now);
    set.change(&LimitPolicy::default().with_rpm(200).with_tpm(50), now);
    assert_eq!(set.left(now)[0], Some((140, 200)));
    assert_eq!(set.left(now)[2].unwrap().0, 5);
    assert!(!set.is_blank(now));
    set.change(&LimitPolicy { learn: false, ..LimitPolicy::default() }, now);
    assert_eq!(set.left(now), [None; 5]);
    set.learn(&said, 2, &Amounts::default(), now);
    assert!(set.is_blank(now));
}

#[test]
fn where_input_and_output_are_limited_apart_their_sum_is_not() {
    let (mut set, now) = set(&LimitPolicy::default());
    let mut said = RateLimits::default();
    (said.tokens_remaining, said.input_tokens_remaining, said.output_tokens_remaining) = (Some(5), Some(50), Some(60));
    set.learn(&said, 1, &Amounts::default(), now);
    assert_eq!(set.left(now).map(|left| left.map(|left| left.0)), [None, None, None, Some(50), Some(60)]);
}

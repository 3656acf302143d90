//! Levels of shedding and the throttle, in exact numbers.

use super::*;

fn load(in_flight: u32, delay_ms: u64, gauge: Option<u32>) -> ShedLoad {
    ShedLoad {
        in_flight,
        limit: Some(100),
        queue_delay: Duration::from_millis(delay_ms),
        gauge: gauge.map(Share::percent),
    }
}

#[test]
fn each_signal_has_its_levels() {
    use ShedLevel::{All, Extras, Low, None};
    let level = |load: &ShedLoad| ShedPolicy::default().level(load);
    let busy = [(0, None), (89, None), (90, Extras), (100, Extras)];
    assert!(busy.iter().all(|(in_flight, expected)| level(&load(*in_flight, 0, Option::None)) == *expected));
    let waits = [(999, None), (1000, Extras), (1999, Extras), (2000, Low), (7999, Low), (8000, All)];
    for (delay, expected) in waits {
        assert_eq!(level(&load(0, delay, Option::None)), expected, "{delay} ms");
    }
    for (gauge, expected) in [(79, None), (80, Extras), (89, Extras), (90, Low), (99, Low), (100, All)] {
        assert_eq!(level(&load(0, 0, Some(gauge))), expected, "{gauge} %");
    }
    assert_eq!(level(&load(0, 2000, Some(100))), All, "the worst counts");
    assert_eq!(level(&ShedLoad { in_flight: 5, ..ShedLoad::default() }), None);
}

#[test]
fn who_is_refused_first() {
    let policy = ShedPolicy::default();
    let refused = |load: &ShedLoad, priority| {
        (0..1000_u64).filter(|step| policy.refuses(load, priority, u64::MAX / 1000 * step + (1 << 40))).count()
    };
    let calm = load(10, 0, None);
    let all = [Priority::Batch, Priority::Low, Priority::Normal, Priority::High];
    assert_eq!(all.map(|priority| refused(&calm, priority)), [0; 4]);
    assert_eq!(all.map(|priority| refused(&load(95, 0, None), priority)), [1000, 0, 0, 0]);
    // Half way from twice to eight times the wait, half of those of low priority go.
    assert_eq!(all.map(|priority| refused(&load(95, 5000, None), priority)), [1000, 500, 0, 0]);
    assert_eq!(all.map(|priority| refused(&load(95, 2000, None), priority)), [1000, 0, 0, 0]);
    assert_eq!(all.map(|priority| refused(&load(95, 9000, None), priority)), [1000; 4]);
}

/// Requests let through of `count` spread over `seconds`, while the target accepts `accepts` of 1000.
fn run(throttle: &mut Throttle, from: Instant, seconds: u64, count: u64, accepts: u64, seed: u64) -> (u64, u64) {
    let mut draws = fastrand::Rng::with_seed(seed);
    let (mut sent, mut accepted) = (0, 0);
    for number in 0..count {
        let now = from + Duration::from_micros(number * seconds * 1_000_000 / count);
        if throttle.admits(draws.u64(..), now) {
            throttle.started(now);
            sent += 1;
            if draws.u64(..1000) < accepts {
                accepted += 1;
            } else {
                throttle.overloaded(now);
            }
        }
    }
    (sent, accepted)
}

#[test]
fn a_healthy_target_gets_everything() {
    let mut throttle = Throttle::default();
    let now = Instant::now();
    assert_eq!(run(&mut throttle, now, 60, 6000, 1000, 1), (6000, 6000));
    assert_eq!(run(&mut throttle, now + Duration::from_secs(60), 60, 6000, 600, 1).0, 6000, "and so does a fair one");
}

#[test]
fn requests_in_flight_are_not_held_against_a_target() {
    let mut throttle = Throttle::default();
    let now = Instant::now();
    for draw in 0..1000 {
        assert!(throttle.admits(draw, now));
        throttle.started(now);
    }
}

#[test]
fn an_overloaded_target_gets_twice_what_it_accepts_and_all_again_when_it_recovers() {
    let mut throttle = Throttle::default();
    let now = Instant::now();
    run(&mut throttle, now, 240, 24_000, 0, 1);
    let later = now + Duration::from_secs(240);
    let (sent, _) = run(&mut throttle, later, 120, 12_000, 0, 2);
    assert!((1100..1300).contains(&sent), "{sent} of 12000: a tenth always tries");
    let (sent, accepted) = run(&mut throttle, later + Duration::from_secs(120), 240, 24_000, 1000, 3);
    assert_eq!(sent, accepted);
    let (sent, _) = run(&mut throttle, later + Duration::from_secs(360), 60, 6000, 1000, 4);
    assert_eq!(sent, 6000, "recovered");
}

#[test]
fn the_surplus_over_twice_of_what_is_accepted_is_held_back() {
    let (mut throttle, start) = (Throttle::default(), Instant::now());
    let mut draws = fastrand::Rng::with_seed(5);
    // 100 requests a second at a target that can do 20 a second.
    let (mut sent, mut accepted) = (0, 0);
    for second in 0..600_u64 {
        let mut free = 20;
        for number in 0..100 {
            let now = start + Duration::from_millis(second * 1000 + number * 10);
            if throttle.admits(draws.u64(..), now) {
                throttle.started(now);
                let measured = u64::from(second >= 300);
                sent += measured;
                if free > 0 {
                    (free, accepted) = (free - 1, accepted + measured);
                } else {
                    throttle.overloaded(now);
                }
            }
        }
    }
    assert!(accepted >= 20 * 300 * 98 / 100, "{accepted} accepted: nothing that the target can do is lost");
    assert!((accepted * 19 / 10..accepted * 21 / 10).contains(&sent), "{sent} sent for {accepted}");
}

#[test]
fn the_numbers_of_the_rule() {
    let mut throttle = Throttle::default();
    let now = Instant::now();
    for _ in 0..399 {
        throttle.started(now);
    }
    for _ in 0..298 {
        throttle.overloaded(now);
    }
    // 399 requests, 101 accepted: (399 - 2 * 101) / 400 = 49.25 % are refused.
    let share = |percent: u64| u64::MAX / 10_000 * percent;
    assert!(!throttle.clone().admits(share(4925) - 10_000, now));
    assert!(throttle.clone().admits(share(4925) + 10_000, now));
    // They leave the window after two minutes, not before.
    let late = now + Duration::from_secs(120);
    assert!(!throttle.clone().admits(0, late - Duration::from_nanos(1)));
    assert!(throttle.clone().admits(0, late));
    assert!(throttle.clone().admits(0, late + Duration::from_secs(100_000)));
}

#[test]
fn a_target_that_is_asked_now_and_then_is_never_held_back() {
    let (mut throttle, start) = (Throttle::default(), Instant::now());
    // One request every two seconds, and all of them refused.
    for second in 0..600_u64 {
        let now = start + Duration::from_secs(second * 2);
        assert!(throttle.admits(0, now), "in second {second}");
        throttle.started(now);
        throttle.overloaded(now);
    }
}

#[test]
fn waits_are_spread() {
    let second = Duration::from_secs(1);
    assert_eq!(jittered(second, 0), second);
    assert_eq!(jittered(second, 999), Duration::from_millis(1999));
    assert_eq!(jittered(Duration::ZERO, 7), Duration::ZERO);
}

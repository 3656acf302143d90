//! Exact numbers of the bucket.

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn bucket(limit: u64) -> (Bucket, Instant) {
    let now = Instant::now();
    (Bucket::new(Rate::new(limit, MINUTE), now), now)
}

#[test]
fn a_full_bucket_gives_its_limit_and_then_says_when() {
    let (mut bucket, now) = bucket(60);
    assert_eq!((bucket.limit(), bucket.left(now)), (60, 60));
    assert_eq!(bucket.check(60, now), Ok(()));
    bucket.take(60, now);
    assert_eq!(bucket.left(now), 0);
    assert_eq!(bucket.check(1, now), Err(Short::Until(ms(1000))));
    assert_eq!(bucket.check(60, now), Err(Short::Until(MINUTE)));
    assert_eq!(bucket.check(0, now), Ok(()));
}

#[test]
fn the_wait_is_exact_to_the_nanosecond() {
    for limit in [1, 3, 7, 59, 60, 61, 1000, 999_983, 150_000_000] {
        let (mut bucket, now) = bucket(limit);
        bucket.take(limit, now);
        let units = limit.div_ceil(3);
        let Err(Short::Until(wait)) = bucket.check(units, now) else { panic!("{units} of {limit} fit") };
        let early = now + wait - Duration::from_nanos(1);
        assert!(bucket.clone().check(units, early).is_err(), "{units} of {limit} fit a nanosecond early");
        assert_eq!(bucket.check(units, now + wait), Ok(()), "{units} of {limit} do not fit in time");
    }
}

#[test]
fn the_wait_counts_what_is_earned_already() {
    let (mut bucket, now) = bucket(7);
    bucket.take(7, now);
    // In steps of a nanosecond nothing whole is earned, but nothing is lost either.
    let start = now + ms(8571);
    for step in 0..500 {
        assert!(bucket.check(1, start + Duration::from_nanos(step)).is_err());
    }
    let wait = Duration::from_nanos(60_000_000_000_u64.div_ceil(7));
    assert_eq!(bucket.check(1, now + ms(8571)), Err(Short::Until(wait.saturating_sub(ms(8571)))));
    assert_eq!(bucket.check(1, now + wait), Ok(()));
}

#[test]
fn nothing_above_the_limit_ever_fits_and_the_limit_does() {
    let (mut bucket, now) = bucket(60);
    assert_eq!(bucket.check(61, now), Err(Short::Never));
    assert_eq!(bucket.check(60, now), Ok(()));
    let (mut none, now) = self::bucket(0);
    assert_eq!(none.check(1, now), Err(Short::Never));
    assert_eq!(none.check(0, now), Ok(()));
}

#[test]
fn it_fills_to_its_burst_and_no_further() {
    let now = Instant::now();
    let rate = Rate::new(600, MINUTE).with_burst_of(Duration::from_secs(2));
    assert_eq!(rate, Rate { limit: 600, period: MINUTE, burst: 20 });
    let mut bucket = Bucket::new(rate, now);
    assert_eq!(bucket.left(now + Duration::from_secs(3600)), 20);
    bucket.take(20, now + Duration::from_secs(3600));
    assert_eq!(bucket.left(now + Duration::from_secs(3601)), 10);
}

#[test]
fn a_burst_is_at_least_one_and_at_most_the_limit() {
    let burst = |limit, time| Rate::new(limit, MINUTE).with_burst_of(time).burst;
    assert_eq!((burst(10, ms(1)), burst(10, MINUTE), burst(10, 2 * MINUTE)), (1, 10, 10));
    assert_eq!((burst(0, MINUTE), burst(6, Duration::from_secs(20))), (1, 2));
}

#[test]
fn more_than_the_burst_passes_when_full_and_leaves_a_debt() {
    let now = Instant::now();
    let mut bucket = Bucket::new(Rate { limit: 600, period: MINUTE, burst: 20 }, now);
    assert_eq!(bucket.check(100, now), Ok(()));
    bucket.take(100, now);
    assert_eq!(bucket.left(now), -80);
    assert_eq!(bucket.check(1, now), Err(Short::Until(ms(8100))));
    assert_eq!(bucket.check(500, now), Err(Short::Until(ms(10_000))));
}

#[test]
fn a_refund_and_a_debt_are_exact() {
    let (mut bucket, now) = bucket(600);
    bucket.take(500, now);
    bucket.settle(500, 200, now);
    assert_eq!(bucket.left(now), 400);
    bucket.settle(200, 200, now);
    assert_eq!(bucket.left(now), 400);
    bucket.settle(200, 230, now);
    assert_eq!(bucket.left(now), 370);
    bucket.settle(30, 650, now);
    assert_eq!(bucket.left(now), -250);
    assert_eq!(bucket.check(1, now), Err(Short::Until(ms(25_100))));
    bucket.give(1000, now);
    assert_eq!(bucket.left(now), 600, "never above the capacity");
}

#[test]
fn debt_ends_at_the_limit() {
    let (mut bucket, now) = bucket(600);
    bucket.settle(0, 1_000_000, now);
    assert_eq!(bucket.left(now), -600);
    assert_eq!(bucket.left(now + MINUTE), 0);
    assert_eq!(bucket.left(now + 2 * MINUTE), 600);
}

#[test]
fn it_is_lowered_to_the_true_count_and_never_raised() {
    let (mut bucket, now) = bucket(600);
    bucket.lower_to(100, now);
    assert_eq!(bucket.left(now), 100);
    bucket.lower_to(300, now);
    assert_eq!(bucket.left(now), 100);
    assert_eq!(bucket.left(now + Duration::from_secs(10)), 200);
}

#[test]
fn a_still_bucket_does_not_fill() {
    let now = Instant::now();
    let mut bucket = Bucket::still(100, 30, now);
    assert_eq!((bucket.limit(), bucket.left(now), bucket.left(now + 100 * MINUTE)), (100, 30, 30));
    bucket.take(30, now);
    assert_eq!(bucket.check(1, now + MINUTE), Err(Short::Until(Duration::MAX)));
    bucket.give(5, now);
    assert_eq!(bucket.check(5, now), Ok(()));
}

#[test]
fn another_rate_keeps_what_is_used() {
    let (mut bucket, now) = bucket(600);
    bucket.take(450, now);
    bucket.change(Rate::new(1200, MINUTE), now);
    assert_eq!((bucket.limit(), bucket.left(now)), (1200, 750));
    assert_eq!(bucket.left(now + Duration::from_secs(1)), 770);
    bucket.change(Rate::new(100, MINUTE), now + Duration::from_secs(1));
    assert_eq!(bucket.left(now + Duration::from_secs(1)), -100);
    bucket.change(Rate::new(300, MINUTE), now + Duration::from_secs(1));
    assert_eq!(bucket.left(now + Duration::from_secs(1)), 100);
}

#[test]
fn a_clock_that_jumps_back_makes_nothing_and_stops_nothing() {
    let hour = Duration::from_secs(3600);
    let (mut bucket, start) = bucket(60);
    let now = start + 2 * hour;
    bucket.take(60, now);
    assert_eq!(bucket.left(now - hour), 0, "no tokens for going back");
    assert_eq!(bucket.left(now - hour + Duration::from_secs(5)), 5, "and it goes on from there");
    assert_eq!(bucket.left(now + hour), 60, "a jump ahead fills it once");
}

#[test]
fn two_readings_in_a_race_earn_nothing_twice() {
    let (mut bucket, start) = bucket(60_000);
    let now = start + MINUTE;
    bucket.take(60_000, now);
    for _ in 0..100 {
        assert_eq!(bucket.left(now - Duration::from_secs(1)), 0);
        assert_eq!(bucket.left(now), 0);
    }
    assert_eq!(bucket.left(now + ms(1)), 1);
    // The earlier of the two waits longer, so that both mean the same moment.
    assert_eq!(bucket.check(3, now), Err(Short::Until(ms(3))));
    assert_eq!(bucket.check(3, now - ms(500)), Err(Short::Until(ms(503))));
}

#[test]
fn limits_beyond_reason_do_not_overflow() {
    let (mut bucket, now) = bucket(u64::MAX);
    bucket.take(u64::MAX, now);
    bucket.take(u64::MAX, now);
    bucket.settle(0, u64::MAX, now);
    bucket.give(u64::MAX, now + MINUTE * 1_000_000);
    assert_eq!(bucket.check(u64::MAX, now + MINUTE * 2_000_000), Ok(()));
    assert_eq!(bucket.left(now + MINUTE * 2_000_000), MOST.cast_signed());
}

#[test]
fn waits_are_compared() {
    let (short, long) = (Short::Until(ms(1)), Short::Until(ms(2)));
    assert!(long.is_longer_than(short) && !short.is_longer_than(long) && !long.is_longer_than(long));
    assert!(Short::Never.is_longer_than(long) && !long.is_longer_than(Short::Never));
    assert!(!Short::Never.is_longer_than(Short::Never));
}

#[test]
fn what_was_used_stands_in_the_place_of_what_was_taken() {
    for (taken, actual) in [(10, 10), (10, 15), (15, 10), (10, 0), (0, 10)] {
        let (mut bucket, now) = bucket(60);
        bucket.take(taken, now);
        bucket.settle(taken, actual, now);
        assert_eq!(bucket.left(now), 60 - i64::try_from(actual).unwrap(), "{actual} in the place of {taken}");
    }
}

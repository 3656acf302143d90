//! The bucket against a brute-force ledger, under debt, and under a clock that jumps.

use proptest::prelude::*;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// One entry of the oracle: when, and how much was taken (or given back, then negative).
#[derive(Clone, Copy, Debug)]
struct Entry {
    at: u64,
    units: i64,
}

/// The most that any window takes beyond `burst + limit * window / period`, by trying all windows.
fn excess(ledger: &[Entry], limit: u64, burst: u64) -> i128 {
    let mut worst = i128::MIN;
    for (first, from) in ledger.iter().enumerate() {
        let mut sum = 0_i128;
        for to in &ledger[first..] {
            sum += i128::from(to.units);
            // In units times the period in milliseconds.
            let allowed = i128::from(burst) * 60_000 + i128::from(limit) * i128::from(to.at - from.at);
            worst = worst.max(sum * 60_000 - allowed);
        }
    }
    worst
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// 400 cases of 250 operations: 10^5 in all. No window ever takes more than the burst and what its time earns; what
    /// was given back in it may be used again in it. With exact estimates nothing is given back, so it is the use itself.
    #[test]
    fn no_window_exceeds_the_limit(
        limit in 1_u64..2000,
        burst_secs in 1_u64..=60,
        exact in any::<bool>(),
        steps in prop::collection::vec((0_u64..4000, 0_u64..1000, 0_u64..=100, any::<bool>()), 250),
    ) {
        let start = Instant::now();
        let rate = Rate::new(limit, MINUTE).with_burst_of(Duration::from_secs(burst_secs));
        let mut bucket = Bucket::new(rate, start);
        let (mut at, mut ledger, mut open) = (0, Vec::<Entry>::new(), Vec::<u64>::new());
        for (pause, units, percent, settle) in steps {
            at += pause;
            let now = start + ms(at);
            // Nothing larger than the burst here: that passes into debt, which the next test is about.
            let units = units % rate.burst + 1;
            if settle && !open.is_empty() {
                let taken = open.remove(usize::try_from(units).unwrap() % open.len());
                let actual = if exact { taken } else { taken * percent / 100 };
                bucket.settle(taken, actual, now);
                ledger.push(Entry { at, units: actual.cast_signed() - taken.cast_signed() });
            } else if bucket.check(units, now).is_ok() {
                bucket.take(units, now);
                open.push(units);
                ledger.push(Entry { at, units: units.cast_signed() });
            } else if let Err(Short::Until(wait)) = bucket.check(units, now) {
                prop_assert!(bucket.clone().check(units, now + wait).is_ok());
                prop_assert!(bucket.clone().check(units, now + wait - Duration::from_nanos(1)).is_err());
            }
        }
        prop_assert!(excess(&ledger, limit, rate.burst) <= 0);
    }

    /// Estimates that are too low make a debt that is paid: over the whole time no more is used than was earned, the
    /// burst, and what the last request alone used beyond its estimate.
    #[test]
    fn debt_is_paid(
        limit in 60_u64..2000,
        steps in prop::collection::vec((0_u64..2000, 1_u64..50, 0_u64..50), 100..200),
    ) {
        let start = Instant::now();
        let mut bucket = Bucket::new(Rate::new(limit, MINUTE), start);
        let (mut at, mut used, mut committed) = (0, 0_u64, 0_u64);
        for (pause, estimate, beyond) in steps {
            at += pause;
            let now = start + ms(at);
            if bucket.check(estimate, now).is_err() {
                continue;
            }
            bucket.take(estimate, now);
            bucket.settle(estimate, estimate + beyond, now);
            (used, committed) = (used + estimate + beyond, committed + estimate + beyond);
            prop_assert!(used * 60_000 <= (limit + beyond) * 60_000 + limit * at);
            // What is left is what was earned and not used, to the unit: nothing is lost between reserve and commit.
            let earned = limit * 60_000 + limit * at;
            prop_assert!(i128::from(bucket.left(now)) * 60_000 <= i128::from(earned) - i128::from(committed) * 60_000);
        }
    }

    /// However the clock jumps, no reading of it makes more than one full bucket, and none stops the refill.
    #[test]
    fn clock_jumps_are_harmless(jumps in prop::collection::vec(-3_600_000_i64..=3_600_000, 1..50)) {
        let hours = Duration::from_secs(400 * 3600);
        let mut now = Instant::now() + hours;
        let mut bucket = Bucket::new(Rate::new(600, MINUTE), now);
        for jump in jumps {
            let by = ms(jump.unsigned_abs());
            now = if jump < 0 { now - by } else { now + by };
            prop_assert!(bucket.left(now) <= 600);
            bucket.take(600, now);
            let Err(Short::Until(wait)) = bucket.check(1, now) else { panic!("fits") };
            prop_assert!(wait <= 2 * MINUTE);
            prop_assert!(bucket.clone().check(1, now + wait).is_ok());
        }
    }
}

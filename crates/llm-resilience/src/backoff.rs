//! How long to wait before a retry. Pure integer arithmetic: time comes in as durations, randomness as 64 random bits.

use std::time::Duration;

/// Longest spread that is added to a vendor's own wait.
const HINT_SPREAD: Duration = Duration::from_secs(1);

/// The capped exponential `min(cap, base × factor^(retry - 1))`; `retry` counts from 1.
pub fn exponential(base: Duration, factor: u32, cap: Duration, retry: u32) -> Duration {
    let growth = u128::from(factor).saturating_pow(retry.saturating_sub(1));
    from_nanos(base.as_nanos().saturating_mul(growth)).min(cap)
}

/// A duration between zero and `limit`, both included, spread evenly over the values of `draw`.
///
/// ```
/// # use std::time::Duration;
/// # use llm_resilience::backoff::full_jitter;
/// let limit = Duration::from_millis(250);
/// assert_eq!(full_jitter(limit, 0), Duration::ZERO);
/// assert_eq!(full_jitter(limit, 1 << 63), limit / 2);
/// assert_eq!(full_jitter(limit, u64::MAX), limit);
/// ```
pub fn full_jitter(limit: Duration, draw: u64) -> Duration {
    // 64 bits of nanoseconds are 584 years; longer limits do not exist.
    let nanos = u128::from(u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX));
    from_nanos(((nanos + 1) * u128::from(draw)) >> 64)
}

/// The wait after a vendor said "not before `hint`": never earlier, and spread over up to a tenth of it (at most one
/// second), so that many callers with the same hint do not come back at the same instant.
pub fn after_hint(hint: Duration, draw: u64) -> Duration {
    hint.saturating_add(full_jitter((hint / 10).min(HINT_SPREAD), draw))
}

fn from_nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn grows_by_the_factor_up_to_the_cap() {
        let delays = |base, cap| (1..=7).map(move |retry| exponential(millis(base), 2, millis(cap), retry).as_millis());
        assert!(delays(250, 8000).eq([250, 500, 1000, 2000, 4000, 8000, 8000]));
        assert!(delays(5000, 60_000).eq([5000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]));
        assert_eq!(exponential(millis(250), 2, millis(8000), u32::MAX), millis(8000), "no overflow");
        assert_eq!(exponential(millis(250), 1, millis(8000), 9), millis(250));
        assert_eq!(exponential(Duration::MAX, 2, Duration::MAX, 9), Duration::from_nanos(u64::MAX));
    }

    #[test]
    fn full_jitter_is_even() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut draws: Vec<u128> = (0..100_000).map(|_| full_jitter(millis(1000), random.u64(..)).as_nanos()).collect();
        draws.sort_unstable();
        // Kolmogorov-Smirnov: the greatest distance from the even distribution, against the bound for p = 0.001.
        let distance = |(rank, nanos): (usize, &u128)| {
            #[expect(clippy::cast_precision_loss, reason = "both numbers are below 2^53")]
            let (expected, found) = (*nanos as f64 / 1e9, rank as f64 / 1e5);
            (expected - found).abs()
        };
        let greatest = draws.iter().enumerate().map(distance).fold(0.0, f64::max);
        assert!(greatest < 1.95 / 100_000_f64.sqrt(), "{greatest}");
    }

    #[test]
    fn a_hint_is_spread_upwards_by_a_tenth_and_at_most_a_second() {
        assert_eq!(after_hint(millis(2000), 0), millis(2000));
        assert_eq!(after_hint(millis(2000), u64::MAX), millis(2200));
        assert_eq!(after_hint(millis(50_000), u64::MAX), millis(51_000));
        assert_eq!(after_hint(Duration::MAX, u64::MAX), Duration::MAX, "no overflow");
    }
}

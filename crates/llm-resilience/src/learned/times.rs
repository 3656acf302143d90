//! How long a target took of late: a histogram that forgets. Pure.

use std::time::Duration;

/// Buckets in each doubling of time: neighbours differ by a twelfth to an eighth.
const FINE: u32 = 8;
/// From 1 ms to beyond an hour.
const BUCKETS: usize = 22 * FINE as usize;
/// What is older counts half as much.
const HALF_LIFE: Duration = Duration::from_secs(120);
/// Fewer than this many times say nothing yet.
const ENOUGH: u32 = 20;
/// One time, in the histogram's parts; halving keeps whole numbers.
const ONE: u32 = 256;

/// The times to first content of late, or those to whole answers.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    counts: Box<[u32; BUCKETS]>,
    total: u32,
    /// When the counts were halved last.
    halved: Duration,
}

impl Times {
    pub(crate) fn new(now: Duration) -> Self {
        Self { counts: Box::new([0; BUCKETS]), total: 0, halved: now }
    }

    /// It took this long.
    pub(crate) fn add(&mut self, time: Duration, now: Duration) {
        self.forget(now);
        if self.total > u32::MAX / 2 {
            self.halve();
        }
        self.counts[bucket(time)] += ONE;
        self.total += ONE;
    }

    /// The time within which so many percent were done; `None` while too few times are known.
    pub(crate) fn percentile(&mut self, percent: u8, now: Duration) -> Option<Duration> {
        self.forget(now);
        if self.total < ENOUGH * ONE {
            return None;
        }
        let rank = u64::from(self.total) * u64::from(percent.min(100));
        let mut below = 0;
        let found = self.counts.iter().position(|count| {
            below += u64::from(*count) * 100;
            below >= rank && *count > 0
        })?;
        Some(upper(found))
    }

    fn forget(&mut self, now: Duration) {
        while now.saturating_sub(self.halved) >= HALF_LIFE {
            if self.total == 0 {
                self.halved = now;
                return;
            }
            self.halved += HALF_LIFE;
            self.halve();
        }
    }

    fn halve(&mut self) {
        self.total = 0;
        for count in self.counts.iter_mut() {
            *count /= 2;
            self.total += *count;
        }
    }
}

/// The bucket of a time: eight to each doubling of milliseconds.
fn bucket(time: Duration) -> usize {
    let millis = u32::try_from(time.as_millis()).unwrap_or(u32::MAX).max(1);
    let doubling = millis.ilog2();
    let part = (u64::from(millis - (1 << doubling)) * u64::from(FINE)) >> doubling;
    let index = u64::from(doubling * FINE) + part;
    usize::try_from(index).unwrap_or(usize::MAX).min(BUCKETS - 1)
}

/// The longest time of a bucket.
fn upper(bucket: usize) -> Duration {
    let next = u32::try_from(bucket + 1).unwrap_or(u32::MAX);
    let (doubling, part) = (next / FINE, next % FINE);
    let micros = (u64::from(FINE + part) << doubling) * 1000 / u64::from(FINE);
    Duration::from_micros(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::ZERO;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn every_time_is_within_an_eighth_of_its_bucket() {
        for millis in (1..4_000_000).step_by(37) {
            let upper = upper(bucket(ms(millis)));
            assert!(upper >= ms(millis), "{millis}");
            assert!(upper <= ms(millis) + ms(millis) / 8 + ms(1), "{millis}: {upper:?}");
        }
        assert_eq!(bucket(Duration::ZERO), 0);
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
        assert_eq!((upper(0), bucket(ms(1)), bucket(ms(2))), (Duration::from_micros(1125), 0, 8));
    }

    #[test]
    fn percentiles_need_twenty_times() {
        let mut times = Times::new(START);
        for _ in 0..19 {
            times.add(ms(100), START);
        }
        assert_eq!(times.percentile(50, START), None);
        times.add(ms(5000), START);
        let (half, most) = (times.percentile(50, START).unwrap(), times.percentile(99, START).unwrap());
        assert_eq!((half, most), (ms(104), ms(5120)));
        assert_eq!(times.percentile(95, START), Some(ms(104)), "19 of 20 were done by then");
        assert_eq!(times.percentile(96, START), Some(ms(5120)));
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut times = Times::new(START);
        for _ in 0..40 {
            times.add(ms(100), START);
        }
        assert!(times.percentile(50, ms(239_999)).is_some());
        assert!(times.percentile(50, ms(240_000)).is_none(), "a quarter is left");
        for _ in 0..20 {
            times.add(ms(1000), ms(240_000));
        }
        assert_eq!(times.percentile(50, ms(240_000)), Some(ms(1024)));
        assert_eq!(times.percentile(50, Duration::from_secs(1_000_000)), None);
        assert_eq!(times.total, 0);
    }

    #[test]
    fn it_does_not_overflow() {
        let mut times = Times::new(START);
        times.counts[5] = u32::MAX / 2;
        times.total = u32::MAX / 2 + 1;
        times.add(ms(1), START);
        assert!(times.total < u32::MAX / 2);
    }
}

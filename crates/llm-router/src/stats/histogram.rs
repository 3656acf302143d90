//! A histogram of durations that forgets: a fixed number of logarithmic buckets, percentiles within 3.2 %.

use std::time::{Duration, Instant};

/// Buckets in each power of two. A bucket is at most 1/16 of its lower bound wide, so its middle is at most 1/33 off.
const PER_OCTAVE: usize = 16;
/// Everything under 2^8 µs = 0.256 ms is one bucket.
const LOWEST_BITS: u32 = 8;
/// Everything from 2^32 µs = 72 min is the last one.
const HIGHEST_BITS: u32 = 32;
const BUCKETS: usize = 2 + (HIGHEST_BITS - LOWEST_BITS) as usize * PER_OCTAVE;
/// New observations weigh more instead of old ones less; after this many half-lives all weights are scaled back.
const RESCALE_AFTER: f64 = 20.0;

/// Durations that count half as much with every half-life. About 1.5 KiB.
///
/// A percentile is off by at most 3.2 % between 0.256 ms and 71 minutes; what lies outside counts as the border.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    weights: Box<[f32; BUCKETS]>,
    sum: f32,
    /// When an observation weighs 1.
    landmark: Option<Instant>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { weights: Box::new([0.0; BUCKETS]), sum: 0.0, landmark: None }
    }
}

#[allow(clippy::cast_possible_truncation)] // masked to four bits
fn bucket(micros: u64) -> usize {
    if micros < 1 << LOWEST_BITS {
        return 0;
    }
    let bits = micros.ilog2();
    if bits >= HIGHEST_BITS {
        return BUCKETS - 1;
    }
    let fraction = (micros >> (bits - PER_OCTAVE.ilog2())) as usize & (PER_OCTAVE - 1);
    1 + (bits - LOWEST_BITS) as usize * PER_OCTAVE + fraction
}

/// The value that stands for a bucket: the one whose relative error is the same at both of its ends.
fn middle(bucket: usize) -> u64 {
    if bucket == 0 {
        return 1 << (LOWEST_BITS - 1);
    }
    if bucket == BUCKETS - 1 {
        return 1 << HIGHEST_BITS;
    }
    let (octave, fraction) = ((bucket - 1) / PER_OCTAVE, (bucket - 1) % PER_OCTAVE);
    let unit = (1u64 << LOWEST_BITS << octave) / PER_OCTAVE as u64;
    let (low, high) = ((PER_OCTAVE + fraction) as u64, (PER_OCTAVE + fraction + 1) as u64);
    unit * 2 * low * high / (low + high)
}

impl Histogram {
    /// Takes one duration in.
    #[allow(clippy::cast_possible_truncation)] // the exponent is held small, and a weight needs no more digits
    pub(crate) fn add(&mut self, duration: Duration, half_life: Duration, now: Instant) {
        let landmark = *self.landmark.get_or_insert(now);
        let half_life = half_life.as_secs_f64().max(1e-9);
        let mut age = now.saturating_duration_since(landmark).as_secs_f64() / half_life;
        if age > RESCALE_AFTER {
            let scale = (-age).exp2() as f32;
            self.weights.iter_mut().for_each(|weight| *weight *= scale);
            self.sum = self.weights.iter().sum();
            self.landmark = Some(now);
            age = 0.0;
        }
        let weight = age.exp2() as f32;
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.weights[bucket(micros)] += weight;
        self.sum += weight;
    }

    /// The durations that this share of all (0.95 and the like) do not exceed, for several shares in rising order.
    /// Nothing before the first duration.
    pub(crate) fn percentiles<const N: usize>(&self, shares: [f32; N]) -> Option<[Duration; N]> {
        if self.sum <= 0.0 {
            return None;
        }
        let mut found = [Duration::ZERO; N];
        let (mut seen, mut next) = (0.0, 0);
        let mut last = 0;
        for (place, weight) in self.weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            seen += weight;
            last = place;
            while next < N && seen >= self.sum * shares[next] {
                found[next] = Duration::from_micros(middle(place));
                next += 1;
            }
        }
        // Sums of floats may fall short of the whole by their last digit.
        found[next..].fill(Duration::from_micros(middle(last)));
        Some(found)
    }
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss)] // small numbers
mod tests {
    use super::*;

    const HALF: Duration = Duration::from_secs(300);

    #[test]
    fn every_duration_falls_into_a_bucket_whose_middle_is_near() {
        for micros in (8..32).flat_map(|bits| (0..64).map(move |part| (1u64 << bits) + ((1u64 << bits) / 64) * part)) {
            let middle = middle(bucket(micros));
            let error = (middle as f64 - micros as f64).abs() / micros as f64;
            assert!(error <= 0.032, "{micros} µs became {middle} µs");
        }
        assert_eq!((bucket(0), bucket(255), bucket(256)), (0, 0, 1));
        assert_eq!((bucket((1 << 32) - 1), bucket(1 << 32), bucket(u64::MAX)), (BUCKETS - 2, BUCKETS - 1, BUCKETS - 1));
        assert!((1..BUCKETS).all(|place| middle(place) > middle(place - 1)));
    }

    #[tokio::test(start_paused = true)]
    async fn percentiles_are_those_of_the_sorted_list_within_the_stated_error() {
        let now = tokio::time::Instant::now().into_std();
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentiles([0.5]), None);
        let mut draw = 7u64;
        let mut all: Vec<u64> = (0..20_000)
            .map(|_| {
                draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // From 1 ms to about 22 s, more of the short ones.
                1_000 << ((draw >> 33) % 14) | (draw >> 50)
            })
            .collect();
        for micros in &all {
            histogram.add(Duration::from_micros(*micros), HALF, now);
        }
        all.sort_unstable();
        let found = histogram.percentiles([0.5, 0.9, 0.95, 0.99]).unwrap();
        for (share, found) in [50, 90, 95, 99].into_iter().zip(found) {
            let exact = all[all.len() * share / 100 - 1] as f64;
            let error = (found.as_micros() as f64 - exact).abs() / exact;
            assert!(error <= 0.032, "p{share}: {found:?} instead of {exact} µs");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn old_durations_give_way_to_new_ones_however_long_it_runs() {
        let start = tokio::time::Instant::now().into_std();
        let mut histogram = Histogram::default();
        for _ in 0..1_000 {
            histogram.add(Duration::from_secs(10), HALF, start);
        }
        // Ten half-lives: 1,000 old ones weigh less than one new.
        let later = start + 10 * HALF;
        (0..10).for_each(|_| histogram.add(Duration::from_millis(100), HALF, later));
        let [p50, p95] = histogram.percentiles([0.5, 0.9]).unwrap();
        assert!(p50 < Duration::from_millis(104) && p95 < Duration::from_millis(104), "{p50:?} {p95:?}");
        // A week with calls every minute stays finite.
        for minute in 0..7 * 24 * 60 {
            histogram.add(Duration::from_millis(200), HALF, later + Duration::from_secs(60 * minute));
        }
        let [p50] = histogram.percentiles([0.5]).unwrap();
        assert!(p50.abs_diff(Duration::from_millis(200)) < Duration::from_millis(7), "{p50:?}");
        // A year of silence, then one call.
        histogram.add(Duration::from_secs(1), HALF, later + Duration::from_secs(365 * 86_400));
        let [p50] = histogram.percentiles([0.5]).unwrap();
        assert!(p50.abs_diff(Duration::from_secs(1)) < Duration::from_millis(32), "{p50:?}");
    }
}

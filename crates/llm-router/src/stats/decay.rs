//! Numbers that forget: each halves with every half-life that passes.

use std::time::{Duration, Instant};

/// A count that halves with every half-life. Ten calls now count more than a hundred of yesterday.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Decayed {
    value: f64,
    at: Option<Instant>,
}

/// By how much a count shrinks in this time.
pub(crate) fn shrink(elapsed: Duration, half_life: Duration) -> f64 {
    (-elapsed.as_secs_f64() / half_life.as_secs_f64().max(1e-9)).exp2()
}

impl Decayed {
    /// Counts `amount`.
    pub(crate) fn add(&mut self, amount: f64, half_life: Duration, now: Instant) {
        self.value = self.value(half_life, now) + amount;
        self.at = Some(self.at.map_or(now, |at| at.max(now)));
    }

    /// What is left of it.
    pub(crate) fn value(&self, half_life: Duration, now: Instant) -> f64 {
        match self.at {
            Some(at) if now > at => self.value * shrink(now - at, half_life),
            _ => self.value,
        }
    }

    /// Events per second, for events that were counted as 1 each and come evenly.
    pub(crate) fn per_second(&self, half_life: Duration, now: Instant) -> f64 {
        self.value(half_life, now) * std::f64::consts::LN_2 / half_life.as_secs_f64().max(1e-9)
    }
}

/// A mean over values that count half as much with every half-life.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DecayedMean {
    sum: Decayed,
    weight: Decayed,
}

impl DecayedMean {
    /// Takes one value in.
    pub(crate) fn add(&mut self, value: f64, half_life: Duration, now: Instant) {
        self.sum.add(value, half_life, now);
        self.weight.add(1.0, half_life, now);
    }

    /// The mean; `None` before the first value. It stays when its values fade, only its weight shrinks.
    pub(crate) fn mean(&self) -> Option<f64> {
        (self.weight.value > 0.0).then(|| self.sum.value / self.weight.value)
    }

    /// How many values it is made of.
    pub(crate) fn weight(&self, half_life: Duration, now: Instant) -> f64 {
        self.weight.value(half_life, now)
    }
}

/// A smoothed value by number of observations: each new one counts `ALPHA`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ewma(Option<f64>);

/// What a new observation counts; the last ten make two thirds of the value.
const ALPHA: f64 = 0.1;

impl Ewma {
    pub(crate) fn add(&mut self, value: f64) {
        self.0 = Some(self.0.map_or(value, |old| old + ALPHA * (value - old)));
    }

    pub(crate) fn value(&self) -> Option<f64> {
        self.0
    }
}

/// A smoothed latency that jumps to a higher observation at once and comes down slowly, with time and with lower ones.
///
/// A target that turns slow is left at once, not after ten requests (the peak EWMA of Finagle's load balancer).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PeakEwma {
    cost: f64,
    at: Option<Instant>,
}

/// Half of a peak is forgotten in this time, as far as lower observations say so.
const PEAK_HALF_LIFE: Duration = Duration::from_secs(10);

impl PeakEwma {
    pub(crate) fn add(&mut self, value: f64, now: Instant) {
        self.cost = match self.at {
            Some(at) if value < self.cost => {
                let keep = shrink(now.saturating_duration_since(at), PEAK_HALF_LIFE);
                // Observations in the same instant also bring it down, by little.
                let keep = keep.min(1.0 - ALPHA / 4.0);
                value + (self.cost - value) * keep
            }
            _ => value,
        };
        self.at = Some(now);
    }

    pub(crate) fn value(&self) -> Option<f64> {
        self.at.map(|_| self.cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Duration = Duration::from_secs(60);

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn a_count_halves_with_its_half_life_and_knows_its_rate() {
        let start = tokio::time::Instant::now().into_std();
        let mut count = Decayed::default();
        count.add(8.0, HALF, start);
        assert!((count.value(HALF, at(start, 60)) - 4.0).abs() < 1e-9);
        count.add(1.0, HALF, at(start, 120));
        assert!((count.value(HALF, at(start, 120)) - 3.0).abs() < 1e-9);
        // An event that is told late changes nothing about the time.
        count.add(1.0, HALF, at(start, 60));
        assert!((count.value(HALF, at(start, 120)) - 4.0).abs() < 1e-9);

        let mut steady = Decayed::default();
        for second in 0..3_600 {
            (0..5).for_each(|_| steady.add(1.0, HALF, at(start, second)));
        }
        let rate = steady.per_second(HALF, at(start, 3_600));
        assert!((rate - 5.0).abs() < 0.1, "{rate}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_mean_follows_what_is_new_and_stays_when_nothing_comes() {
        let start = tokio::time::Instant::now().into_std();
        let mut mean = DecayedMean::default();
        assert_eq!(mean.mean(), None);
        mean.add(0.0, HALF, start);
        mean.add(1.0, HALF, at(start, 60));
        let expected = 1.0 / 1.5;
        assert!((mean.mean().unwrap() - expected).abs() < 1e-9);
        assert!((mean.weight(HALF, at(start, 6_000))) < 1e-9);
        assert!((mean.mean().unwrap() - expected).abs() < 1e-9);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peak_jumps_up_at_once_and_comes_down_slowly() {
        let start = tokio::time::Instant::now().into_std();
        let mut peak = PeakEwma::default();
        peak.add(100.0, start);
        peak.add(900.0, at(start, 1));
        assert!((peak.value().unwrap() - 900.0).abs() < 1e-9);
        peak.add(100.0, at(start, 11));
        assert!((peak.value().unwrap() - 500.0).abs() < 1e-9);
        peak.add(100.0, at(start, 11));
        assert!(peak.value().unwrap() < 500.0);
        let mut smooth = Ewma::default();
        smooth.add(100.0);
        smooth.add(200.0);
        assert!((smooth.value().unwrap() - 110.0).abs() < 1e-9);
    }
}

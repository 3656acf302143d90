//! What is believed of a target for one kind of request, and how it is learned.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::draws::Draws;
use crate::stats::shrink;

/// What is believed of a target for one kind of request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Belief {
    /// That a call ends well.
    pub success: Chance,
    /// That an answer is good.
    pub quality: Chance,
    /// The time to its first content, or to the whole where it is not streamed; logarithm of seconds.
    pub latency: Guess,
    /// The cost of an answer; logarithm of nano-dollars.
    pub cost: Guess,
}

/// A chance, by how often it came true; parts count, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chance {
    /// How often it did.
    pub good: f64,
    /// How often it did not.
    pub bad: f64,
}

/// A value that scatters, by its mean and variance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Guess {
    /// Observations.
    pub n: f64,
    /// Their mean.
    pub mean: f64,
    /// Their variance.
    pub variance: f64,
}

/// What is known of a chance before the first observation (Jeffreys' prior).
const PRIOR: f64 = 0.5;
/// The least variance of a mean's logarithm: no two answers take equally long.
const LEAST_VARIANCE: f64 = 0.01;
/// What a lower bound is below the mean, in standard deviations: 95 of 100 are above.
const Z95_ONE_SIDED: f64 = 1.645;

impl Chance {
    /// Observations.
    pub fn samples(&self) -> f64 {
        self.good + self.bad
    }

    /// The likeliest chance.
    pub fn mean(&self) -> f64 {
        (self.good + PRIOR) / (self.samples() + 2.0 * PRIOR)
    }

    /// The chance that it most likely exceeds: in 95 of 100 cases.
    pub fn lower(&self) -> f64 {
        let mean = self.mean();
        mean - Z95_ONE_SIDED * (mean * (1.0 - mean) / (self.samples() + 2.0 * PRIOR + 1.0)).sqrt()
    }

    pub(super) fn draw(&self, draws: &mut Draws) -> f64 {
        draws.beta(self.good + PRIOR, self.bad + PRIOR)
    }

    pub(super) fn plus(self, other: Self, part: f64) -> Self {
        Self { good: self.good + other.good * part, bad: self.bad + other.bad * part }
    }

    /// What is left of it without these observations.
    fn without(self, those: Self) -> Self {
        Self { good: (self.good - those.good).max(0.0), bad: (self.bad - those.bad).max(0.0) }
    }

    fn scale(&mut self, by: f64) {
        self.good *= by;
        self.bad *= by;
    }

    fn add(&mut self, good: f64, memory: f64) {
        self.scale(1.0 - 1.0 / memory);
        self.good += good;
        self.bad += 1.0 - good;
    }

    fn cut(self) -> Self {
        Self { good: cut(self.good), bad: cut(self.bad) }
    }
}

impl Guess {
    /// A value between those that the mean may have.
    pub(super) fn draw(&self, draws: &mut Draws) -> f64 {
        self.mean + draws.normal() * ((self.variance + LEAST_VARIANCE) / self.n.max(1.0)).sqrt()
    }

    fn plus(self, other: Self, part: f64) -> Self {
        let more = other.n * part;
        let n = self.n + more;
        if n <= 0.0 {
            return self;
        }
        let mean = (self.mean * self.n + other.mean * more) / n;
        let spread = |guess: Self, n: f64| n * (guess.variance + (guess.mean - mean).powi(2));
        Self { n, mean, variance: (spread(self, self.n) + spread(other, more)) / n }
    }

    /// What is left of it without these observations. The variance stays.
    fn without(self, those: Self) -> Self {
        let n = self.n - those.n;
        // Both fade at their own pace, so a small rest says nothing.
        if n < 1.0 {
            return Self::default();
        }
        Self { n, mean: (self.mean * self.n - those.mean * those.n) / n, variance: self.variance }
    }

    fn add(&mut self, value: f64, memory: f64) {
        self.n = self.n * (1.0 - 1.0 / memory) + 1.0;
        let step = value - self.mean;
        self.mean += step / self.n;
        // The weights sum to n; a new value moves the variance by what it is off, before and after.
        self.variance += (step * (value - self.mean) - self.variance) / self.n;
    }

    fn cut(self) -> Self {
        Self { n: cut(self.n), mean: cut(self.mean), variance: cut(self.variance) }
    }
}

/// To a millionth: such numbers come back from JSON as they were.
fn cut(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// What came of a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lesson {
    Success(bool),
    Quality(f64),
    Latency(Duration),
    Cost(u64),
}

/// A belief that fades.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fading {
    belief: Belief,
    pub(super) at: Instant,
}

impl Fading {
    pub(super) fn new(now: Instant) -> Self {
        Self { belief: Belief::default(), at: now }
    }

    /// The belief as it is now.
    pub(super) fn now(&self, half_life: Duration, now: Instant) -> Belief {
        let mut belief = self.belief;
        let by = shrink(now.saturating_duration_since(self.at), half_life);
        belief.success.scale(by);
        belief.quality.scale(by);
        belief.latency.n *= by;
        belief.cost.n *= by;
        belief
    }

    /// Learns. No more than `memory` observations ever count.
    #[allow(clippy::cast_precision_loss)] // amounts of money in a float
    pub(super) fn learn(&mut self, lesson: Lesson, half_life: Duration, memory: f64, now: Instant) {
        self.belief = self.now(half_life, now);
        self.at = self.at.max(now);
        let belief = &mut self.belief;
        match lesson {
            Lesson::Success(good) => belief.success.add(f64::from(u8::from(good)), memory),
            Lesson::Quality(score) => belief.quality.add(score, memory),
            Lesson::Latency(time) => belief.latency.add(time.as_secs_f64().max(1e-6).ln(), memory),
            Lesson::Cost(nanos) => belief.cost.add((nanos as f64).max(1.0).ln(), memory),
        }
    }
}

impl Belief {
    /// This belief, leaning on what `general` has beside it, with the weight of so many observations at most.
    pub(super) fn leaning_on(self, general: &Self, weight: f64) -> Self {
        let general = Self {
            success: general.success.without(self.success),
            quality: general.quality.without(self.quality),
            latency: general.latency.without(self.latency),
            cost: general.cost.without(self.cost),
        };
        let part = |n: f64| if n > 0.0 { (weight / n).min(1.0) } else { 0.0 };
        Self {
            success: self.success.plus(general.success, part(general.success.samples())).cut(),
            quality: self.quality.plus(general.quality, part(general.quality.samples())).cut(),
            latency: self.latency.plus(general.latency, part(general.latency.n)).cut(),
            cost: self.cost.plus(general.cost, part(general.cost.n)).cut(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn beliefs_follow_what_is_new_and_fade_with_time() {
        let start = tokio::time::Instant::now().into_std();
        let half_life = Duration::from_secs(3_600);
        let mut fading = Fading::new(start);
        for _ in 0..2_000 {
            fading.learn(Lesson::Success(true), half_life, 200.0, start);
            fading.learn(Lesson::Latency(Duration::from_secs(1)), half_life, 200.0, start);
        }
        let belief = fading.now(half_life, start);
        assert!((belief.success.samples() - 200.0).abs() < 1.0 && belief.success.mean() > 0.99);
        assert!(belief.latency.mean.abs() < 1e-6 && belief.latency.variance.abs() < 1e-6);
        // Two hundred failures weigh as much as all that was before and more.
        (0..200).for_each(|_| fading.learn(Lesson::Success(false), half_life, 200.0, start));
        assert!((fading.now(half_life, start).success.mean() - 0.37).abs() < 0.01);
        let later = fading.now(half_life, start + half_life);
        assert!((later.success.samples() - 100.0).abs() < 1.0);

        let mut guess = Guess::default();
        for n in 0..10_000u32 {
            guess.add(f64::from(n % 11), 1e9);
        }
        assert!((guess.mean - 5.0).abs() < 0.01 && (guess.variance - 10.0).abs() < 0.05, "{guess:?}");
    }

    #[test]
    fn a_kind_that_is_new_leans_on_all_kinds_and_an_old_one_hardly() {
        let chance = |good, bad| Belief { success: Chance { good, bad }, ..Belief::default() };
        let general = chance(900.0, 100.0);
        let fresh = chance(0.0, 0.0).leaning_on(&general, 10.0);
        assert!((fresh.success.samples() - 10.0).abs() < 1e-6 && (fresh.success.mean() - 0.86).abs() < 0.01);
        let known = chance(20.0, 180.0).leaning_on(&general, 10.0);
        assert!(known.success.mean() < 0.15);
        // Nothing counts twice.
        let only = chance(3.0, 1.0).leaning_on(&chance(3.0, 1.0), 10.0);
        assert!((only.success.samples() - 4.0).abs() < 1e-6);
        assert!(chance(90.0, 10.0).success.lower() < 0.9 && chance(90.0, 10.0).success.lower() > 0.83);
    }
}

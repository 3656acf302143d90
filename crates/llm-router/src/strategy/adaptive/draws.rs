//! Draws from distributions, from a seed: the same on every machine up to the last digit of its logarithm.

use crate::draw;

/// A row of draws.
pub(super) struct Draws(u64);

impl Draws {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Above 0 and below 1, evenly.
    pub(super) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        draw::unit(draw::mix(self.0))
    }

    /// Normal with mean 0 and variance 1 (Box and Muller).
    pub(super) fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Gamma with this shape and scale 1 (Marsaglia and Tsang 2000).
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.gamma(shape + 1.0) * self.unit().powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        // Each round ends it with a chance of 95 % at least.
        for _ in 0..64 {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.unit().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
        d
    }

    /// Beta with these two counts, each above 0.
    pub(super) fn beta(&mut self, good: f64, bad: f64) -> f64 {
        let (good, bad) = (self.gamma(good), self.gamma(bad));
        if good + bad > 0.0 { good / (good + bad) } else { 0.5 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(n: u32, mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let values: Vec<f64> = (0..n).map(|_| draw()).collect();
        let mean = values.iter().sum::<f64>() / f64::from(n);
        (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / f64::from(n))
    }

    #[test]
    fn draws_have_the_mean_and_variance_of_their_distributions() {
        let mut draws = Draws::new(1);
        let (mean, variance) = moments(20_000, || draws.normal());
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
        for (good, bad) in [(0.5, 0.5), (2.0, 5.0), (90.0, 10.0)] {
            let (mean, variance) = moments(20_000, || draws.beta(good, bad));
            let all: f64 = good + bad;
            let (wanted, spread) = (good / all, good * bad / (all * all * (all + 1.0)));
            assert!((mean - wanted).abs() < 0.01 && (variance / spread - 1.0).abs() < 0.06, "{mean} {variance}");
        }
    }
}

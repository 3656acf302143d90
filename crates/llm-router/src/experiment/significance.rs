//! The statistics of comparisons: intervals and p-values, without a library.
//!
//! All p-values are two-sided. The special functions are the usual ones (Lanczos' gamma, continued fractions of the
//! incomplete gamma and beta functions) and good to ten digits, far more than the data are worth.

/// What a significance of 95 % is in standard deviations.
const Z95: f64 = 1.959_963_984_540_054;
/// Expected counts below which a table of two proportions is too small for the normal approximation.
const SMALL: f64 = 5.0;

/// Number, mean and spread of values, one by one (Welford).
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Moments {
    pub(crate) n: u64,
    pub(crate) mean: f64,
    squares: f64,
}

#[allow(clippy::cast_precision_loss)] // counts of requests are far below 2^53
fn float(n: u64) -> f64 {
    n as f64
}

impl Moments {
    pub(crate) fn add(&mut self, value: f64) {
        self.n += 1;
        let step = value - self.mean;
        self.mean += step / float(self.n);
        self.squares += step * (value - self.mean);
    }

    /// The variance of the population, estimated; 0 below two values.
    pub(crate) fn variance(&self) -> f64 {
        if self.n < 2 { 0.0 } else { (self.squares / float(self.n - 1)).max(0.0) }
    }

    /// The interval that holds the true mean in 95 of 100 cases; the mean itself below two values.
    pub(crate) fn interval(&self) -> (f64, f64) {
        if self.n < 2 {
            return (self.mean, self.mean);
        }
        let half = student_quantile_975(float(self.n - 1)) * (self.variance() / float(self.n)).sqrt();
        (self.mean - half, self.mean + half)
    }
}

/// Wilson's interval of a proportion: holds the true one in 95 of 100 cases, also near 0 and 1.
pub(crate) fn wilson(successes: u64, n: u64) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (float(n), float(successes) / float(n));
    let z2 = Z95 * Z95;
    let middle = share + z2 / (2.0 * n);
    let half = Z95 * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let all = 1.0 + z2 / n;
    (((middle - half) / all).max(0.0), ((middle + half) / all).min(1.0))
}

/// How likely means so far apart are when there is no difference: Welch's test, for unequal spreads. `None` below two
/// values on either side.
pub(crate) fn welch(a: &Moments, b: &Moments) -> Option<f64> {
    if a.n < 2 || b.n < 2 {
        return None;
    }
    let (va, vb) = (a.variance() / float(a.n), b.variance() / float(b.n));
    let difference = a.mean - b.mean;
    if va + vb <= 0.0 {
        // No spread at all: the difference is certain, or there is none.
        return Some(if difference == 0.0 { 1.0 } else { 0.0 });
    }
    let t = difference / (va + vb).sqrt();
    let freedom = (va + vb).powi(2) / (va * va / float(a.n - 1) + vb * vb / float(b.n - 1));
    Some(student_two_sided(t, freedom))
}

/// How likely proportions so far apart are when there is no difference: the pooled z test, or Fisher's exact test where
/// an expected count is below 5. `None` without observations on either side.
pub(crate) fn proportions((sa, na): (u64, u64), (sb, nb): (u64, u64)) -> Option<f64> {
    if na == 0 || nb == 0 {
        return None;
    }
    let share = float(sa + sb) / float(na + nb);
    let least = float(na.min(nb)) * share.min(1.0 - share);
    if least < SMALL {
        return Some(fisher(sa, na - sa, sb, nb - sb));
    }
    let spread = (share * (1.0 - share) * (1.0 / float(na) + 1.0 / float(nb))).sqrt();
    let z = (float(sa) / float(na) - float(sb) / float(nb)) / spread;
    Some(normal_two_sided(z))
}

/// Fisher's exact test of a table of two by two: the chance of all tables that are no likelier than this one.
pub(crate) fn fisher(a: u64, b: u64, c: u64, d: u64) -> f64 {
    let (row, column, all) = (a + b, a + c, a + b + c + d);
    let lowest = (row + column).saturating_sub(all);
    let highest = row.min(column);
    let ln_choose = |n: u64, k: u64| ln_gamma(float(n) + 1.0) - ln_gamma(float(k) + 1.0) - ln_gamma(float(n - k) + 1.0);
    let ln_chance = |x: u64| ln_choose(row, x) + ln_choose(all - row, column - x) - ln_choose(all, column);
    let mine = ln_chance(a) + 1e-7;
    (lowest..=highest).map(ln_chance).filter(|chance| *chance <= mine).map(f64::exp).sum::<f64>().min(1.0)
}

/// The chance of a normal value at least so far from 0.
pub(crate) fn normal_two_sided(z: f64) -> f64 {
    upper_gamma_half(z * z / 2.0)
}

/// The chance of a value of Student's distribution at least so far from 0.
pub(crate) fn student_two_sided(t: f64, freedom: f64) -> f64 {
    incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t))
}

/// The value that Student's distribution exceeds in 2.5 of 100 cases.
fn student_quantile_975(freedom: f64) -> f64 {
    if freedom > 1e4 {
        return Z95;
    }
    let (mut low, mut high) = (Z95, 13.0);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if student_two_sided(middle, freedom) > 0.05 { low = middle } else { high = middle }
    }
    low
}

/// Lanczos' approximation with g = 7 and nine terms, for x ≥ 0.5.
fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let mut sum = 0.999_999_999_999_809_9;
    for (place, term) in (1..).zip(TERMS) {
        sum += term / (x + f64::from(place));
    }
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// Q(1/2, x), the upper incomplete gamma function, regularized.
fn upper_gamma_half(x: f64) -> f64 {
    const A: f64 = 0.5;
    if x <= 0.0 {
        return 1.0;
    }
    let front = (A * x.ln() - x - ln_gamma(A)).exp();
    if x < A + 1.0 {
        let (mut term, mut sum) = (1.0 / A, 1.0 / A);
        for n in 1..200 {
            term *= x / (A + f64::from(n));
            sum += term;
            if term < sum * 1e-16 {
                break;
            }
        }
        return 1.0 - sum * front;
    }
    // Lentz's method for the continued fraction.
    let mut b = x + 1.0 - A;
    let mut c = 1e300;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for n in 1..200 {
        let step = -f64::from(n) * (f64::from(n) - A);
        b += 2.0;
        d = 1.0 / (step * d + b);
        c = b + step / c;
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front * fraction
}

/// The incomplete beta function, regularized.
#[allow(clippy::many_single_char_names)] // the names of the books
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

#[allow(clippy::many_single_char_names)] // the names of the books
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let not_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / not_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for n in 1..300 {
        let m = f64::from(n);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for step in [even, odd] {
            d = 1.0 / not_zero(1.0 + step * d);
            c = not_zero(1.0 + step / c);
            fraction *= d * c;
        }
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, wanted: f64, within: f64) {
        assert!((found - wanted).abs() <= within, "{found} instead of {wanted}");
    }

    #[test]
    fn tails_are_those_of_the_tables() {
        near(normal_two_sided(1.959_963_984_540_054), 0.05, 1e-12);
        near(normal_two_sided(2.575_829_303_548_901), 0.01, 1e-12);
        near(normal_two_sided(0.5), 0.617_075_077_451_974, 1e-12);
        near(normal_two_sided(6.0), 1.973_175_290_075_4e-9, 1e-18);
        // Student: 10 degrees of freedom, 5 % at 2.228138852; one degree is Cauchy's: 2·atan.
        near(student_two_sided(2.228_138_851_964_939, 10.0), 0.05, 1e-10);
        near(student_two_sided(1.0, 1.0), 0.5, 1e-12);
        near(student_two_sided(-3.0, 1.0), 1.0 - 2.0 * 3f64.atan() / std::f64::consts::PI, 1e-12);
        near(student_quantile_975(10.0), 2.228_138_852, 1e-8);
        near(student_quantile_975(1.0), 12.706_204_736, 1e-8);
    }

    #[test]
    fn welch_is_that_of_the_sleep_data() {
        // Student's own data (1908), as R gives them: t = -1.8608, df = 17.776, p = 0.07939.
        let of = |values: [f64; 10]| {
            let mut moments = Moments::default();
            for value in values {
                moments.add(value);
            }
            moments
        };
        let a = of([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]);
        let b = of([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]);
        near(a.mean, 0.75, 1e-12);
        near(b.variance(), 4.009, 1e-9);
        near(welch(&a, &b).unwrap(), 0.079_39, 5e-6);
        // By hand: 2.262157 standard errors of 0.565735 around 0.75.
        near(a.interval().0, 0.75 - 2.262_157 * 0.565_735, 1e-5);
        assert_eq!(welch(&a, &Moments::default()), None);
    }

    #[test]
    fn fisher_is_that_of_the_tea_and_small_tables_use_it() {
        // The lady tasting tea: 34 of 70.
        near(fisher(3, 1, 1, 3), 34.0 / 70.0, 1e-10);
        // 8 of 10 against 1 of 6: 400 of the C(16, 9) = 11,440 tables are no likelier.
        near(fisher(8, 2, 1, 5), 400.0 / 11_440.0, 1e-10);
        near(proportions((3, 4), (1, 4)).unwrap(), 34.0 / 70.0, 1e-10);
        near(fisher(0, 5, 0, 7), 1.0, 1e-10);
        assert_eq!(proportions((0, 0), (1, 4)), None);
    }

    #[test]
    fn proportions_are_compared_by_the_pooled_test() {
        // 45 and 60 of 100: z = 0.15 / sqrt(0.525 · 0.475 · 0.02) = 2.12398.
        near(proportions((45, 100), (60, 100)).unwrap(), normal_two_sided(2.123_977), 1e-6);
        near(proportions((45, 100), (60, 100)).unwrap(), 0.033_67, 1e-5);
        near(proportions((50, 100), (50, 100)).unwrap(), 1.0, 1e-12);
    }

    #[test]
    fn wilsons_interval_is_that_of_the_books() {
        let (low, high) = wilson(8, 10);
        near(low, 0.490_162, 1e-6);
        near(high, 0.943_318, 1e-6);
        // None of ten is not "never": z² / (n + z²).
        near(wilson(0, 10).0, 0.0, 1e-12);
        near(wilson(0, 10).1, 0.277_533, 1e-6);
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }
}

//! Money: whole trillionths of a dollar, never floats.
//!
//! A price of micro-dollars per million tokens times tokens is exactly so many trillionths, so nothing is lost while a
//! request is priced. Ledgers, budgets and answers take the amount rounded once to billionths: [`Usd::rounded`].

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount of US dollars, exact to a trillionth. In configurations and JSON a text (`"0.12"`); a number is read, too.
///
/// Never negative, and as large as anything may get: arithmetic saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(u128);

/// Trillionths in a dollar.
const PICOS: u128 = 1_000_000_000_000;
/// Trillionths in a billionth.
const PER_NANO: u128 = 1000;
/// Trillionths in a millionth.
const PER_MICRO: u128 = 1_000_000;
/// Digits after the point that are kept.
const DIGITS: usize = 12;

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// More than there is.
    pub const MAX: Self = Self(u128::MAX);

    /// So many trillionths of a dollar.
    pub const fn from_picos(picos: u128) -> Self {
        Self(picos)
    }

    /// So many billionths of a dollar.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos as u128 * PER_NANO)
    }

    /// So many millionths of a dollar.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros as u128 * PER_MICRO)
    }

    /// An amount that a vendor reported as a float, to the nearest trillionth; `None` when it is no amount.
    pub fn from_f64(amount: f64) -> Option<Self> {
        if !amount.is_finite() || amount < 0.0 {
            return None;
        }
        // The shortest digits that mean this float are what the vendor wrote; Display never writes an exponent.
        let text = amount.to_string();
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        let kept: String = part.chars().take(DIGITS).collect();
        let Self(exact) = parts(whole, &kept)?;
        let rest = part.get(DIGITS..).unwrap_or_default();
        let first = rest.bytes().next().unwrap_or(b'0');
        let tie = first == b'5' && rest.bytes().skip(1).all(|digit| digit == b'0');
        let up = if tie { exact % 2 == 1 } else { first >= b'5' };
        Some(Self(exact + u128::from(up)))
    }

    /// In trillionths of a dollar.
    pub const fn picos(self) -> u128 {
        self.0
    }

    /// In billionths of a dollar, rounded as [`rounded`](Self::rounded) does.
    pub fn nanos(self) -> u64 {
        u64::try_from(self.rounded().0 / PER_NANO).unwrap_or(u64::MAX)
    }

    /// To the nearest billionth of a dollar, a half to the even one: the one rounding of money.
    pub const fn rounded(self) -> Self {
        let (nanos, rest) = (self.0 / PER_NANO, self.0 % PER_NANO);
        let up = rest > PER_NANO / 2 || (rest == PER_NANO / 2 && nanos % 2 == 1);
        Self((nanos + up as u128) * PER_NANO)
    }

    /// True for nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, at most [`MAX`](Self::MAX).
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left after `other`, at least nothing.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// What is left after `other`; `None` when that is more than there is.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// So many times the amount, at most [`MAX`](Self::MAX).
    pub const fn saturating_mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times as u128))
    }

    /// For metrics and charts only: floats are not exact.
    #[allow(clippy::cast_precision_loss, reason = "said in its documentation")]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / PICOS as f64
    }
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:0width$}", self.0 % PICOS, width = DIGITS);
        let digits = digits.trim_end_matches('0');
        write!(f, "{}", self.0 / PICOS)?;
        if digits.is_empty() { Ok(()) } else { write!(f, ".{digits}") }
    }
}

/// What is wrong with the text of an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no amount of dollars: write digits with at most {DIGITS} after the point and no sign, such as \"0.12\""
)]
pub struct ParseUsdError {
    text: String,
}

impl FromStr for Usd {
    type Err = ParseUsdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let amount = if text.ends_with('.') { None } else { parts(whole, part) };
        amount.ok_or_else(|| ParseUsdError { text: text.to_owned() })
    }
}

/// The digits before and after the point.
fn parts(whole: &str, part: &str) -> Option<Usd> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > DIGITS || !digits(whole) || !digits(part) {
        return None;
    }
    let whole: u128 = whole.parse().ok()?;
    let part: u128 = format!("{part:0<DIGITS$}").parse().ok()?;
    whole.checked_mul(PICOS)?.checked_add(part).map(Usd)
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Amount;

        impl Visitor<'_> for Amount {
            type Value = Usd;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount of dollars such as \"0.12\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Usd, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_f64<E: Error>(self, amount: f64) -> Result<Usd, E> {
                self.visit_str(&amount.to_string())
            }

            fn visit_u64<E: Error>(self, amount: u64) -> Result<Usd, E> {
                Ok(Usd(u128::from(amount) * PICOS))
            }

            fn visit_i64<E: Error>(self, amount: i64) -> Result<Usd, E> {
                let amount = u64::try_from(amount).map_err(|_| E::custom("an amount of dollars is not negative"))?;
                self.visit_u64(amount)
            }
        }

        deserializer.deserialize_any(Amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Usd {
        text.parse().unwrap()
    }

    #[test]
    fn an_amount_is_its_decimal_text() {
        for text in ["0", "1", "0.12", "0.000000000001", "12345678.9", "340000000000000"] {
            assert_eq!(usd(text).to_string(), text);
            assert_eq!(serde_json::to_value(usd(text)).unwrap(), text);
        }
        assert_eq!(usd("0.10").to_string(), "0.1");
        assert_eq!(usd("2"), Usd::from_micros(2_000_000));
        assert_eq!(usd("0.000000003"), Usd::from_nanos(3));
        for wrong in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "0.0000000000001", "1 ", "inf"] {
            assert!(wrong.parse::<Usd>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn configurations_may_give_a_number() {
        let read = |json: &str| serde_json::from_str::<Usd>(json).ok();
        assert_eq!(read("3"), Some(usd("3")));
        assert_eq!(read("0.1"), Some(usd("0.1")));
        assert_eq!(read("\"0.1\""), Some(usd("0.1")));
        assert_eq!(read("-1"), None);
        assert_eq!(read("-0.5"), None);
        assert_eq!(read("true"), None);
    }

    #[test]
    fn a_half_goes_to_the_even_billionth() {
        for (picos, nanos) in [(499, 0), (500, 0), (501, 1), (1499, 1), (1500, 2), (2500, 2), (2501, 3)] {
            assert_eq!(Usd::from_picos(picos).nanos(), nanos, "{picos}");
            assert_eq!(Usd::from_picos(picos).rounded(), Usd::from_nanos(nanos));
        }
        assert_eq!(Usd::MAX.nanos(), u64::MAX);
    }

    #[test]
    fn a_vendors_float_is_the_amount_it_was_written_as() {
        for (float, text) in [
            (0.000_123_45, "0.00012345"),
            (1.5e-7, "0.00000015"),
            (0.1, "0.1"),
            (3.0, "3"),
            (1e-13, "0"),
            (5e-13, "0"),
            (1.5e-12, "0.000000000002"),
            (1.234_567_890_123_56e-5, "0.000012345679"),
        ] {
            assert_eq!(Usd::from_f64(float), Some(usd(text)), "{float}");
        }
        for none in [-1.0, f64::NAN, f64::INFINITY, f64::MAX] {
            assert_eq!(Usd::from_f64(none), None, "{none}");
        }
    }

    #[test]
    fn arithmetic_stays_within_what_there_is() {
        assert_eq!(Usd::MAX + Usd::from_picos(1), Usd::MAX);
        assert_eq!(usd("1").saturating_sub(usd("2")), Usd::ZERO);
        assert_eq!(usd("1").checked_sub(usd("2")), None);
        assert_eq!([usd("0.1"), usd("0.2")].into_iter().sum::<Usd>(), usd("0.3"));
        assert_eq!(usd("0.25").saturating_mul(4), usd("1"));
    }
}

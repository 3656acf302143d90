//! Money and prices: whole billionths of a dollar, never floats. An unknown price is unknown, never 0.

use std::fmt;
use std::str::FromStr;

use llm_core::Target;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount of US dollars, exact to a billionth. In configurations and logs a text (`"0.12"`); a number is read, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(u64);

/// Billionths in a dollar.
const NANOS: u64 = 1_000_000_000;
/// Digits after the point that are kept.
const DIGITS: usize = 9;
/// Prices are per so many tokens.
const TOKENS: u128 = 1_000_000;

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many billionths of a dollar.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// So many millionths of a dollar.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros.saturating_mul(1000))
    }

    /// In billionths of a dollar.
    pub const fn nanos(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:0width$}", self.0 % NANOS, width = DIGITS);
        let digits = digits.trim_end_matches('0');
        write!(f, "{}", self.0 / NANOS)?;
        if digits.is_empty() { Ok(()) } else { write!(f, ".{digits}") }
    }
}

/// What is wrong with the text of an amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseUsdError(String);

impl fmt::Display for ParseUsdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no amount of dollars: write digits with at most nine after the point, such as \"0.12\"",
            self.0
        )
    }
}

impl std::error::Error for ParseUsdError {}

impl FromStr for Usd {
    type Err = ParseUsdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseUsdError(text.to_owned());
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || part.len() > DIGITS || text.ends_with('.') || !digits(whole) || !digits(part) {
            return Err(wrong());
        }
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        let part: u64 = format!("{part:0<DIGITS$}").parse().map_err(|_| wrong())?;
        whole.checked_mul(NANOS).and_then(|nanos| nanos.checked_add(part)).map(Self).ok_or_else(wrong)
    }
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
                amount.checked_mul(NANOS).map(Usd).ok_or_else(|| E::custom("the amount of dollars is too large"))
            }

            fn visit_i64<E: Error>(self, amount: i64) -> Result<Usd, E> {
                let amount = u64::try_from(amount).map_err(|_| E::custom("an amount of dollars is not negative"))?;
                self.visit_u64(amount)
            }
        }

        deserializer.deserialize_any(Amount)
    }
}

/// What a million tokens cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Price {
    /// A million input tokens; `None` is not known.
    pub input: Option<Usd>,
    /// A million output tokens; `None` is not known.
    pub output: Option<Usd>,
}

impl Price {
    /// Both prices.
    pub const fn new(input: Usd, output: Usd) -> Self {
        Self { input: Some(input), output: Some(output) }
    }

    /// What so many tokens cost, rounded up to a billionth of a dollar; `None` when one of the two prices is not known.
    pub fn cost(&self, input: u64, output: u64) -> Option<Usd> {
        let part = |tokens: u64, price: Usd| u128::from(tokens) * u128::from(price.0);
        let nanos = (part(input, self.input?) + part(output, self.output?)).div_ceil(TOKENS);
        Some(Usd(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }

    /// This price, with `other` where it says nothing.
    pub fn or(self, other: Self) -> Self {
        Self { input: self.input.or(other.input), output: self.output.or(other.output) }
    }
}

/// Knows what targets cost. Asked on every plan that depends on prices: must be fast and must not block.
pub trait Prices: Send + Sync + 'static {
    /// The price of a target; a part that is not known is `None`, never 0.
    fn price(&self, target: &Target) -> Price;
}

/// Knows how much of the budgets is left. Asked on every plan that depends on budgets: must be fast and must not block.
pub trait BudgetLeft: Send + Sync + 'static {
    /// The part of the daily budget that is left, from 0 to 1: that of a target, or of everything when `target` is
    /// `None`. `None` is "no budget".
    fn left(&self, tenant: Option<&str>, target: Option<&Target>) -> Option<f64>;
}

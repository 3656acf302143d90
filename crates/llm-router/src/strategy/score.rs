//! What an order came from, for people and for logs.

use std::borrow::Cow;
use std::fmt;

use llm_core::Usd;
use serde::{Deserialize, Serialize};

/// One part of what an order came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// What it is (`cost`, `calls`).
    pub what: Cow<'static, str>,
    /// How much.
    pub value: Measure,
}

impl Score {
    /// So much of something.
    pub const fn new(what: &'static str, value: Measure) -> Self {
        Self { what: Cow::Borrowed(what), value }
    }
}

/// How much something is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Measure {
    /// Not known.
    Unknown,
    /// An amount of money.
    Usd(Usd),
    /// A time in microseconds.
    Micros(u64),
    /// A number of things.
    Count(u64),
    /// A tier.
    Tier(i32),
    /// A part of the whole, from 0 to 1.
    Share(f64),
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("?"),
            Self::Usd(amount) => write!(f, "${amount}"),
            Self::Micros(time) => write!(f, "{}.{:03} ms", time / 1000, time % 1000),
            Self::Count(count) => write!(f, "{count}"),
            Self::Tier(tier) => write!(f, "{tier}"),
            Self::Share(share) => write!(f, "{share:.3}"),
        }
    }
}

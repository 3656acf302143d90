//! Hedging: asking a second target beside one that takes long, within a budget of extra calls.

use std::fmt;
use std::time::Duration;

use llm_core::duration_text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::share::Share;

/// When a second target is asked beside a slow one, and how often at most.
///
/// The first content event wins; the other call is dropped at once and still billed by many vendors, so hedges are off
/// unless a route asks for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HedgePolicy {
    /// After how long without content. Default `p95`.
    pub after: HedgeAfter,
    /// Further targets that are asked beside the first. Default 1.
    pub max_extra: u32,
    /// Extra calls as a share of all requests. Default 0.05.
    pub budget: Share,
}

impl Default for HedgePolicy {
    fn default() -> Self {
        Self { after: HedgeAfter::Percentile(95), max_extra: 1, budget: Share::percent(5) }
    }
}

impl HedgePolicy {
    /// After this time or percentile.
    pub fn after(after: HedgeAfter) -> Self {
        Self { after, ..Self::default() }
    }

    /// With so many targets beside the first.
    pub fn with_max_extra(mut self, max_extra: u32) -> Self {
        self.max_extra = max_extra;
        self
    }

    /// The share of extra calls in thousandths.
    pub(crate) fn share(&self) -> u64 {
        u64::try_from(self.budget.of(1000)).unwrap_or(1000)
    }

    /// With another share of extra calls.
    pub fn with_budget(mut self, budget: Share) -> Self {
        self.budget = budget;
        self
    }
}

/// How long a target may be without content before a hedge. As configuration `"p95"` or a duration (`"800ms"`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HedgeAfter {
    /// This percentile of the target's own times to first content, at least 500 ms; no hedge while it is not known.
    Percentile(u8),
    /// This time.
    Fixed(Duration),
}

impl fmt::Display for HedgeAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percentile(percentile) => write!(f, "p{percentile}"),
            Self::Fixed(time) => f.write_str(&duration_text::format(*time)),
        }
    }
}

impl Serialize for HedgeAfter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HedgeAfter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl serde::de::Visitor<'_> for Text {
            type Value = HedgeAfter;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(r#"a percentile from "p50" to "p99" or a duration such as "800ms""#)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<HedgeAfter, E> {
                let percentile = text.strip_prefix('p').and_then(|number| number.parse().ok());
                match percentile.filter(|percentile| (50..=99).contains(percentile)) {
                    Some(percentile) => Ok(HedgeAfter::Percentile(percentile)),
                    None => duration_text::parse(text)
                        .map(HedgeAfter::Fixed)
                        .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_str(Text)
    }
}

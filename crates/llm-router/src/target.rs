//! What an operator says of a target within a route.

use std::fmt;
use std::time::Duration;

use llm_core::{Timeouts, Usd, duration_text};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::money::Price;

/// A target of a route, by name. As configuration it is a text, or a table with its settings:
/// `"openai/gpt-5.4-mini"`, `{ id = "openai/gpt-5.4-mini", priority = 1, weight = 3, quality = 0.9, timeout = "30s" }`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TargetSpec {
    /// `provider/model`, or the name of a provider that has a default model.
    pub id: String,
    /// Tier: lower ones are asked first. Default 0.
    pub priority: i32,
    /// Share of the requests among targets that are as good otherwise; 0 is none at all. Strategies that divide requests
    /// take 1 for `None`; `priority` takes a tier without any weight as listed.
    pub weight: Option<u32>,
    /// How good its answers are, from 0 to 1, as the operator sees it.
    pub quality: Option<f64>,
    /// Where it runs (`eu`).
    pub region: Option<String>,
    /// Labels of the target. A request may ask for some with its tag [`REQUIRE`].
    pub tags: Vec<String>,
    /// What it costs, where the operator knows better than the price table.
    pub price: Price,
    /// Context window in tokens, where the operator knows better than the provider.
    pub context_window: Option<u64>,
    /// Requests that are thought to cost more do not come here.
    pub max_usd_per_request: Option<Usd>,
    /// Only requests with this label come here.
    pub only_if: Option<OnlyIf>,
    /// Longest time until an attempt here has its verdict, instead of the driver's own.
    pub timeout: Option<Duration>,
    /// Timers of an attempt here, instead of the call's own. Not in configurations.
    pub timeouts: Option<Timeouts>,
}

/// The tag of a request that names the labels its target must have, separated by commas.
pub const REQUIRE: &str = "require";

/// A label that a request must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnlyIf {
    /// The label's name.
    pub tag: String,
    /// Its value; any when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
}

impl OnlyIf {
    /// Requests whose label has this value.
    pub fn new(tag: impl Into<String>, is: impl Into<String>) -> Self {
        Self { tag: tag.into(), is: Some(is.into()) }
    }

    /// Whether a request with this value of the label is meant.
    pub fn admits(&self, value: Option<&str>) -> bool {
        has_value(value, self.is.as_deref())
    }
}

/// Whether a label is there, with this value where one is asked for.
pub(crate) fn has_value(value: Option<&str>, is: Option<&str>) -> bool {
    value.is_some_and(|value| is.is_none_or(|is| is == value))
}

impl TargetSpec {
    /// A target without settings.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// In another tier.
    pub fn with_priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// With a share of the requests; 0 is none.
    pub fn with_weight(mut self, weight: u32) -> Self {
        self.weight = Some(weight);
        self
    }

    /// As good as this, from 0 to 1.
    pub fn with_quality(mut self, quality: f64) -> Self {
        self.quality = Some(quality);
        self
    }

    /// In this region.
    pub fn with_region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// With one more label.
    pub fn with_tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// At this price.
    pub fn with_price(mut self, price: Price) -> Self {
        self.price = price;
        self
    }

    /// With this context window, in tokens.
    pub fn with_context_window(mut self, tokens: u64) -> Self {
        self.context_window = Some(tokens);
        self
    }

    /// For requests that are not thought to cost more.
    pub fn with_max_usd_per_request(mut self, most: Usd) -> Self {
        self.max_usd_per_request = Some(most);
        self
    }

    /// For requests with this label.
    pub fn with_only_if(mut self, only_if: OnlyIf) -> Self {
        self.only_if = Some(only_if);
        self
    }

    /// With its own longest time until an attempt has its verdict.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// With its own timers, such as those for a model that reasons for minutes.
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }

    /// What is wrong with its settings.
    pub(crate) fn problem(&self) -> Option<String> {
        match self.quality {
            Some(quality) if !(0.0..=1.0).contains(&quality) => {
                Some(format!("the target {:?} has the quality {quality}: write a number from 0 to 1", self.id))
            }
            _ => None,
        }
    }
}

impl<T: Into<String>> From<T> for TargetSpec {
    fn from(id: T) -> Self {
        Self::new(id)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    id: String,
    #[serde(default)]
    priority: i32,
    weight: Option<u32>,
    quality: Option<f64>,
    region: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    input_per_mtok: Option<Usd>,
    output_per_mtok: Option<Usd>,
    context_window: Option<u64>,
    max_usd_per_request: Option<Usd>,
    only_if: Option<OnlyIf>,
    #[serde(default, with = "duration_text::option")]
    timeout: Option<Duration>,
}

impl From<Table> for TargetSpec {
    fn from(table: Table) -> Self {
        Self {
            id: table.id,
            priority: table.priority,
            weight: table.weight,
            quality: table.quality,
            region: table.region,
            tags: table.tags,
            price: Price { input: table.input_per_mtok, output: table.output_per_mtok },
            context_window: table.context_window,
            max_usd_per_request: table.max_usd_per_request,
            only_if: table.only_if,
            timeout: table.timeout,
            timeouts: None,
        }
    }
}

impl<'de> Deserialize<'de> for TargetSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;

        impl<'de> Visitor<'de> for TextOrTable {
            type Value = TargetSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a target such as \"openai/gpt-5.4-mini\", or a table with its `id`")
            }

            fn visit_str<E: Error>(self, id: &str) -> Result<TargetSpec, E> {
                Ok(TargetSpec::new(id))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TargetSpec, A::Error> {
                Table::deserialize(MapAccessDeserializer::new(map)).map(Into::into)
            }
        }

        deserializer.deserialize_any(TextOrTable)
    }
}

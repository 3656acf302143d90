//! What an operator says of a target within a route.

use std::fmt;
use std::time::Duration;

use llm_core::{Timeouts, duration_text};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A target of a route, by name. As configuration it is a text, or a table with its settings:
/// `"openai/gpt-5.4-mini"`, `{ id = "openai/gpt-5.4-mini", priority = 1, timeout = "30s" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetSpec {
    /// `provider/model`, or the name of a provider that has a default model.
    pub id: String,
    /// Tier for the strategy `priority`: lower ones are asked first. Default 0.
    pub priority: i32,
    /// Longest time until an attempt here has its verdict, instead of the driver's own.
    pub timeout: Option<Duration>,
    /// Timers of an attempt here, instead of the call's own. Not in configurations.
    pub timeouts: Option<Timeouts>,
}

impl TargetSpec {
    /// A target without settings.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), priority: 0, timeout: None, timeouts: None }
    }

    /// In another tier.
    pub fn with_priority(mut self, priority: i32) -> Self {
        self.priority = priority;
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
    #[serde(default, with = "duration_text::option")]
    timeout: Option<Duration>,
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
                let Table { id, priority, timeout } = Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(TargetSpec { id, priority, timeout, timeouts: None })
            }
        }

        deserializer.deserialize_any(TextOrTable)
    }
}

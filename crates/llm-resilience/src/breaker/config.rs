//! A breaker policy as configuration: the name of a preset, or a table that changes single values of one.

use std::fmt;
use std::time::Duration;

use llm_core::duration_text;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::policy::BreakerPolicy;
use crate::share::Share;

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Preset {
    #[default]
    Default,
    Classic,
    Off,
}

impl Preset {
    fn policy(self) -> BreakerPolicy {
        match self {
            Self::Default => BreakerPolicy::default(),
            Self::Classic => BreakerPolicy::classic(),
            Self::Off => BreakerPolicy::off(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Table {
    preset: Preset,
    failures: Option<u32>,
    #[serde(with = "duration_text::option")]
    window: Option<Duration>,
    min_calls: Option<u32>,
    failure_rate: Option<Share>,
    #[serde(with = "duration_text::option")]
    slow_after: Option<Duration>,
    slow_rate: Option<Share>,
    #[serde(with = "duration_text::option")]
    open_for: Option<Duration>,
    growth: Option<u32>,
    #[serde(with = "duration_text::option")]
    max_open_for: Option<Duration>,
    jitter: Option<Share>,
    half_open_probes: Option<u32>,
    half_open_successes: Option<u32>,
}

impl From<Table> for BreakerPolicy {
    fn from(table: Table) -> Self {
        let preset = table.preset.policy();
        let open_for = table.open_for.unwrap_or(preset.open_for);
        Self {
            failures: table.failures.unwrap_or(preset.failures),
            window: table.window.unwrap_or(preset.window),
            min_calls: table.min_calls.unwrap_or(preset.min_calls),
            failure_rate: table.failure_rate.unwrap_or(preset.failure_rate),
            slow_after: table.slow_after.unwrap_or(preset.slow_after),
            slow_rate: table.slow_rate.unwrap_or(preset.slow_rate),
            open_for,
            growth: table.growth.unwrap_or(preset.growth),
            // Who asks for ten minutes alone means ten minutes.
            max_open_for: table.max_open_for.unwrap_or_else(|| preset.max_open_for.max(open_for)),
            jitter: table.jitter.unwrap_or(preset.jitter),
            half_open_probes: table.half_open_probes.unwrap_or(preset.half_open_probes),
            half_open_successes: table.half_open_successes.unwrap_or(preset.half_open_successes),
        }
    }
}

impl<'de> Deserialize<'de> for BreakerPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PresetOrTable;

        impl<'de> Visitor<'de> for PresetOrTable {
            type Value = BreakerPolicy;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a breaker preset (`default`, `classic`, `off`) or a table of breaker settings")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<BreakerPolicy, E> {
                Preset::deserialize(serde::de::value::StrDeserializer::new(name)).map(Preset::policy)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<BreakerPolicy, A::Error> {
                Table::deserialize(MapAccessDeserializer::new(map)).map(BreakerPolicy::from)
            }
        }

        deserializer.deserialize_any(PresetOrTable)
    }
}

impl Serialize for BreakerPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut table = serializer.serialize_struct("BreakerPolicy", 12)?;
        table.serialize_field("failures", &self.failures)?;
        table.serialize_field("window", &duration_text::format(self.window))?;
        table.serialize_field("min_calls", &self.min_calls)?;
        table.serialize_field("failure_rate", &self.failure_rate)?;
        table.serialize_field("slow_after", &duration_text::format(self.slow_after))?;
        table.serialize_field("slow_rate", &self.slow_rate)?;
        table.serialize_field("open_for", &duration_text::format(self.open_for))?;
        table.serialize_field("growth", &self.growth)?;
        table.serialize_field("max_open_for", &duration_text::format(self.max_open_for))?;
        table.serialize_field("jitter", &self.jitter)?;
        table.serialize_field("half_open_probes", &self.half_open_probes)?;
        table.serialize_field("half_open_successes", &self.half_open_successes)?;
        table.end()
    }
}

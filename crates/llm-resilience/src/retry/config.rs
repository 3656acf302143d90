//! A retry policy as configuration: the name of a preset, or a table that changes single values of one.

use std::fmt;
use std::time::Duration;

use llm_core::duration_text;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::policy::RetryPolicy;

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Preset {
    #[default]
    Default,
    Batch,
    Classic,
    None,
}

impl Preset {
    fn policy(self) -> RetryPolicy {
        match self {
            Self::Default => RetryPolicy::default(),
            Self::Batch => RetryPolicy::batch(),
            Self::Classic => RetryPolicy::classic(),
            Self::None => RetryPolicy::none(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Table {
    preset: Preset,
    max_retries: Option<u32>,
    max_attempts: Option<u32>,
    #[serde(with = "duration_text::option")]
    base: Option<Duration>,
    #[serde(with = "duration_text::option")]
    throttled_base: Option<Duration>,
    factor: Option<u32>,
    #[serde(with = "duration_text::option")]
    cap: Option<Duration>,
    #[serde(with = "duration_text::option")]
    max_hint: Option<Duration>,
    #[serde(with = "duration_text::option")]
    patience: Option<Duration>,
    max_replay: Option<u64>,
    jitter: Option<bool>,
}

impl From<Table> for RetryPolicy {
    fn from(table: Table) -> Self {
        let preset = table.preset.policy();
        let preset = match table.max_retries {
            Some(max_retries) => preset.with_max_retries(max_retries),
            None => preset,
        };
        Self {
            max_retries: preset.max_retries,
            max_attempts: table.max_attempts.unwrap_or(preset.max_attempts),
            base: table.base.unwrap_or(preset.base),
            throttled_base: table.throttled_base.unwrap_or(preset.throttled_base),
            factor: table.factor.unwrap_or(preset.factor),
            cap: table.cap.unwrap_or(preset.cap),
            max_hint: table.max_hint.unwrap_or(preset.max_hint),
            patience: table.patience.unwrap_or(preset.patience),
            max_replay: table.max_replay.unwrap_or(preset.max_replay),
            jitter: table.jitter.unwrap_or(preset.jitter),
        }
    }
}

impl<'de> Deserialize<'de> for RetryPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PresetOrTable;

        impl<'de> Visitor<'de> for PresetOrTable {
            type Value = RetryPolicy;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a retry preset (`default`, `batch`, `classic`, `none`) or a table of retry settings")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<RetryPolicy, E> {
                Preset::deserialize(serde::de::value::StrDeserializer::new(name)).map(Preset::policy)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RetryPolicy, A::Error> {
                Table::deserialize(MapAccessDeserializer::new(map)).map(RetryPolicy::from)
            }
        }

        deserializer.deserialize_any(PresetOrTable)
    }
}

impl Serialize for RetryPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut table = serializer.serialize_struct("RetryPolicy", 10)?;
        table.serialize_field("max_retries", &self.max_retries)?;
        table.serialize_field("max_attempts", &self.max_attempts)?;
        table.serialize_field("base", &duration_text::format(self.base))?;
        table.serialize_field("throttled_base", &duration_text::format(self.throttled_base))?;
        table.serialize_field("factor", &self.factor)?;
        table.serialize_field("cap", &duration_text::format(self.cap))?;
        table.serialize_field("max_hint", &duration_text::format(self.max_hint))?;
        table.serialize_field("patience", &duration_text::format(self.patience))?;
        table.serialize_field("max_replay", &self.max_replay)?;
        table.serialize_field("jitter", &self.jitter)?;
        table.end()
    }
}

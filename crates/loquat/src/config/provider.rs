//! One account at a vendor, or one server, as it is configured.

use std::time::Duration;

use llm_core::duration_text;
use llm_resilience::{BreakerPolicy, CoolDownPolicy, LimitPolicy};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// One account at a vendor, or one server.
#[derive(Clone)]
#[non_exhaustive]
pub struct ProviderConfig {
    /// Name of this instance, the part before the slash in `provider/model`.
    pub id: String,
    /// Id of the plugin; the instance's id when left out.
    pub kind: Option<String>,
    /// Where it runs (`eu`): requests may ask for a region, and a hedge goes to another one.
    pub region: Option<String>,
    /// [`Defaults::attempt_timeout`](super::Defaults::attempt_timeout) of its targets, where a target has none of its own.
    pub timeout: Option<Duration>,
    /// [`Defaults::breaker`](super::Defaults::breaker) of its targets.
    pub breaker: Option<BreakerPolicy>,
    /// How long a key that the vendor refused is left alone.
    pub cool_down: Option<CoolDownPolicy>,
    /// What the account allows all its models together: `rpm`, `tpm`, `max_in_flight` and what else
    /// [`LimitPolicy`] has, written among the other settings.
    pub limits: Option<LimitPolicy>,
    /// The plugin's own settings. Text may be `env:NAME` or `file:PATH`.
    ///
    /// `api_key` may also be a list, and then the keys take turns and step in for each other; a key in a file is followed
    /// when the file changes, and `cmd:PROGRAM ARGUMENTS` runs a program that prints it, where
    /// [`CredentialsConfig::commands`](super::CredentialsConfig::commands) allows that.
    pub settings: Map<String, Value>,
}

/// Settings that are limits, not the plugin's.
const LIMITS: [&str; 15] = [
    "rpm",
    "rpd",
    "tpm",
    "itpm",
    "otpm",
    "cached_input",
    "strict",
    "burst",
    "max_in_flight",
    "adaptive",
    "queue",
    "queue_timeout",
    "queue_target",
    "learn",
    "throttle",
];

impl<'de> Deserialize<'de> for ProviderConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Table {
            id: String,
            kind: Option<String>,
            region: Option<String>,
            #[serde(default, with = "duration_text::option")]
            timeout: Option<Duration>,
            breaker: Option<BreakerPolicy>,
            cool_down: Option<CoolDownPolicy>,
            #[serde(flatten)]
            settings: Map<String, Value>,
        }
        let Table { id, kind, region, timeout, breaker, cool_down, settings } = Table::deserialize(deserializer)?;
        if timeout.is_some_and(|timeout| timeout.is_zero()) {
            let what = "0 leaves no time for an answer, leave it out for the default";
            return Err(D::Error::custom(format_args!("timeout of the provider {id:?}: {what}")));
        }
        let (limits, settings): (Map<_, _>, Map<_, _>) =
            settings.into_iter().partition(|(key, _)| LIMITS.contains(&key.as_str()));
        let limits = if limits.is_empty() {
            None
        } else {
            let limits = LimitPolicy::deserialize(Value::Object(limits));
            Some(limits.map_err(|error| D::Error::custom(format_args!("the limits of {id}: {error}")))?)
        };
        Ok(Self { id, kind, region, timeout, breaker, cool_down, limits, settings })
    }
}

impl ProviderConfig {
    /// An account with settings of its plugin.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind: None,
            region: None,
            timeout: None,
            breaker: None,
            cool_down: None,
            limits: None,
            settings: Map::new(),
        }
    }

    /// Of this plugin, where the instance has a name of its own.
    #[must_use]
    pub fn with_kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// In this region.
    #[must_use]
    pub fn with_region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// With the longest time of one attempt at it.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// With what the account allows.
    #[must_use]
    pub fn with_limits(mut self, limits: LimitPolicy) -> Self {
        self.limits = Some(limits);
        self
    }

    /// With one setting of its plugin.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.settings.insert(key.to_owned(), value.into());
        self
    }
}

impl std::fmt::Debug for ProviderConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<&String> = self.settings.keys().collect();
        f.debug_struct("ProviderConfig")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("region", &self.region)
            .field("timeout", &self.timeout)
            .field("breaker", &self.breaker)
            .field("cool_down", &self.cool_down)
            .field("limits", &self.limits)
            .field("settings", &keys)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_limits_is_known_as_one() {
        let everything = LimitPolicy::default().with_rpm(1).with_max_in_flight(1);
        let keys = serde_json::to_value(everything).unwrap();
        for key in keys.as_object().unwrap().keys() {
            assert!(LIMITS.contains(&key.as_str()), "{key}");
        }
    }

    #[test]
    fn limits_stand_among_the_settings_of_the_plugin() {
        let config: ProviderConfig =
            toml::from_str("id = \"a\"\nrpm = 60\nqueue_timeout = \"5s\"\nbase_url = \"http://x\"\nregion = \"eu\"")
                .unwrap();
        let limits = config.limits.unwrap();
        assert_eq!((limits.rpm, limits.queue_timeout.as_secs()), (Some(60), 5));
        assert_eq!(config.settings.keys().collect::<Vec<_>>(), ["base_url"]);
        assert_eq!(config.region.as_deref(), Some("eu"));
        let error = toml::from_str::<ProviderConfig>("id = \"a\"\nrpm = \"many\"").unwrap_err();
        assert!(error.message().contains("the limits of a"), "{error}");
    }
}

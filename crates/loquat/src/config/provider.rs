//! One account at a vendor, or one server, as it is configured.

use serde::Deserialize;
use serde_json::{Map, Value};

/// One account at a vendor, or one server.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct ProviderConfig {
    /// Name of this instance, the part before the slash in `provider/model`.
    pub id: String,
    /// Id of the plugin; the instance's id when left out.
    #[serde(default)]
    pub kind: Option<String>,
    /// The plugin's own settings. Text may be `env:NAME` or `file:PATH`.
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}

impl ProviderConfig {
    /// An account with settings of its plugin.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), kind: None, settings: Map::new() }
    }

    /// Of this plugin, where the instance has a name of its own.
    #[must_use]
    pub fn with_kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// With one setting.
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
            .field("settings", &keys)
            .finish()
    }
}

//! Extensions: vendor-specific settings and facts, each under the name of who reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Provider id or wire family → JSON object. Only the named reader looks at its own entry.
///
/// In a request: `{"openai": {"prompt_cache_key": "k"}}` is sent by the openai plugin and by nobody else;
/// the key may be a wire family (`openai-chat`) to reach every provider that speaks it.
/// In an answer: what the vendor said and this crate has no field for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extensions(pub BTreeMap<String, Map<String, Value>>);

impl Extensions {
    /// True when there is no entry at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entry of one reader.
    pub fn of(&self, reader: &str) -> Option<&Map<String, Value>> {
        self.0.get(reader)
    }

    /// The entry of one reader, made when absent.
    pub fn of_mut(&mut self, reader: &str) -> &mut Map<String, Value> {
        self.0.entry(reader.to_owned()).or_default()
    }

    /// Sets one value of one reader.
    pub fn set(&mut self, reader: &str, key: &str, value: impl Into<Value>) {
        self.of_mut(reader).insert(key.to_owned(), value.into());
    }

    /// One value of one reader.
    pub fn value(&self, reader: &str, key: &str) -> Option<&Value> {
        self.0.get(reader)?.get(key)
    }
}

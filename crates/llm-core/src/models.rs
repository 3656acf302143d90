//! The operation that lists a provider's models.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::capability::Capabilities;

/// One model that a provider offers to this key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelInfo {
    /// The vendor's name of it.
    pub id: String,
    /// What it can do, as far as the vendor says.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// When it was made, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<u64>,
    /// The vendor's own description.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub raw: Value,
}

impl ModelInfo {
    /// A model of which only the name is known.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), capabilities: Capabilities::default(), created: None, raw: Value::Null }
    }
}

//! What a pool shows of itself.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{ErrorKind, duration_text};
use serde::Serialize;

/// One key of a pool, for people and dashboards. Shows which it is, never what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyStatus {
    /// The provider.
    pub provider: Arc<str>,
    /// Where the key comes from, as the operator wrote it; `literal` for one that stands in the configuration itself.
    pub source: String,
    /// The fingerprint of the key: eight digits that are worth nothing outside of this process. Missing where there is no
    /// key yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// Whether it may be used for some model at least.
    pub ready: bool,
    /// Where it is left alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cooling: Vec<KeyCooling>,
    /// Why its source could not be read, where that failed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A key that is left alone for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyCooling {
    /// At which model; everywhere where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Arc<str>>,
    /// What the vendor refused it with.
    pub reason: ErrorKind,
    /// For how long.
    #[serde(with = "duration_text")]
    pub retry_in: Duration,
}

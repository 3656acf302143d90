//! The plugin's settings.

use llm_core::Secret;
use serde::Deserialize;

/// What can be set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The API key, sent as `x-goog-api-key`.
    pub api_key: Option<Secret>,
    /// Address of the API without the version, for proxies.
    pub base_url: Option<String>,
    /// The version in the path: `v1beta` (default), which has every feature, `v1`, or `v1alpha`.
    pub api_version: Option<String>,
}

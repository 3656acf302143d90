//! The plugin's settings.

use llm_core::Secret;
use serde::Deserialize;

/// What can be set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The API key, sent as `Authorization: Bearer`.
    pub api_key: Option<Secret>,
    /// Address of the API without `/v2`, for proxies and private deployments.
    pub base_url: Option<String>,
    /// Name of the application, sent as `X-Client-Name`.
    pub client_name: Option<String>,
}

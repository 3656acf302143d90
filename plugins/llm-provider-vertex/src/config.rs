//! The plugin's settings.

use std::path::PathBuf;

use llm_core::Secret;
use serde::Deserialize;

/// What can be set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// An access token of Google's OAuth, sent as it is. It lasts an hour; for longer, name a credentials file.
    pub access_token: Option<Secret>,
    /// A file of application credentials: a service account's key, or those of `gcloud auth application-default login`.
    pub credentials_file: Option<PathBuf>,
    /// Ask the metadata server of the machine for tokens: on Compute Engine, GKE, Cloud Run.
    pub metadata: bool,
    /// The project that is billed.
    pub project: Option<String>,
    /// The location of the endpoints, by default `global`.
    pub location: Option<String>,
    /// Address of the API without the version, for proxies and private endpoints.
    pub base_url: Option<String>,
}

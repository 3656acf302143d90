//! The plugin's settings.

use llm_core::Secret;
use serde::Deserialize;

/// What can be set. A token goes before a Zen key, and both before an API key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// An API key of IBM Cloud, for which tokens are asked.
    pub api_key: Option<Secret>,
    /// A token, sent as it is: of IBM Cloud, where it lasts an hour, or of Cloud Pak for Data.
    pub token: Option<Secret>,
    /// A key of Cloud Pak for Data: the base64 text of `USER:KEY`.
    pub zen_api_key: Option<Secret>,
    /// The project that is billed.
    pub project: Option<String>,
    /// The deployment space that is billed instead.
    pub space_id: Option<String>,
    /// The region, by default `us-south`.
    pub region: Option<String>,
    /// Address of the service, instead of the region's.
    pub base_url: Option<String>,
    /// The version of the API, a date, by default the one that this plugin was written for.
    pub api_version: Option<String>,
    /// Who gives tokens, by default `https://iam.cloud.ibm.com`.
    pub iam_url: Option<String>,
}

//! The plugin's settings.

use std::collections::BTreeMap;
use std::path::PathBuf;

use llm_core::{Error, Secret};
use llm_wire_openai::dialect::ChatApi;
use serde::Deserialize;

/// What can be set. A key goes before every token.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// A key of the resource.
    pub api_key: Option<Secret>,
    /// Address of the resource, or one that the portal shows.
    pub base_url: Option<String>,
    /// A dated version of the API (`2025-04-01-preview`); nothing, `v1` or `preview` for the v1 API.
    pub api_version: Option<String>,
    /// Chat protocol: `auto` (where nothing is set), `chat` or `responses`.
    pub api: Option<String>,
    /// Which model stands behind a deployment, where their names differ.
    pub deployments: BTreeMap<String, String>,
    /// A token of Microsoft Entra ID, sent as it is. It lasts about an hour.
    pub access_token: Option<Secret>,
    /// The tenant (directory) that tokens are asked from.
    pub tenant_id: Option<String>,
    /// The application, or the managed identity that a machine has several of.
    pub client_id: Option<String>,
    /// The application's secret.
    pub client_secret: Option<Secret>,
    /// The file with a token of somebody whom the application trusts (workload identity), read anew for each token.
    pub federated_token_file: Option<PathBuf>,
    /// Ask the machine for tokens of its own identity: on virtual machines, App Service, Container Apps.
    pub managed_identity: bool,
    /// Where App Service and Container Apps give tokens; virtual machines have a fixed address.
    pub identity_endpoint: Option<String>,
    /// The header that goes with it.
    pub identity_header: Option<Secret>,
    /// Who gives tokens, by default `https://login.microsoftonline.com`.
    pub authority_host: Option<String>,
    /// What tokens are for, by default `https://cognitiveservices.azure.com/.default`.
    pub scope: Option<String>,
}

impl Config {
    pub(crate) fn chat_api(&self, id: &str) -> Result<ChatApi, Error> {
        ChatApi::of_word(filled(self.api.as_deref()).unwrap_or("auto"))
            .ok_or_else(|| llm_core::wrong_setting(id, "api", "it must be auto, chat or responses"))
    }
}

/// A text that says something.
pub(crate) fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// A secret that says something.
pub(crate) fn given(secret: Option<&Secret>) -> Option<Secret> {
    secret.filter(|secret| !secret.is_blank()).cloned()
}

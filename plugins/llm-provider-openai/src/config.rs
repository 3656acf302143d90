//! The plugin's settings.

use http::HeaderName;
use llm_core::{Error, Secret};
use llm_wire_openai::Connection;
use llm_wire_openai::dialect::ChatApi;
use serde::Deserialize;

/// What can be set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The API key.
    pub api_key: Option<Secret>,
    /// Address of the API with `/v1`, for proxies and regions.
    pub base_url: Option<String>,
    /// Sent as `OpenAI-Organization`.
    pub organization: Option<String>,
    /// Sent as `OpenAI-Project`.
    pub project: Option<String>,
    /// Chat protocol: `auto` (where nothing is set), `chat` or `responses`.
    pub api: Option<String>,
}

impl Config {
    pub(crate) fn chat_api(&self, id: &str) -> Result<ChatApi, Error> {
        let word = self.api.as_deref().map(str::trim).filter(|word| !word.is_empty());
        ChatApi::of_word(word.unwrap_or("auto"))
            .ok_or_else(|| llm_core::wrong_setting(id, "api", "it must be auto, chat or responses"))
    }

    pub(crate) fn connection(self) -> Connection {
        let header = |name, value: Option<String>| {
            let value = value.filter(|value| !value.trim().is_empty())?;
            Some((HeaderName::from_static(name), Secret::from(value)))
        };
        let headers = [header("openai-organization", self.organization), header("openai-project", self.project)];
        Connection {
            base_url: self.base_url.unwrap_or_else(|| "https://api.openai.com/v1".to_owned()),
            api_key: self.api_key,
            headers: headers.into_iter().flatten().collect(),
            ..Connection::default()
        }
    }
}

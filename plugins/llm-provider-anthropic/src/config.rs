//! The plugin's settings.

use llm_core::Secret;
use serde::{Deserialize, Deserializer};

/// What can be set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The API key, sent as `x-api-key`.
    pub api_key: Option<Secret>,
    /// A token, sent as `Authorization: Bearer`. Where it is set the API key is not sent.
    pub auth_token: Option<Secret>,
    /// Address of the API without `/v1`, for proxies and compatible servers.
    pub base_url: Option<String>,
    /// The API version to speak where a request does not need another: `2023-06-01` (default) or `2026-10-21`.
    pub api_version: Option<String>,
    /// Values for the header `anthropic-beta` of every request; in text form separated by commas.
    #[serde(deserialize_with = "words")]
    pub beta: Vec<String>,
}

/// A list of words, or one text with commas.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Words {
        List(Vec<String>),
        Text(String),
    }
    let words = match Words::deserialize(deserializer)? {
        Words::List(words) => words,
        Words::Text(text) => text.split(',').map(str::to_owned).collect(),
    };
    Ok(words.into_iter().map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect())
}

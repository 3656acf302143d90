//! Names of things: the target of an attempt and the origin of an answer.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One model of one configured provider, written `provider/model`.
///
/// The provider is the part before the first slash, so model names may contain slashes (`openrouter/meta/llama-4`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// Instance id of the provider (`openai`, `azure-eu`).
    pub provider: Arc<str>,
    /// The vendor's name of the model.
    pub model: Arc<str>,
}

impl Target {
    /// A target from its two names.
    pub fn new(provider: impl Into<Arc<str>>, model: impl Into<Arc<str>>) -> Self {
        Self { provider: provider.into(), model: model.into() }
    }
}

/// What is wrong with a target's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} does not name a target: write provider/model, for example openai/gpt-5.4-mini")]
pub struct ParseTargetError {
    text: String,
}

impl FromStr for Target {
    type Err = ParseTargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((provider, model)) if !provider.is_empty() && !model.is_empty() => Ok(Self::new(provider, model)),
            _ => Err(ParseTargetError { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

impl Serialize for Target {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Who produced an answer or a message: decides whether provider-bound state may be sent back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Wire family (`openai-chat`, `anthropic`, `gemini`, `ollama`, `local`).
    pub api: Cow<'static, str>,
    /// Instance id of the provider.
    pub provider: Arc<str>,
    /// The model that was asked for (the answer's own model name stands in the response).
    pub model: String,
}

impl Origin {
    /// An origin from its three names.
    pub fn new(api: &'static str, provider: impl Into<Arc<str>>, model: impl Into<String>) -> Self {
        Self { api: Cow::Borrowed(api), provider: provider.into(), model: model.into() }
    }

    /// Whether this origin is the given provider and model: signatures and encrypted items go back only there.
    pub fn is_target(&self, provider: &str, model: &str) -> bool {
        &*self.provider == provider && self.model == model
    }
}

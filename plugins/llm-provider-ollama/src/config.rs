//! The plugin's settings.

use llm_core::Secret;
use serde::Deserialize;
use serde_json::Value;

/// What can be set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Address of the server in any form that `OLLAMA_HOST` takes (`gpu-box`, `0.0.0.0:11434`, `https://ollama.com`).
    pub base_url: Option<String>,
    /// Sent as `Authorization: Bearer`; a local server needs none.
    pub api_key: Option<Secret>,
    /// Context window in tokens; the server's own default is small, and it cuts longer prompts in silence.
    pub num_ctx: Option<u32>,
    /// How long the server keeps a model loaded: a duration with a unit, a number of seconds, or -1 for ever.
    pub keep_alive: Option<Value>,
}

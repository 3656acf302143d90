#![doc = include_str!("../README.md")]

mod adapter;
mod base_url;
mod config;

use std::sync::Arc;

use llm_core::{BuildCx, Error, Provider, ProviderPlugin, Setting};
use serde_json::{Map, Value};

pub use adapter::Ollama;
pub use config::Config;

/// The plugin. No setting is required, because a local server needs none: that the provider is wanted shows in that it is
/// named, or in that `OLLAMA_HOST` or another of its variables is set.
pub static PLUGIN: ProviderPlugin =
    ProviderPlugin::new("ollama", "Ollama", build, env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .with_settings(&[
            Setting::optional("base_url", "Address of the server").with_default("http://localhost:11434").with_env(&[
                "OLLAMA_HOST",
                "OLLAMA_BASE_URL",
                "OLLAMA_API_BASE",
            ]),
            Setting::optional("api_key", "Key of ollama.com, or of a proxy before a server of your own")
                .with_env(&["OLLAMA_API_KEY"])
                .secret(),
            Setting::optional("num_ctx", "Context window in tokens that the server loads models with"),
            Setting::optional(
                "keep_alive",
                "How long the server keeps a model loaded: \"10m\", seconds, or -1 for ever",
            ),
        ])
        .with_default_model("qwen3:8b");

llm_core::register_provider!(PLUGIN);

fn build(config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    Ok(Arc::new(Ollama::new(cx, llm_core::read_config(config, cx)?)?))
}

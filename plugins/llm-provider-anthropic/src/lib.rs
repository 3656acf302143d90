#![doc = include_str!("../README.md")]

mod adapter;
mod config;
mod models;

use std::sync::Arc;

use llm_core::{BuildCx, Error, Provider, ProviderPlugin, Setting};
use serde_json::{Map, Value};

pub use adapter::Anthropic;
pub use config::Config;

/// The plugin.
pub static PLUGIN: ProviderPlugin =
    ProviderPlugin::new("anthropic", "Anthropic", build, env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .with_aliases(&["claude"])
        .with_settings(&[
            Setting::optional("api_key", "API key, sent as x-api-key").with_env(&["ANTHROPIC_API_KEY"]).secret(),
            Setting::optional("auth_token", "Token sent as Authorization: Bearer, instead of an API key")
                .with_env(&["ANTHROPIC_AUTH_TOKEN"])
                .secret(),
            Setting::optional("base_url", "Address of the API")
                .with_default("https://api.anthropic.com")
                .with_env(&["ANTHROPIC_BASE_URL"]),
            Setting::optional(
                "api_version",
                "API version where a request does not need another: 2023-06-01 or 2026-10-21",
            )
            .with_aliases(&["version"]),
            Setting::optional("beta", "Beta features for every request, as a list or separated by commas"),
        ])
        .with_ways(&[&["api_key"], &["auth_token"]])
        .with_default_model("claude-haiku-4-5");

llm_core::register_provider!(PLUGIN);

fn build(config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    Ok(Arc::new(Anthropic::new(cx, llm_core::read_config(config, cx)?)?))
}

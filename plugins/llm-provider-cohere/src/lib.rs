#![doc = include_str!("../README.md")]

mod adapter;
mod config;

use std::sync::Arc;

use llm_core::{BuildCx, Error, Provider, ProviderPlugin, Setting};
use serde_json::{Map, Value};

pub use adapter::Cohere;
pub use config::Config;

/// The plugin.
pub static PLUGIN: ProviderPlugin =
    ProviderPlugin::new("cohere", "Cohere", build, env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .with_settings(&[
            Setting::key("api_key", "API key, sent as Authorization: Bearer")
                .with_env(&["CO_API_KEY", "COHERE_API_KEY"]),
            Setting::optional("base_url", "Address of the API, without the version in its path")
                .with_default("https://api.cohere.com")
                .with_env(&["CO_API_URL", "CO_BASE_URL"]),
            Setting::optional("client_name", "Name of the application, which the vendor's support sees"),
        ])
        .with_default_model("command-a-03-2025");

llm_core::register_provider!(PLUGIN);

fn build(config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    Ok(Arc::new(Cohere::new(cx, llm_core::read_config(config, cx)?)?))
}

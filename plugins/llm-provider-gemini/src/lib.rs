#![doc = include_str!("../README.md")]

mod adapter;
mod config;
mod models;
mod paths;

use std::sync::Arc;

use llm_core::{BuildCx, Error, Provider, ProviderPlugin, Setting};
use serde_json::{Map, Value};

pub use adapter::Gemini;
pub use config::Config;

/// The plugin.
pub static PLUGIN: ProviderPlugin =
    ProviderPlugin::new("gemini", "Google Gemini", build, env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .with_aliases(&["google"])
        .with_settings(&[
            // GOOGLE_API_KEY wins over GEMINI_API_KEY, as in Google's own SDKs.
            Setting::key("api_key", "API key, sent as x-goog-api-key").with_env(&["GOOGLE_API_KEY", "GEMINI_API_KEY"]),
            Setting::optional("base_url", "Address of the API")
                .with_default("https://generativelanguage.googleapis.com")
                .with_env(&["GOOGLE_GEMINI_BASE_URL"]),
            Setting::optional("api_version", "Version in the path: v1beta (default), v1 or v1alpha")
                .with_aliases(&["version"]),
        ])
        .with_default_model("gemini-3.5-flash-lite");

llm_core::register_provider!(PLUGIN);

fn build(config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    Ok(Arc::new(Gemini::new(cx, llm_core::read_config(config, cx)?)?))
}

#![doc = include_str!("../README.md")]

mod adapter;
mod answer;
mod error;
mod models;
mod request;
mod stream;
mod turn;
mod vectors;

use std::sync::Arc;

use llm_core::{BuildCx, Error, Provider, ProviderPlugin, Secret, Setting};
use serde::Deserialize;
use serde_json::{Map, Value};

pub use adapter::Acme;

/// The wire family: what `ext` and items of this protocol are named after.
pub const API: &str = "acme";

/// What can be set. An unknown setting is an error.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The API key, sent as `x-acme-key`.
    pub api_key: Option<Secret>,
    /// Address of the API, for proxies and tests.
    pub base_url: Option<String>,
}

const BASE_URL: &str = "https://api.acme.example";

/// The plugin.
pub static PLUGIN: ProviderPlugin =
    ProviderPlugin::new("acme", "Acme AI", build, env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .with_settings(&[
            Setting::key("api_key", "API key, sent as x-acme-key").with_env(&["ACME_API_KEY"]),
            Setting::optional("base_url", "Address of the API, without the version in its path")
                .with_default(BASE_URL)
                .with_env(&["ACME_BASE_URL"]),
        ])
        .with_default_model("acme-1");

llm_core::register_provider!(PLUGIN);

fn build(config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    Ok(Arc::new(Acme::new(cx, llm_core::read_config(config, cx)?)?))
}

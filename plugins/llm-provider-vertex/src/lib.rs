#![doc = include_str!("../README.md")]

mod adapter;
mod chat;
mod config;
mod external;
mod models;
mod route;
mod token;

use std::sync::Arc;

use llm_core::{BuildCx, Error, Provider, ProviderPlugin, Setting};
use serde_json::{Map, Value};

pub use config::Config;

/// The plugin.
pub static PLUGIN: ProviderPlugin =
    ProviderPlugin::new("vertex", "Google Vertex AI", build, env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .with_aliases(&["vertex-ai", "vertexai"])
        .with_settings(&[
            Setting::optional("access_token", "Access token, sent as it is; it lasts an hour")
                .with_env(&["GOOGLE_VERTEX_ACCESS_TOKEN"])
                .secret(),
            Setting::optional("credentials_file", "A service account's key, or a user's application credentials")
                .with_env(&["GOOGLE_APPLICATION_CREDENTIALS"])
                .with_shared_env(&["GOOGLE_APPLICATION_CREDENTIALS"]),
            Setting::optional("metadata", "Whether the machine's metadata server is asked for tokens (true or false)"),
            Setting::optional("project", "Project that is billed")
                .with_aliases(&["project_id"])
                .with_env(&["GOOGLE_CLOUD_PROJECT"])
                .with_shared_env(&["GOOGLE_CLOUD_PROJECT"])
                .required(),
            Setting::optional("location", "Location of the endpoints")
                .with_env(&["GOOGLE_CLOUD_LOCATION"])
                .with_default(route::DEFAULT_LOCATION),
            Setting::optional("base_url", "Address of the API, for proxies and private endpoints")
                .with_env(&["GOOGLE_VERTEX_BASE_URL"]),
        ])
        .with_ways(&[&["credentials_file"], &["access_token"], &["metadata"]])
        .with_default_model("gemini-3.5-flash");

llm_core::register_provider!(PLUGIN);

fn build(config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    adapter::build(cx, &llm_core::read_config(config, cx)?)
}

#![doc = include_str!("../README.md")]

mod config;

use std::sync::Arc;

use llm_core::{BuildCx, Capabilities, Error, Provider, ProviderPlugin, Setting};
use llm_wire_openai::{Dialect, OpenAiAdapter};
use serde_json::{Map, Value};

pub use config::Config;

/// The plugin.
pub static PLUGIN: ProviderPlugin = ProviderPlugin::new(
    "openai-compatible",
    "OpenAI-compatible server",
    build,
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_VERSION"),
)
.with_aliases(&["vllm", "llamacpp", "lmstudio"])
.with_settings(&[
    Setting::optional("base_url", "Address of the server with the version in it, such as http://127.0.0.1:8000/v1")
        .with_env(&["OPENAI_COMPATIBLE_BASE_URL"])
        .required(),
    Setting::optional("headers", "More headers for every call, by their names; the values count as secret"),
    Setting::optional("api_key", "API key, where the server wants one")
        .with_env(&["OPENAI_COMPATIBLE_API_KEY"])
        .secret(),
]);

llm_core::register_provider!(PLUGIN);

fn build(config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    let config: Config = llm_core::read_config(config)?;
    let adapter = OpenAiAdapter::new(&PLUGIN, cx, Dialect::COMPATIBLE, config.connection(&cx.id)?)?;
    Ok(Arc::new(adapter.with_capabilities(Capabilities::chat())))
}

#![doc = include_str!("../README.md")]

mod config;
mod models;

use std::borrow::Cow;
use std::sync::Arc;

use llm_core::{BuildCx, Capabilities, Error, Provider, ProviderPlugin, Setting, Support};
use llm_wire_openai::vendor::Own;
use llm_wire_openai::{Dialect, OpenAiAdapter};
use serde_json::{Map, Value};

pub use config::Config;

/// The plugin.
pub static PLUGIN: ProviderPlugin =
    ProviderPlugin::new("openai", "OpenAI", build, env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .with_settings(&[
            Setting::key("api_key", "API key").with_env(&["OPENAI_API_KEY"]),
            Setting::optional("base_url", "Address of the API")
                .with_default("https://api.openai.com/v1")
                .with_env(&["OPENAI_BASE_URL"]),
            Setting::optional("organization", "Organisation that is billed, where the key belongs to several")
                .with_env(&["OPENAI_ORG_ID"]),
            Setting::optional("project", "Project that is billed, where the key belongs to several")
                .with_aliases(&["project_id"])
                .with_env(&["OPENAI_PROJECT_ID"]),
            Own::CHAT_API.setting,
        ])
        .with_default_model("gpt-5.4-mini");

llm_core::register_provider!(PLUGIN);

fn build(config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    let config: Config = llm_core::read_config(config, cx)?;
    let dialect = Dialect { chat_api: config.chat_api(&cx.id)?, ..Dialect::OPENAI };
    let adapter = OpenAiAdapter::new(&PLUGIN, cx, dialect, config.connection())?;
    Ok(Arc::new(adapter.with_capabilities(capabilities())))
}

/// What all chat models have in common; the cards say where one differs.
fn capabilities() -> Capabilities {
    let mut capabilities = Capabilities::chat();
    capabilities.embeddings = Support::Yes;
    capabilities.tools = Support::Yes;
    capabilities.parallel_tools = Support::Yes;
    capabilities.forced_tool = Support::Yes;
    capabilities.json_schema = Support::Yes;
    capabilities.media_inline = ["image/*", "application/pdf"].map(Cow::Borrowed).to_vec();
    capabilities.media_url = ["image/*"].map(Cow::Borrowed).to_vec();
    capabilities
}

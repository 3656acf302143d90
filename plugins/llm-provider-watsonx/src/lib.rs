#![doc = include_str!("../README.md")]

mod adapter;
mod answer;
mod body;
mod config;
mod dialect;
mod token;

use std::sync::Arc;

use llm_core::{BuildCx, Error, ModelCard, Provider, ProviderPlugin, Setting, Support};
use serde_json::{Map, Value};

pub use config::Config;

/// The plugin.
pub static PLUGIN: ProviderPlugin =
    ProviderPlugin::new("watsonx", "IBM watsonx.ai", build, env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .with_aliases(&["ibm", "ibm-watsonx"])
        .with_settings(&[
            Setting::optional("api_key", "API key of IBM Cloud, for which tokens are asked")
                .with_env(&["WATSONX_APIKEY", "WATSONX_API_KEY"])
                .secret(),
            Setting::optional("token", "Token, sent as it is").with_env(&["WATSONX_TOKEN"]).secret(),
            Setting::optional("zen_api_key", "Key of Cloud Pak for Data, the base64 text of USER:KEY")
                .with_env(&["WATSONX_ZENAPIKEY"])
                .secret(),
            Setting::optional("project", "Project that is billed")
                .with_aliases(&["project_id"])
                .with_env(&["WATSONX_PROJECT_ID"]),
            Setting::optional("space_id", "Deployment space that is billed instead")
                .with_env(&["WATSONX_DEPLOYMENT_SPACE_ID", "WATSONX_SPACE_ID"]),
            Setting::optional("region", "Region of the service").with_env(&["WATSONX_REGION"]).with_default("us-south"),
            Setting::optional("base_url", "Address of the service, instead of the region's")
                .with_env(&["WATSONX_URL", "WATSONX_API_BASE"]),
            Setting::optional("api_version", "Version of the API, a date")
                .with_aliases(&["version"])
                .with_default("2024-03-13"),
            Setting::optional("iam_url", "Who gives tokens").with_default("https://iam.cloud.ibm.com"),
        ])
        .with_ways(&[&["api_key"], &["token"], &["zen_api_key"]])
        .with_default_model("ibm/granite-4-h-small");

llm_core::register_provider!(PLUGIN);

// Limits: LiteLLM 1.106.2 and IBM's list of models (2026-11).
llm_core::model_cards! {
    ModelCard::new("watsonx", "ibm/granite-4-h-small").with_limits(131_072, 8_192),
    ModelCard::new("watsonx", "openai/gpt-oss-120b").with_limits(131_072, 131_072).with_reasoning(Support::Yes),
}

fn build(config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    adapter::build(cx, llm_core::read_config(config, cx)?)
}

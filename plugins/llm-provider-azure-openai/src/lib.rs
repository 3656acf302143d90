#![doc = include_str!("../README.md")]

mod adapter;
mod config;
mod deployments;
mod models;
mod place;
mod surface;
mod token;

use std::sync::Arc;

use llm_core::{BuildCx, Error, Provider, ProviderPlugin, Setting};
use llm_wire_openai::vendor::Own;
use serde_json::{Map, Value};

pub use config::Config;

/// The plugin.
pub static PLUGIN: ProviderPlugin =
    ProviderPlugin::new("azure", "Azure OpenAI", build, env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .with_aliases(&["azure-openai", "azure-foundry"])
        .with_settings(&[
            Setting::optional("api_key", "Key of the resource, where no token is asked for")
                .with_env(&["AZURE_OPENAI_KEY", "AZURE_OPENAI_API_KEY", "AZURE_API_KEY"])
                .secret(),
            Setting::optional("base_url", "Address of the resource, as the portal shows it")
                .with_env(&["AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE"])
                .required(),
            Setting::optional("api_version", "Dated version of the API; without one the v1 API is asked")
                .with_aliases(&["version"])
                .with_env(&["OPENAI_API_VERSION", "AZURE_API_VERSION"]),
            Own::CHAT_API.setting,
            Setting::optional("deployments", "Table of deployments and the models behind them, where names differ")
                .of_models(),
            Setting::optional("access_token", "Token of Microsoft Entra ID, sent as it is; it lasts about an hour")
                .with_env(&["AZURE_OPENAI_AD_TOKEN", "AZURE_AD_TOKEN"])
                .secret(),
            Setting::optional("tenant_id", "Tenant that tokens are asked from").with_env(&["AZURE_TENANT_ID"]),
            Setting::optional("client_id", "Application, or one of several managed identities")
                .with_env(&["AZURE_CLIENT_ID"]),
            Setting::optional("client_secret", "Secret of the application").with_env(&["AZURE_CLIENT_SECRET"]).secret(),
            Setting::optional("federated_token_file", "File with a token of workload identity")
                .with_env(&["AZURE_FEDERATED_TOKEN_FILE"]),
            Setting::optional("managed_identity", "Whether the machine is asked for tokens (true or false)"),
            Setting::optional("identity_endpoint", "Where App Service and Container Apps give tokens")
                .with_env(&["IDENTITY_ENDPOINT"]),
            Setting::optional("identity_header", "Header that goes with it").with_env(&["IDENTITY_HEADER"]).secret(),
            Setting::optional("authority_host", "Who gives tokens")
                .with_env(&["AZURE_AUTHORITY_HOST"])
                .with_default("https://login.microsoftonline.com"),
            Setting::optional("scope", "What tokens are for")
                .with_default("https://cognitiveservices.azure.com/.default"),
        ])
        .with_ways(&[
            &["api_key"],
            &["access_token"],
            &["tenant_id", "client_id", "client_secret"],
            &["tenant_id", "client_id", "federated_token_file"],
            &["managed_identity"],
            &["identity_endpoint"],
        ])
        .with_default_model("gpt-5.4-mini");

llm_core::register_provider!(PLUGIN);

fn build(config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    adapter::build(cx, llm_core::read_config(config, cx)?)
}

#![doc = include_str!("../README.md")]

mod account;
mod adapter;
mod call;
mod config;
mod credentials;
mod invoke;
mod mantle;
mod models;
mod route;
mod sigv4;

use std::sync::Arc;

use llm_core::{BuildCx, Error, Provider, ProviderPlugin, Setting};
use serde_json::{Map, Value};

pub use adapter::Bedrock;
pub use config::{ChatApi, Config};

/// The plugin.
pub static PLUGIN: ProviderPlugin =
    ProviderPlugin::new("bedrock", "Amazon Bedrock", build, env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .with_aliases(&["aws", "aws-bedrock"])
        .with_settings(&[
            Setting::optional("api_key", "Bedrock API key, sent as Authorization: Bearer")
                .with_env(&["AWS_BEARER_TOKEN_BEDROCK"])
                .secret(),
            Setting::optional("access_key_id", "Id of an access key, with which requests are signed")
                .with_env(&["AWS_ACCESS_KEY_ID"])
                .with_shared_env(&["AWS_ACCESS_KEY_ID"]),
            Setting::optional("secret_access_key", "Secret of the access key")
                .with_env(&["AWS_SECRET_ACCESS_KEY"])
                .with_shared_env(&["AWS_SECRET_ACCESS_KEY"])
                .secret(),
            Setting::optional("session_token", "Token of a temporary access key")
                .with_env(&["AWS_SESSION_TOKEN"])
                .ambient()
                .secret(),
            Setting::optional("profile", "Profile in AWS's shared files, instead of a key")
                .with_env(&["AWS_PROFILE"])
                .ambient(),
            Setting::optional("credentials_file", "Shared credentials file (default ~/.aws/credentials)")
                .with_env(&["AWS_SHARED_CREDENTIALS_FILE"])
                .ambient(),
            Setting::optional("config_file", "Shared config file (default ~/.aws/config)")
                .with_env(&["AWS_CONFIG_FILE"])
                .ambient(),
            Setting::optional("container_credentials", "Address of a container's credentials, instead of a key")
                .with_env(&["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"])
                .ambient(),
            Setting::optional("container_token", "Token for that address")
                .with_env(&["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
                .ambient()
                .secret(),
            Setting::optional("container_token_file", "File with the token for that address")
                .with_env(&["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
                .ambient(),
            Setting::optional("role_arn", "Role that trusts a token").with_env(&["AWS_ROLE_ARN"]).ambient(),
            Setting::optional("role_session_name", "Name of the role's sessions")
                .with_env(&["AWS_ROLE_SESSION_NAME"])
                .ambient()
                .with_default("loquat"),
            Setting::optional("web_identity_token_file", "File with the token that the role trusts")
                .with_env(&["AWS_WEB_IDENTITY_TOKEN_FILE"])
                .ambient(),
            Setting::optional("metadata", "Whether the machine's metadata service is asked (true or false)"),
            Setting::optional("metadata_url", "Address of the metadata service")
                .with_env(&["AWS_EC2_METADATA_SERVICE_ENDPOINT"]),
            Setting::optional("region", "Region of the endpoints")
                .with_env(&["AWS_REGION", "AWS_DEFAULT_REGION"])
                .with_default(route::DEFAULT_REGION),
            Setting::optional("base_url", "Address of the runtime API, for proxies and private endpoints")
                .with_env(&["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]),
            Setting::optional("api", "How models are asked: converse, invoke, mantle, mantle-chat or mantle-responses")
                .with_aliases(&["chat_api"])
                .with_default("converse"),
            Setting::optional(
                "invoke_form",
                "Form of InvokeModel's bodies for models that the catalogue does not know",
            ),
        ])
        .with_ways(&[
            &["api_key"],
            &["access_key_id", "secret_access_key"],
            &["profile"],
            &["credentials_file"],
            &["config_file"],
            &["role_arn", "web_identity_token_file"],
            &["container_credentials"],
            &["metadata"],
        ])
        .with_default_model("us.amazon.nova-2-lite-v1:0");

llm_core::register_provider!(PLUGIN);

fn build(config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    Ok(Arc::new(Bedrock::new(cx, &llm_core::read_config(config, cx)?)?))
}

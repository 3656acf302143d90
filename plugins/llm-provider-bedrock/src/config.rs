//! The plugin's settings.

use std::path::PathBuf;

use llm_core::Secret;
use serde::Deserialize;

/// What can be set. A Bedrock API key goes before a pair of access keys, and both before a profile.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// A Bedrock API key, sent as `Authorization: Bearer`.
    pub api_key: Option<Secret>,
    /// The id of an access key, with which requests are signed.
    pub access_key_id: Option<String>,
    /// The secret of that access key.
    pub secret_access_key: Option<Secret>,
    /// The token that belongs to a temporary access key.
    pub session_token: Option<Secret>,
    /// A profile in AWS's shared files; `default` where only files are named.
    pub profile: Option<String>,
    /// The shared credentials file, by default `~/.aws/credentials`.
    pub credentials_file: Option<PathBuf>,
    /// The shared config file, by default `~/.aws/config`.
    pub config_file: Option<PathBuf>,
    /// Where a container's credentials are: an address, or a path at 169.254.170.2.
    pub container_credentials: Option<String>,
    /// The token for that address.
    pub container_token: Option<Secret>,
    /// The file with the token for that address, read anew for each call.
    pub container_token_file: Option<PathBuf>,
    /// A role that trusts the token in `web_identity_token_file`.
    pub role_arn: Option<String>,
    /// What the role's sessions are called, by default `loquat`.
    pub role_session_name: Option<String>,
    /// The file with the token of somebody whom the role trusts, read anew for each key.
    pub web_identity_token_file: Option<PathBuf>,
    /// Ask the metadata service of the machine: on EC2.
    pub metadata: bool,
    /// Address of that service.
    pub metadata_url: Option<String>,
    /// The region, by default `us-east-1`.
    pub region: Option<String>,
    /// Address of the runtime API instead of the region's, for proxies and private endpoints.
    pub base_url: Option<String>,
    /// How models are asked.
    pub api: ChatApi,
    /// The form of the bodies of `InvokeModel`, for models that the catalogue does not know (ARNs): `messages`, `chat`,
    /// `converse`, `titan`, `llama`, `mistral`, `command`, `command-r`, `jurassic`.
    pub invoke_form: Option<String>,
}

/// How models are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ChatApi {
    /// Through Converse, which is one form for every model.
    #[default]
    Converse,
    /// Through `InvokeModel`, in each publisher's own form.
    Invoke,
    /// Through `bedrock-mantle`, the endpoint that speaks OpenAI's protocols: by chat completions, unless only the
    /// Responses API has the model or can take the request.
    Mantle,
    /// The same, by chat completions.
    MantleChat,
    /// The same, by the Responses API.
    MantleResponses,
}

impl ChatApi {
    /// The protocol of `bedrock-mantle`, where that is asked.
    pub(crate) fn mantle(self) -> Option<llm_wire_openai::dialect::ChatApi> {
        use llm_wire_openai::dialect::ChatApi as Spoken;
        match self {
            Self::Mantle => Some(Spoken::Both),
            Self::MantleChat => Some(Spoken::Completions),
            Self::MantleResponses => Some(Spoken::Responses),
            Self::Converse | Self::Invoke => None,
        }
    }
}

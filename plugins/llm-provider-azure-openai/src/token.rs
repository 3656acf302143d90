//! Tokens of Microsoft Entra ID: for an application by its secret or by somebody's token whom it trusts, or for the
//! machine itself. Each lasts about an hour (a machine's a day) and is renewed five minutes before its end.
//!
//! Sources: "OAuth 2.0 client credentials flow", "How to use managed identities for Azure resources on an Azure VM to
//! acquire an access token", "How to use managed identities for App Service", read 2026-11.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use http::{HeaderName, HeaderValue};
use llm_core::{Cx, Error, ErrorKind, HttpRequest, Progress, Secret};
use llm_wire::{Renewed, oauth, percent_encoded};

use crate::config::{Config, filled, given};

const AUTHORITY: &str = "https://login.microsoftonline.com";
const SCOPE: &str = "https://cognitiveservices.azure.com/.default";
/// Where a virtual machine gives tokens.
const MACHINE: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
const BEFORE_END: Duration = Duration::from_secs(300);
const WHOM: &str = "microsoft entra";

/// Where tokens come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// The settings.
    Fixed(Secret),
    /// Somebody who gives them.
    Asked(Asked, Renewed<Secret>),
    /// Nowhere: what is missing.
    Missing(String),
}

/// How a token is asked for.
#[derive(Debug)]
pub(crate) enum Asked {
    /// For an application.
    Application { url: String, client_id: String, scope: String, proof: Proof },
    /// For the machine.
    Machine { url: String, header: Option<Secret> },
}

/// By what an application is known.
#[derive(Debug)]
pub(crate) enum Proof {
    Secret(Secret),
    /// A file with a token of somebody whom it trusts.
    File(PathBuf),
}

impl Source {
    /// By the settings; `None` where they speak of no token at all.
    pub(crate) fn new(config: &Config, id: &str) -> Option<Self> {
        if let Some(token) = given(config.access_token.as_ref()) {
            return Some(Self::Fixed(token));
        }
        let (tenant, client) = (filled(config.tenant_id.as_deref()), filled(config.client_id.as_deref()));
        let scope = filled(config.scope.as_deref()).unwrap_or(SCOPE);
        let file = config.federated_token_file.clone().filter(|path| !path.as_os_str().is_empty());
        let proof = given(config.client_secret.as_ref()).map(Proof::Secret).or(file.map(Proof::File));
        let asked = match (proof, tenant, client) {
            (Some(proof), Some(tenant), Some(client)) => {
                let authority = filled(config.authority_host.as_deref()).unwrap_or(AUTHORITY).trim_end_matches('/');
                let url = format!("{authority}/{}/oauth2/v2.0/token", percent_encoded(tenant));
                Asked::Application { url, client_id: client.to_owned(), scope: scope.to_owned(), proof }
            }
            _ if config.managed_identity || filled(config.identity_endpoint.as_deref()).is_some() => {
                Asked::machine(config, scope, client)
            }
            (Some(_), ..) => {
                return Some(Self::Missing(format!(
                    "tenant or application missing: set AZURE_TENANT_ID and AZURE_CLIENT_ID, or providers.{id}.tenant_id \
                     and providers.{id}.client_id"
                )));
            }
            (None, ..) => return None,
        };
        Some(Self::Asked(asked, Renewed::new(BEFORE_END)))
    }

    /// A call with a token, made once more with another one where the token is refused.
    pub(crate) async fn call<R, C>(
        &self,
        cx: &Cx,
        now: fn() -> SystemTime,
        call: impl Fn(Secret) -> C + Send,
    ) -> Result<R, Error>
    where
        C: Future<Output = Result<R, Error>> + Send,
    {
        match self {
            Self::Fixed(token) => call(token.clone()).await,
            Self::Asked(asked, known) => {
                let ask = || async { oauth::token(cx, asked.request()?, WHOM, now()).await };
                known.call(now, ask, call).await
            }
            Self::Missing(what) => Err(missing(what.clone())),
        }
    }
}

impl Asked {
    fn machine(config: &Config, scope: &str, client: Option<&str>) -> Self {
        let (address, version) = match filled(config.identity_endpoint.as_deref()) {
            Some(address) => (address, "2019-08-01"),
            None => (MACHINE, "2018-02-01"),
        };
        let resource = percent_encoded(scope.strip_suffix("/.default").unwrap_or(scope));
        let client = client.map_or(String::new(), |client| format!("&client_id={}", percent_encoded(client)));
        Self::Machine {
            url: format!("{address}?api-version={version}&resource={resource}{client}"),
            header: given(config.identity_header.as_ref()),
        }
    }

    fn request(&self) -> Result<HttpRequest, Error> {
        match self {
            Self::Application { url, client_id, scope, proof } => {
                let known_by = match proof {
                    Proof::Secret(secret) => vec![("client_secret", secret.clone())],
                    Proof::File(path) => vec![
                        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".into()),
                        ("client_assertion", read(path)?),
                    ],
                };
                let about = [("grant_type", "client_credentials"), ("client_id", client_id), ("scope", scope)];
                let known_by = known_by.iter().map(|(name, value)| (*name, value.expose().trim()));
                Ok(oauth::form(url, about.into_iter().chain(known_by)))
            }
            Self::Machine { url, header } => {
                let mut request = HttpRequest::get(url);
                let (name, value) = match header {
                    Some(header) => ("x-identity-header", HeaderValue::from_str(header.expose().trim())),
                    None => ("metadata", Ok(HeaderValue::from_static("true"))),
                };
                let mut value =
                    value.map_err(|_| missing("identity_header has characters that no header can carry".to_owned()))?;
                value.set_sensitive(true);
                request.headers.insert(HeaderName::from_static(name), value);
                Ok(request)
            }
        }
    }
}

/// The platform writes a fresh token into the file before the old one ends.
fn read(path: &Path) -> Result<Secret, Error> {
    let text = std::fs::read_to_string(path);
    text.map(Secret::from)
        .map_err(|error| missing(format!("reading the federated token in {}: {error}", path.display())))
}

/// Nothing was sent because there is nothing to send it with.
fn missing(message: String) -> Error {
    Error::new(ErrorKind::Auth, message).with_progress(Progress::NotSent)
}

//! Tokens of Microsoft Entra ID: for an application by its secret or by somebody's token whom it trusts, or for the
//! machine itself. Each lasts about an hour (a machine's a day) and is renewed five minutes before its end.
//!
//! Sources: "OAuth 2.0 client credentials flow", "How to use managed identities for Azure resources on an Azure VM to
//! acquire an access token", "How to use managed identities for App Service", read 2026-11.

use std::path::PathBuf;
use std::time::SystemTime;

use http::{HeaderName, HeaderValue};
use llm_core::{Cx, Error, HttpRequest, Secret};
use llm_wire::oauth::{self, Issuer, Source, missing};
use llm_wire::{hidden_header, percent_encoded};

use crate::PLUGIN;
use crate::config::{Config, filled, given};

const AUTHORITY: &str = "https://login.microsoftonline.com";
const SCOPE: &str = "https://cognitiveservices.azure.com/.default";
/// Where a virtual machine gives tokens.
const MACHINE: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

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

/// Where tokens come from, by the settings; `None` where they speak of no token at all.
pub(crate) fn source(config: &Config, id: &str) -> Option<Source<Asked>> {
    if let Some(token) = given(config.access_token.as_ref()) {
        return Some(Source::Fixed(token));
    }
    let (tenant, client) = (filled(config.tenant_id.as_deref()), filled(config.client_id.as_deref()));
    let scope = filled(config.scope.as_deref()).unwrap_or(SCOPE);
    let file = config.federated_token_file.clone().filter(|path| !path.as_os_str().is_empty());
    let proof = given(config.client_secret.as_ref()).map(Proof::Secret).or(file.map(Proof::File));
    Some(match (proof, tenant, client) {
        (Some(proof), Some(tenant), Some(client)) => {
            let authority = filled(config.authority_host.as_deref()).unwrap_or(AUTHORITY).trim_end_matches('/');
            let url = format!("{authority}/{}/oauth2/v2.0/token", percent_encoded(tenant));
            let (client_id, scope) = (client.to_owned(), scope.to_owned());
            Source::issued(Asked::Application { url, client_id, scope, proof })
        }
        _ if config.managed_identity || filled(config.identity_endpoint.as_deref()).is_some() => {
            Source::issued(Asked::machine(config, scope, client))
        }
        (Some(_), ..) => Source::Missing(format!(
            "tenant or application missing: set {}, and {}",
            PLUGIN.how_to_set(id, &["tenant_id"]),
            PLUGIN.how_to_set(id, &["client_id"])
        )),
        (None, ..) => return None,
    })
}

impl Issuer for Asked {
    type Credential = Secret;

    async fn issue(&self, cx: &Cx, now: SystemTime) -> Result<(Secret, Option<SystemTime>), Error> {
        oauth::token(cx, self.request()?, "microsoft entra", now).await
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
                        ("client_assertion", oauth::secret_in(path, "the federated token")?),
                    ],
                };
                let about = [("grant_type", "client_credentials"), ("client_id", client_id), ("scope", scope)];
                let known_by = known_by.iter().map(|(name, value)| (*name, value.expose().trim()));
                Ok(oauth::form(url, about.into_iter().chain(known_by)))
            }
            Self::Machine { url, header } => {
                let mut request = HttpRequest::get(url);
                let (name, value) = match header {
                    Some(header) => ("x-identity-header", hidden_header(header.expose().trim())),
                    None => ("metadata", Some(HeaderValue::from_static("true"))),
                };
                let value = value.ok_or_else(|| missing("identity_header has characters that no header can carry"))?;
                request.headers.insert(HeaderName::from_static(name), value);
                Ok(request)
            }
        }
    }
}

//! Workload identity federation: somebody else's token, from a file or an address, becomes one of Google's, and with it, where
//! the credentials say so, one of a service account.
//!
//! Source: "Workload Identity Federation" and AIP-4117, read 2026-11. Credentials of AWS machines and programs that print a
//! token are not read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use llm_core::{Cx, Error, HttpRequest, Secret};
use llm_wire::oauth::{missing, refused, secret_in};
use llm_wire::{exchange, hidden_header, oauth, rfc3339};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::token::WHOM;

/// What is being done, for messages.
const ASKING: &str = "asking for an external account's token";

/// The credentials.
#[derive(Deserialize)]
pub(crate) struct External {
    audience: String,
    subject_token_type: String,
    token_url: String,
    credential_source: Source,
    service_account_impersonation_url: Option<String>,
}

/// Where the token is.
#[derive(Deserialize)]
struct Source {
    file: Option<PathBuf>,
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, Secret>,
    format: Option<Format>,
}

/// What stands there: the token, or JSON with it.
#[derive(Deserialize)]
struct Format {
    #[serde(rename = "type")]
    kind: String,
    subject_token_field_name: Option<String>,
}

impl External {
    /// A token of Google's, and when it ends.
    pub(crate) async fn token(
        &self,
        cx: &Cx,
        scope: &str,
        now: SystemTime,
    ) -> Result<(Secret, Option<SystemTime>), Error> {
        let subject = self.credential_source.subject(cx).await?;
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("audience", &*self.audience),
            ("scope", scope),
            ("subject_token_type", &*self.subject_token_type),
            ("subject_token", subject.expose().trim()),
        ];
        let (token, end) = oauth::token(cx, oauth::form(&*self.token_url, fields), WHOM, now).await?;
        match &self.service_account_impersonation_url {
            Some(url) => impersonate(cx, url, &token, scope).await,
            None => Ok((token, end)),
        }
    }
}

impl Source {
    async fn subject(&self, cx: &Cx) -> Result<Secret, Error> {
        let text = match (&self.file, &self.url) {
            (Some(path), _) => secret_in(path, "the token")?,
            (None, Some(url)) => {
                let mut request = HttpRequest::get(url);
                for (name, value) in &self.headers {
                    let name = HeaderName::try_from(name).ok();
                    request.headers.extend(name.zip(hidden_header(value.expose())));
                }
                let success = exchange::unary(cx, request, |response| refused(response, ASKING)).await?;
                String::from_utf8_lossy(&success.body).into_owned().into()
            }
            (None, None) => {
                return Err(missing("the credentials name neither a file nor an address of a token"));
            }
        };
        let field = self.format.as_ref().filter(|format| format.kind == "json");
        let Some(field) = field.and_then(|format| format.subject_token_field_name.as_deref()) else {
            return Ok(text);
        };
        let fields: Value = serde_json::from_str(text.expose()).unwrap_or_default();
        let token = fields[field].as_str();
        token.map(Secret::from).ok_or_else(|| missing(format!("reading the token: there is no field {field:?} in it")))
    }
}

/// A service account's token for that of somebody who may act as it.
async fn impersonate(cx: &Cx, url: &str, token: &Secret, scope: &str) -> Result<(Secret, Option<SystemTime>), Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        access_token: Secret,
        expire_time: Option<String>,
    }
    let mut request = HttpRequest::post_json(url, json!({ "scope": [scope] }).to_string());
    let headers: &mut HeaderMap = &mut request.headers;
    headers.extend(hidden_header(&format!("Bearer {}", token.expose())).map(|value| (AUTHORIZATION, value)));
    let success = exchange::unary(cx, request, |response| refused(response, ASKING)).await?;
    let answer: Answer = serde_json::from_slice(&success.body)
        .map_err(|_| missing("asking google for a service account's token: the answer is none"))?;
    Ok((answer.access_token, answer.expire_time.as_deref().and_then(rfc3339)))
}

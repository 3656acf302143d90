//! One account: how its requests are authorised, and what of it must never be shown.

use std::time::SystemTime;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use llm_core::{ChatStream, Cx, Error, ErrorKind, HttpRequest, Secret};
use llm_wire::hidden_header;
use llm_wire::oauth::missing;

use crate::PLUGIN;
use crate::config::Config;
use crate::credentials::{Asked, Container, Credentials, Files, Machine, Source, WebIdentity, of_call};
use crate::sigv4::{self, Scope, Signed};

const DATE: &str = "x-amz-date";
const TOKEN: &str = "x-amz-security-token";

/// Whose requests these are.
#[derive(Debug)]
pub(crate) enum Account {
    /// A Bedrock API key.
    Bearer(Secret),
    /// Access keys.
    Keys(Box<Source>),
}

/// What one call is authorised with.
#[derive(Clone, Debug)]
pub(crate) enum Authority {
    Bearer(Secret),
    Keys(Credentials),
}

impl Account {
    /// The account that the settings name. A wrong or missing key shows at the first call.
    pub(crate) fn new(id: &str, config: &Config, region: &str) -> Self {
        let filled = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let given = |secret: &Option<Secret>| secret.clone().filter(|secret| !secret.is_blank());
        let access_key_id = filled(config.access_key_id.as_deref());
        if let Some(key) = given(&config.api_key) {
            return Self::Bearer(key);
        }
        let profile = filled(config.profile.as_deref());
        Self::Keys(Box::new(match (access_key_id, given(&config.secret_access_key)) {
            (Some(access_key_id), Some(secret)) => Source::Fixed(Credentials {
                access_key_id,
                secret_access_key: secret,
                session_token: given(&config.session_token),
            }),
            (Some(_), None) => Source::Missing(format!(
                "secret access key missing: set {}",
                PLUGIN.how_to_set(id, &["secret_access_key"])
            )),
            _ if profile.is_some() || config.credentials_file.is_some() || config.config_file.is_some() => {
                let (credentials, config) = (config.credentials_file.clone(), config.config_file.clone());
                Source::issued(Asked::Files(Files::new(profile.as_deref(), credentials, config)))
            }
            _ => Self::elsewhere(id, config, region),
        }))
    }

    /// Access keys that somebody else gives.
    fn elsewhere(id: &str, config: &Config, region: &str) -> Source {
        let filled = |text: &'_ Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        if let (Some(file), Some(role)) = (&config.web_identity_token_file, filled(&config.role_arn)) {
            let session = filled(&config.role_session_name);
            let role = WebIdentity::new(region, &role, session.as_deref(), file.clone());
            return Source::issued(Asked::WebIdentity(role));
        }
        if let Some(address) = filled(&config.container_credentials) {
            let token = config.container_token.clone().filter(|token| !token.is_blank());
            let container = Container::new(&address, token, config.container_token_file.clone());
            return Source::issued(Asked::Container(container));
        }
        if config.metadata {
            return Source::issued(Asked::Machine(Machine::new(filled(&config.metadata_url).as_deref())));
        }
        Source::Missing(format!(
            "api key missing: set {}, an access key together with its secret",
            PLUGIN.how_to_set(id, &["api_key", "access_key_id", "profile"])
        ))
    }

    /// A call with what authorises it: its own credential instead of ours. Where a key that was given to us is refused,
    /// as one is that ended early, the call is made once more with another one.
    pub(crate) async fn call<R, C>(
        &self,
        cx: &Cx,
        now: fn() -> SystemTime,
        call: impl Fn(Authority) -> C + Send + Sync,
    ) -> Result<R, Error>
    where
        C: Future<Output = Result<R, Error>> + Send,
    {
        match (&cx.credential, self) {
            (Some(secret), _) => {
                call(of_call(secret).map_or_else(|| Authority::Bearer(secret.clone()), Authority::Keys)).await
            }
            (None, Self::Bearer(secret)) => call(Authority::Bearer(secret.clone())).await,
            (None, Self::Keys(source)) => source.call(cx, now, |keys| call(Authority::Keys(keys))).await,
        }
    }
}

impl Authority {
    /// A request with its authorisation.
    pub(crate) fn request(
        &self,
        method: Method,
        url: String,
        body: Vec<u8>,
        place: (&str, &str),
        now: SystemTime,
    ) -> Result<HttpRequest, Error> {
        let mut headers = HeaderMap::with_capacity(8);
        if method == Method::POST {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        match self {
            Self::Bearer(secret) => {
                headers.insert(AUTHORIZATION, sensitive(&format!("Bearer {}", secret.expose().trim()))?);
            }
            Self::Keys(keys) => sign(keys, &method, &url, &body, place, now, &mut headers)?,
        }
        Ok(HttpRequest { method, url, headers, body: body.into() })
    }

    /// An error without our credential in it, should the server have repeated it.
    pub(crate) fn hide(&self, error: Error) -> Error {
        match self {
            Self::Bearer(secret) => error.scrubbed(secret),
            Self::Keys(keys) => {
                let error = error.scrubbed(&keys.secret_access_key);
                keys.session_token.as_ref().map_or_else(|| error.clone(), |token| error.clone().scrubbed(token))
            }
        }
    }

    /// A stream whose errors do not show the one secret that travels.
    pub(crate) fn hide_in(&self, stream: ChatStream) -> ChatStream {
        match self {
            Self::Bearer(secret) => stream.scrubbed(secret.clone()),
            Self::Keys(Credentials { session_token: Some(token), .. }) => stream.scrubbed(token.clone()),
            Self::Keys(_) => stream,
        }
    }
}

/// A header that is never shown.
fn sensitive(text: &str) -> Result<HeaderValue, Error> {
    hidden_header(text).ok_or_else(|| missing("the credential of bedrock has characters that no header can carry"))
}

/// Adds the signature, and the headers that are signed with it.
fn sign(
    keys: &Credentials,
    method: &Method,
    url: &str,
    body: &[u8],
    (region, service): (&str, &str),
    now: SystemTime,
    headers: &mut HeaderMap,
) -> Result<(), Error> {
    let (host, path, query) = parts(url)?;
    let date = sigv4::timestamp(now);
    let token = keys.session_token.as_ref().map(|token| token.expose().trim());
    let mut signed: Vec<(&str, &str)> = Vec::with_capacity(4);
    if headers.contains_key(CONTENT_TYPE) {
        signed.push((CONTENT_TYPE.as_str(), "application/json"));
    }
    signed.extend([(HOST.as_str(), host), (DATE, &date)]);
    signed.extend(token.map(|token| (TOKEN, token)));
    let request = Signed { method: method.as_str(), path, query, headers: &signed, body };
    let scope = Scope {
        access_key_id: &keys.access_key_id,
        secret_access_key: keys.secret_access_key.expose().trim(),
        region,
        service,
    };
    headers.insert(AUTHORIZATION, sensitive(&sigv4::authorization(&request, &scope, &date))?);
    if let Some(token) = token {
        headers.insert(HeaderName::from_static(TOKEN), sensitive(token)?);
    }
    headers.insert(HeaderName::from_static(DATE), sensitive(&date)?);
    Ok(())
}

/// Host, path and query of an address of ours.
fn parts(url: &str) -> Result<(&str, &str, &str), Error> {
    let wrong = || Error::new(ErrorKind::Internal, "signing a request: its address is none");
    let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, rest) = rest.split_at(at);
    // The port that the scheme means is not sent.
    let usual = if scheme == "https" { ":443" } else { ":80" };
    let host = host.strip_suffix(usual).unwrap_or(host);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    Ok((host, path, query))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_signed_as_it_is_sent() {
        let check = |url, expected| assert_eq!(parts(url).unwrap(), expected);
        check("https://host.test/model/a%3A0/converse", ("host.test", "/model/a%3A0/converse", ""));
        check("http://127.0.0.1:8080/x?b=1&a=2", ("127.0.0.1:8080", "/x", "b=1&a=2"));
        check("https://host.test:443", ("host.test", "", ""));
        assert!(parts("host.test").is_err());
    }
}

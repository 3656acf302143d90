//! Where a call goes and what stands in its headers.

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use llm_core::{Error, ErrorKind, Secret};
use llm_wire_anthropic::Version;

const DEFAULT_BASE: &str = "https://api.anthropic.com";
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const VERSION: HeaderName = HeaderName::from_static("anthropic-version");
const BETA: HeaderName = HeaderName::from_static("anthropic-beta");

/// How the credential is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// `x-api-key`.
    ApiKey,
    /// `Authorization: Bearer`.
    Bearer,
}

/// Addresses and constant headers of one account.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) messages: String,
    pub(crate) count_tokens: String,
    pub(crate) models: String,
    headers: HeaderMap,
    beta: String,
    scheme: Scheme,
    /// The credential, to keep it out of errors; `None` when there is none.
    pub(crate) secret: Option<Secret>,
}

impl Route {
    pub(crate) fn new(
        base: Option<&str>,
        scheme: Scheme,
        secret: Option<&Secret>,
        beta: &[String],
    ) -> Result<Self, Error> {
        let base = normalize(base.map(str::trim).filter(|base| !base.is_empty()).unwrap_or(DEFAULT_BASE))?;
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let route = Self {
            messages: format!("{base}/v1/messages"),
            count_tokens: format!("{base}/v1/messages/count_tokens"),
            models: format!("{base}/v1/models?limit=1000"),
            headers,
            beta: beta.join(","),
            scheme,
            secret: None,
        };
        match secret.filter(|secret| !secret.is_blank()) {
            Some(secret) => route.with_secret(secret),
            None => Ok(route),
        }
    }

    /// The same route with another credential.
    pub(crate) fn with_secret(mut self, secret: &Secret) -> Result<Self, Error> {
        let secret_text = secret.expose().trim();
        let value = match self.scheme {
            Scheme::ApiKey => HeaderValue::from_str(secret_text),
            Scheme::Bearer => HeaderValue::try_from(format!("Bearer {secret_text}")),
        };
        let mut value = value.map_err(|_| {
            Error::new(ErrorKind::Config, "reading the credential of anthropic: no header can carry its characters")
        })?;
        value.set_sensitive(true);
        let name = if self.scheme == Scheme::ApiKey { API_KEY } else { AUTHORIZATION };
        self.headers.insert(name, value);
        self.secret = Some(secret.clone());
        Ok(self)
    }

    /// The same account at another address.
    pub(crate) fn at(&self, base: &str, secret: &Secret) -> Result<Self, Error> {
        let mut route = Self::new(Some(base), self.scheme, Some(secret), &[])?;
        route.beta.clone_from(&self.beta);
        Ok(route)
    }

    /// The headers of one request.
    pub(crate) fn headers(&self, version: Version, betas: &[String]) -> Result<HeaderMap, Error> {
        let mut headers = self.headers.clone();
        headers.insert(VERSION, HeaderValue::from_static(version.as_str()));
        if !self.beta.is_empty() || !betas.is_empty() {
            let own = Some(self.beta.as_str()).filter(|beta| !beta.is_empty());
            let all: Vec<&str> = own.into_iter().chain(betas.iter().map(String::as_str)).collect();
            let value = HeaderValue::try_from(all.join(",")).map_err(|_| {
                Error::new(ErrorKind::InvalidRequest, "naming beta features: no header can carry their characters")
                    .with_param("ext.anthropic.betas")
            })?;
            headers.insert(BETA, value);
        }
        Ok(headers)
    }
}

/// An address without a slash at its end. `/v1` is left out: other clients' variables hold it, the vendor's do not.
fn normalize(text: &str) -> Result<String, Error> {
    let wrong = |what: &str| {
        Error::new(
            ErrorKind::Config,
            format!("reading the address of anthropic (base_url, ANTHROPIC_BASE_URL): {what}"),
        )
    };
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return Err(wrong("it must begin with https:// or http://"));
    }
    if text.contains(['?', '#', '@']) || text.contains(char::is_whitespace) || text.contains(char::is_control) {
        return Err(wrong("it must be a host with a port and a path, and nothing else"));
    }
    let text = text.trim_end_matches('/');
    Ok(text.strip_suffix("/v1").unwrap_or(text).trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_slash_or_the_version_at_its_end() {
        let check = |text, expected| assert_eq!(normalize(text).unwrap(), expected);
        check("https://api.anthropic.com", "https://api.anthropic.com");
        check("https://api.anthropic.com/", "https://api.anthropic.com");
        check("https://proxy.test/anthropic/v1/", "https://proxy.test/anthropic");
        check("http://localhost:4000", "http://localhost:4000");
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for text in
            ["api.anthropic.com", "ftp://host", "https://user:secret@host", "https://host?key=secret", "https://a b"]
        {
            let error = normalize(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!error.message().contains("secret"), "{error}");
        }
    }
}

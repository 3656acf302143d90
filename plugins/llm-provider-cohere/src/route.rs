//! Where a call goes and what stands in its headers.

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use llm_core::{Error, ErrorKind, HttpRequest, Secret};

const DEFAULT_BASE: &str = "https://api.cohere.com";
const CLIENT_NAME: HeaderName = HeaderName::from_static("x-client-name");

/// Addresses and headers of one account.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) chat: String,
    pub(crate) embed: String,
    pub(crate) rerank: String,
    pub(crate) models: String,
    headers: HeaderMap,
    /// The key, to keep it out of errors; `None` when there is none.
    pub(crate) key: Option<Secret>,
}

impl Route {
    pub(crate) fn new(base: Option<&str>, client_name: Option<&str>, key: Option<&Secret>) -> Result<Self, Error> {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(name) = client_name.map(str::trim).filter(|name| !name.is_empty()) {
            let value = HeaderValue::from_str(name).map_err(|_| {
                Error::new(ErrorKind::Config, "reading client_name of cohere: no header can carry its characters")
            })?;
            headers.insert(CLIENT_NAME, value);
        }
        let route = Self::default().at(base.unwrap_or_default())?;
        let route = Self { headers, ..route };
        match key.filter(|key| !key.is_blank()) {
            Some(key) => route.with_key(key),
            None => Ok(route),
        }
    }

    /// The same account at another address.
    pub(crate) fn at(self, base: &str) -> Result<Self, Error> {
        let base = normalize(base)?;
        Ok(Self {
            chat: format!("{base}/v2/chat"),
            embed: format!("{base}/v2/embed"),
            rerank: format!("{base}/v2/rerank"),
            models: format!("{base}/v1/models?page_size=1000"),
            ..self
        })
    }

    /// The same addresses with another key.
    pub(crate) fn with_key(mut self, key: &Secret) -> Result<Self, Error> {
        let value = HeaderValue::try_from(format!("Bearer {}", key.expose().trim()));
        let mut value = value.map_err(|_| {
            Error::new(ErrorKind::Config, "reading the api key of cohere: no header can carry its characters")
        })?;
        value.set_sensitive(true);
        self.headers.insert(AUTHORIZATION, value);
        self.key = Some(key.clone());
        Ok(self)
    }

    pub(crate) fn post(&self, url: &str, body: Vec<u8>) -> HttpRequest {
        HttpRequest { method: Method::POST, url: url.to_owned(), headers: self.headers.clone(), body: body.into() }
    }

    pub(crate) fn get(&self, url: String) -> HttpRequest {
        HttpRequest { headers: self.headers.clone(), ..HttpRequest::get(url) }
    }

    /// The error without the key, should the vendor have repeated it.
    pub(crate) fn hide(&self, error: Error) -> Error {
        match &self.key {
            Some(key) => error.scrubbed(key),
            None => error,
        }
    }
}

impl Default for Route {
    fn default() -> Self {
        let nowhere = String::new;
        Self {
            chat: nowhere(),
            embed: nowhere(),
            rerank: nowhere(),
            models: nowhere(),
            headers: HeaderMap::new(),
            key: None,
        }
    }
}

/// An address without a slash or a version at its end: the vendor's own variables hold `…/v2` as well as nothing.
fn normalize(text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(DEFAULT_BASE.to_owned());
    }
    let wrong = |what: &str| {
        Error::new(ErrorKind::Config, format!("reading the address of cohere (base_url, CO_API_URL): {what}"))
    };
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return Err(wrong("it must begin with https:// or http://"));
    }
    if text.contains(['?', '#', '@']) || text.contains(char::is_whitespace) || text.contains(char::is_control) {
        return Err(wrong("it must be a host with a port and a path, and nothing else"));
    }
    let text = text.trim_end_matches('/');
    let text = text.strip_suffix("/v2").or_else(|| text.strip_suffix("/v1")).unwrap_or(text);
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_slash_or_a_version_at_its_end() {
        let check = |text, expected| assert_eq!(normalize(text).unwrap(), expected);
        check("", "https://api.cohere.com");
        check("https://api.cohere.com/v2", "https://api.cohere.com");
        check("https://proxy.test/cohere/v1/", "https://proxy.test/cohere");
        check("http://localhost:4000", "http://localhost:4000");
        for text in ["api.cohere.com", "https://user:secret@host", "https://host?key=secret", "https://a b"] {
            let error = normalize(text).unwrap_err();
            assert!(error.kind() == ErrorKind::Config && !error.message().contains("secret"), "{error}");
        }
    }
}

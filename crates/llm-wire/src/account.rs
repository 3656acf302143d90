//! Where a provider is and with which key: what every adapter needs whose vendor takes one key in one header.

use std::borrow::Cow;
use std::fmt;

use http::{HeaderName, HeaderValue};
use llm_core::{ChatStream, Cx, Error, ErrorKind, HttpRequest, HttpResponse, Progress, Secret};

use crate::codec::ErrorResponse;
use crate::exchange::{self, Success};

/// The address and the key of one account at a vendor.
///
/// The key travels in a header that no log shows, and is taken out of every error that goes through [`Account::ask`],
/// [`Account::open`] or [`Account::hide`], should the vendor have repeated it.
#[derive(Clone)]
pub struct Account {
    base: String,
    header: HeaderName,
    scheme: &'static str,
    key: Option<(HeaderValue, Secret)>,
}

impl Account {
    /// An account at an address, without a key. A slash at the end of the address does not count.
    ///
    /// The error does not repeat the address: people paste keys into the wrong setting.
    pub fn new(base_url: &str, header: HeaderName) -> Result<Self, Error> {
        Ok(Self { base: address(base_url)?, header, scheme: "", key: None })
    }

    /// With what stands before the key in its header: `Bearer `.
    pub fn with_scheme(mut self, scheme: &'static str) -> Self {
        self.scheme = scheme;
        self
    }

    /// With a key; none and a blank one leave the account as it is.
    pub fn with_key(mut self, key: Option<Secret>) -> Result<Self, Error> {
        if let Some(key) = key.filter(|key| !key.is_blank()) {
            let mut value = HeaderValue::try_from(format!("{}{}", self.scheme, key.expose().trim())).map_err(|_| {
                Error::new(ErrorKind::Config, "reading the api key: no header can carry its characters")
            })?;
            value.set_sensitive(true);
            self.key = Some((value, key));
        }
        Ok(self)
    }

    /// The account of one call: a key of the call replaces this one, and only with it may the call name an address.
    /// Without any key it is an error that names the variable to set.
    pub fn of_call(&self, cx: &Cx, provider: &str, variable: &str) -> Result<Cow<'_, Self>, Error> {
        if let Some(key) = &cx.credential {
            let base = match &cx.endpoint {
                Some(endpoint) => address(endpoint)?,
                None => self.base.clone(),
            };
            let account = Self { base, header: self.header.clone(), scheme: self.scheme, key: None };
            return account.with_key(Some(key.clone())).map(Cow::Owned);
        }
        if self.key.is_none() {
            let message = format!("api key missing: set {variable} or providers.{provider}.api_key");
            return Err(Error::new(ErrorKind::Auth, message).with_progress(Progress::NotSent));
        }
        Ok(Cow::Borrowed(self))
    }

    /// A request with JSON to a path below the address.
    pub fn post(&self, path: &str, json: Vec<u8>) -> HttpRequest {
        self.signed(HttpRequest::post_json(format!("{}{path}", self.base), json))
    }

    /// A request for a path below the address.
    pub fn get(&self, path: &str) -> HttpRequest {
        self.signed(HttpRequest::get(format!("{}{path}", self.base)))
    }

    fn signed(&self, mut request: HttpRequest) -> HttpRequest {
        if let Some((value, _)) = &self.key {
            request.headers.insert(self.header.clone(), value.clone());
        }
        request
    }

    /// Sends a request and decodes the whole answer. A status that is no success goes through `classify`.
    pub async fn ask<T>(
        &self,
        cx: &Cx,
        request: HttpRequest,
        classify: impl FnOnce(&ErrorResponse) -> Error + Send,
        decode: impl FnOnce(&Success) -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        let success = exchange::unary(cx, request, classify).await;
        success.and_then(|success| decode(&success)).map_err(|error| self.hide(error))
    }

    /// Sends a request and returns the answer with its body still to be read, for streams.
    pub async fn open(
        &self,
        cx: &Cx,
        request: HttpRequest,
        classify: impl FnOnce(&ErrorResponse) -> Error + Send,
    ) -> Result<HttpResponse, Error> {
        exchange::open(cx, request, classify).await.map_err(|error| self.hide(error))
    }

    /// The error without the key.
    pub fn hide(&self, error: Error) -> Error {
        match &self.key {
            Some((_, key)) => error.scrubbed(key),
            None => error,
        }
    }

    /// The stream, whose errors do not show the key.
    pub fn hide_in(&self, stream: ChatStream) -> ChatStream {
        match &self.key {
            Some((_, key)) => stream.scrubbed(key.clone()),
            None => stream,
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("has_key", &self.key.is_some()).finish_non_exhaustive()
    }
}

fn address(text: &str) -> Result<String, Error> {
    let text = text.trim().trim_end_matches('/');
    let wrong =
        |what: &str| Error::new(ErrorKind::Config, format!("reading the provider's address (base_url): {what}"));
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return Err(wrong("it must begin with https:// or http://"));
    }
    if text.contains(['?', '#', '@']) || text.contains(char::is_whitespace) || text.contains(char::is_control) {
        return Err(wrong("it must be a host with a port and a path, and nothing else"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stands_in_its_header_and_nowhere_else() {
        let account = Account::new("https://api.test/", http::header::AUTHORIZATION).unwrap().with_scheme("Bearer ");
        let account = account.with_key(Some(Secret::new(" "))).unwrap();
        assert!(account.get("/v1").headers.is_empty());
        let account = account.with_key(Some(Secret::new("key-7f31c0d9"))).unwrap();
        let request = account.post("/v1/chat", Vec::new());
        let value = &request.headers[http::header::AUTHORIZATION];
        assert_eq!((&*request.url, value.to_str().unwrap()), ("https://api.test/v1/chat", "Bearer key-7f31c0d9"));
        assert!(value.is_sensitive() && !format!("{account:?}").contains("key-7f31c0d9"));
        assert!(!account.hide(Error::upstream(ErrorKind::Auth, "no key-7f31c0d9")).message().contains("key-7f31c0d9"));
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for text in ["secret", "https://user:secret@host", "https://host?key=secret", "https://a b"] {
            let error = Account::new(text, http::header::AUTHORIZATION).unwrap_err();
            assert!(error.kind() == ErrorKind::Config && !error.message().contains("secret"), "{error}");
        }
    }
}

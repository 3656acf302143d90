//! Where a provider is and with which key: what every adapter needs whose vendor takes one key in one header.

use std::borrow::Cow;
use std::fmt;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use llm_core::{
    Answer, ChatStream, Cx, Error, ErrorKind, HttpRequest, HttpResponse, Progress, ProviderPlugin, Secret, Warning,
};

use crate::codec::ErrorResponse;
use crate::exchange::{self, Success};

/// The address, the headers and the key of one account at a vendor.
///
/// The key travels in a header that no log shows, and is taken out of every error that goes through [`Account::ask`],
/// [`Account::open`] or [`Account::hide`], should the vendor have repeated it.
#[derive(Clone)]
pub struct Account {
    base: String,
    /// Path ends that an address may have and that the paths of calls bring themselves.
    versions: &'static [&'static str],
    header: HeaderName,
    scheme: &'static str,
    /// The constant headers and the key's.
    headers: HeaderMap,
    key: Option<Secret>,
}

impl Account {
    /// An account at an address, without a key. A slash at the end of the address does not count.
    ///
    /// The error does not repeat the address: people paste keys into the wrong setting.
    pub fn new(base_url: &str, header: HeaderName) -> Result<Self, Error> {
        let base = address(base_url, &[])?.to_owned();
        Ok(Self { base, versions: &[], header, scheme: "", headers: HeaderMap::with_capacity(8), key: None })
    }

    /// With path ends (`/v1`) that do not count in an address, because the paths of calls begin with them: variables of
    /// other clients hold them, this vendor's do not, or the other way round.
    pub fn with_versions(mut self, versions: &'static [&'static str]) -> Result<Self, Error> {
        self.base = address(&self.base, versions)?.to_owned();
        self.versions = versions;
        Ok(self)
    }

    /// With what stands before the key in its header: `Bearer `.
    pub fn with_scheme(mut self, scheme: &'static str) -> Self {
        self.scheme = scheme;
        self
    }

    /// With a header that every request has.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// With the headers that the operator set, without the one that the key has.
    pub fn with_headers(mut self, headers: &HeaderMap) -> Self {
        for (name, value) in headers.iter().filter(|(name, _)| !(self.key.is_some() && **name == self.header)) {
            self.headers.insert(name, value.clone());
        }
        self
    }

    /// With a key; none and a blank one leave the account as it is.
    pub fn with_key(mut self, key: Option<Secret>) -> Result<Self, Error> {
        if let Some(key) = key.filter(|key| !key.is_blank()) {
            let value = hidden_header(&format!("{}{}", self.scheme, key.expose().trim())).ok_or_else(|| {
                Error::new(ErrorKind::Config, "reading the api key: no header can carry its characters")
            })?;
            self.headers.insert(self.header.clone(), value);
            self.key = Some(key);
        }
        Ok(self)
    }

    /// Whether there is a key.
    pub fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// The account of one call: a key of the call replaces this one, and only with it may the call name an address.
    pub fn for_call(&self, cx: &Cx) -> Result<Cow<'_, Self>, Error> {
        let Some(key) = &cx.credential else { return Ok(Cow::Borrowed(self)) };
        let mut account = self.clone();
        if let Some(endpoint) = &cx.endpoint {
            address(endpoint, self.versions)?.clone_into(&mut account.base);
            account.headers = without_secrets(&self.headers);
        }
        account.with_key(Some(key.clone())).map(Cow::Owned)
    }

    /// The account of one call at a vendor that asks for a key: without any it is an error that names what to set for the
    /// plugin's account of this id.
    pub fn of_call(&self, cx: &Cx, plugin: &ProviderPlugin, id: &str) -> Result<Cow<'_, Self>, Error> {
        let account = self.for_call(cx)?;
        if !account.has_key() {
            let message = format!("api key missing: set {}", plugin.how_to_set(id, &["api_key"]));
            return Err(Error::new(ErrorKind::Auth, message).with_progress(Progress::NotSent));
        }
        Ok(account)
    }

    /// A request with JSON to a path below the address.
    pub fn post(&self, path: &str, json: Vec<u8>) -> HttpRequest {
        let mut request = self.get(path);
        request.method = Method::POST;
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.body = json.into();
        request
    }

    /// A request for a path below the address.
    pub fn get(&self, path: &str) -> HttpRequest {
        HttpRequest { headers: self.headers.clone(), ..HttpRequest::get(format!("{}{path}", self.base)) }
    }

    /// Sends a request and decodes the whole answer, which then has its request id and `warnings`. A status that is no
    /// success goes through `classify`.
    pub async fn answer<A: Answer>(
        &self,
        cx: &Cx,
        request: HttpRequest,
        warnings: Vec<Warning>,
        classify: impl FnOnce(&ErrorResponse) -> Error + Send,
        decode: impl FnOnce(&Success) -> Result<A, Error> + Send,
    ) -> Result<A, Error> {
        self.ask(cx, request, classify, |success| success.answer(warnings, decode)).await
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
            Some(key) => error.scrubbed(key),
            None => error,
        }
    }

    /// The stream, whose errors do not show the key.
    pub fn hide_in(&self, stream: ChatStream) -> ChatStream {
        match &self.key {
            Some(key) => stream.scrubbed(key.clone()),
            None => stream,
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("has_key", &self.key.is_some()).finish_non_exhaustive()
    }
}

/// The value of a header that no log shows; nothing where a header cannot carry the text.
pub fn hidden_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The headers that may go to any address: not what the operator keeps for the account's own.
pub fn without_secrets(headers: &HeaderMap) -> HeaderMap {
    let open = headers.iter().filter(|(_, value)| !value.is_sensitive());
    open.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// An address without a slash or one of `versions` at its end.
///
/// The error does not repeat what is no address: people paste keys into the wrong setting.
pub fn address<'t>(text: &'t str, versions: &[&str]) -> Result<&'t str, Error> {
    let text = text.trim().trim_end_matches('/');
    let wrong =
        |what: &str| Error::new(ErrorKind::Config, format!("reading the provider's address (base_url): {what}"));
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return Err(wrong("it must begin with https:// or http://"));
    }
    if text.contains(['?', '#', '@']) || text.contains(char::is_whitespace) || text.contains(char::is_control) {
        return Err(wrong("it must be a host with a port and a path, and nothing else"));
    }
    let bare = versions.iter().find_map(|version| text.strip_suffix(version)).unwrap_or(text);
    Ok(bare.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stands_in_its_header_and_nowhere_else() {
        let account = Account::new("https://api.test/", http::header::AUTHORIZATION).unwrap().with_scheme("Bearer ");
        let account = account.with_key(Some(Secret::new(" "))).unwrap();
        assert!(account.get("/v1").headers.is_empty());
        let account = account.with_key(Some(Secret::new("key-of-a-test-1"))).unwrap();
        let request = account.post("/v1/chat", Vec::new());
        let value = &request.headers[http::header::AUTHORIZATION];
        assert_eq!((&*request.url, value.to_str().unwrap()), ("https://api.test/v1/chat", "Bearer key-of-a-test-1"));
        assert!(value.is_sensitive() && !format!("{account:?}").contains("key-of-a-test-1"));
        assert!(
            !account.hide(Error::upstream(ErrorKind::Auth, "no key-of-a-test-1")).message().contains("key-of-a-test-1")
        );
    }

    #[test]
    fn a_version_at_the_end_of_an_address_does_not_count() {
        for (text, expected) in [
            ("https://api.test", "https://api.test/v1/x"),
            ("https://proxy.test/p/v1/", "https://proxy.test/p/v1/x"),
            ("https://proxy.test/v1beta", "https://proxy.test/v1/x"),
        ] {
            let account = Account::new(text, http::header::AUTHORIZATION).unwrap();
            let account = account.with_versions(&["/v1beta", "/v1"]).unwrap();
            assert_eq!(account.get("/v1/x").url, expected);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for text in ["secret", "https://user:secret@host", "https://host?key=secret", "https://a b"] {
            let error = Account::new(text, http::header::AUTHORIZATION).unwrap_err();
            assert!(error.kind() == ErrorKind::Config && !error.message().contains("secret"), "{error}");
        }
    }
}

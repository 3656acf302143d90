//! Where a call goes and what stands in its headers. The key is in a header, never in the URL.

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use llm_core::{Error, ErrorKind, Secret};

const DEFAULT_BASE: &str = "https://generativelanguage.googleapis.com";
const DEFAULT_VERSION: &str = "v1beta";
const API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
/// Models in a page of the list, the most that the vendor gives.
const PAGE_SIZE: &str = "1000";

/// Addresses and constant headers of one account.
#[derive(Clone)]
pub(crate) struct Route {
    /// Address and version.
    base: String,
    version: String,
    pub(crate) headers: HeaderMap,
    /// The key, to keep it out of errors; `None` when there is none.
    pub(crate) key: Option<Secret>,
}

impl Route {
    pub(crate) fn new(base: Option<&str>, version: Option<&str>, key: Option<&Secret>) -> Result<Self, Error> {
        let filled = |text: Option<&str>, default: &str| {
            text.map(str::trim).filter(|text| !text.is_empty()).unwrap_or(default).to_owned()
        };
        let version = filled(version, DEFAULT_VERSION);
        if !version.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let what = "reading the setting `api_version` of gemini: it must be a word such as v1beta";
            return Err(Error::new(ErrorKind::Config, what));
        }
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        let base = format!("{}/{version}/", normalize(&filled(base, DEFAULT_BASE))?);
        let route = Self { base, version, headers, key: None };
        match key.filter(|key| !key.is_blank()) {
            Some(key) => route.with_key(key),
            None => Ok(route),
        }
    }

    /// The same route with another key.
    pub(crate) fn with_key(mut self, key: &Secret) -> Result<Self, Error> {
        let mut value = HeaderValue::from_str(key.expose().trim()).map_err(|_| {
            Error::new(ErrorKind::Config, "reading the api key of gemini: no header can carry its characters")
        })?;
        value.set_sensitive(true);
        self.headers.insert(API_KEY, value);
        self.key = Some(key.clone());
        Ok(self)
    }

    /// The same account at another address.
    pub(crate) fn at(&self, base: &str, key: &Secret) -> Result<Self, Error> {
        Self::new(Some(base), Some(&self.version), Some(key))
    }

    /// The address of a model's method (`generateContent`, `streamGenerateContent?alt=sse`).
    ///
    /// A name may come with its collection (`models/gemini-x`, `tunedModels/mine`).
    pub(crate) fn method(&self, model: &str, method: &str) -> String {
        let mut url = String::with_capacity(self.base.len() + model.len() + method.len() + 16);
        url.push_str(&self.base);
        let (collection, name) = match model.split_once('/') {
            Some((collection @ ("models" | "tunedModels"), name)) => (collection, name),
            _ => ("models", model),
        };
        url.push_str(collection);
        url.push('/');
        push_encoded(name, &mut url);
        url.push(':');
        url.push_str(method);
        url
    }

    /// The address of a page of the list of models.
    pub(crate) fn models(&self, page: Option<&str>) -> String {
        let mut url = format!("{}models?pageSize={PAGE_SIZE}", self.base);
        if let Some(token) = page {
            url.push_str("&pageToken=");
            push_encoded(token, &mut url);
        }
        url
    }
}

/// Adds a text as one segment or value of a URL.
fn push_encoded(text: &str, url: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            url.push(char::from(byte));
        } else {
            url.extend(['%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
}

fn hex(digit: u8) -> char {
    char::from(if digit < 10 { b'0' + digit } else { b'A' + digit - 10 })
}

/// An address without a slash or a version at its end. The vendor's own variable holds none, those of others do.
fn normalize(text: &str) -> Result<String, Error> {
    let wrong = |what: &str| {
        Error::new(
            ErrorKind::Config,
            format!("reading the address of gemini (base_url, GOOGLE_GEMINI_BASE_URL): {what}"),
        )
    };
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return Err(wrong("it must begin with https:// or http://"));
    }
    if text.contains(['?', '#', '@']) || text.contains(char::is_whitespace) || text.contains(char::is_control) {
        return Err(wrong("it must be a host with a port and a path, and nothing else"));
    }
    let text = text.trim_end_matches('/');
    let bare = ["/v1beta", "/v1"].iter().find_map(|version| text.strip_suffix(version)).unwrap_or(text);
    Ok(bare.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(base: &str) -> Route {
        Route::new(Some(base), None, None).unwrap()
    }

    #[test]
    fn a_model_is_one_segment_of_the_path() {
        let check = |model, expected: &str| {
            let url = route("https://host.test/").method(model, "generateContent");
            assert_eq!(url, format!("https://host.test/v1beta/{expected}:generateContent"));
        };
        check("gemini-3.5-flash", "models/gemini-3.5-flash");
        check("models/gemini-3.5-flash", "models/gemini-3.5-flash");
        check("tunedModels/mine", "tunedModels/mine");
        check("../../secrets?x=1#y", "models/..%2F..%2Fsecrets%3Fx%3D1%23y");
        check("größe:1", "models/gr%C3%B6%C3%9Fe%3A1");
    }

    #[test]
    fn an_address_may_end_with_a_slash_or_a_version() {
        for base in
            ["https://host.test/p", "https://host.test/p/", "https://host.test/p/v1beta/", "https://host.test/p/v1"]
        {
            assert_eq!(route(base).models(None), "https://host.test/p/v1beta/models?pageSize=1000", "{base}");
        }
        assert!(route("https://host.test").models(Some("a/b=")).ends_with("&pageToken=a%2Fb%3D"));
        let url = Route::new(None, Some("v1"), None).unwrap().method("m", "x");
        assert_eq!(url, "https://generativelanguage.googleapis.com/v1/models/m:x");
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for base in ["host.test", "https://user:secret@host", "https://host?key=secret", "https://a secret"] {
            let error = Route::new(Some(base), None, None).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!error.message().contains("secret"), "{error}");
        }
        assert!(Route::new(None, Some("v1/../x"), None).is_err());
    }
}

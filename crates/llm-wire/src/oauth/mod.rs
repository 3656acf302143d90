//! Credentials that somebody gives and that end: access tokens (RFC 6749, section 5), temporary access keys.
//!
//! - [`Issuer`] is who gives them, [`Source`] where those of an account come from, and [`SignedIn`] the layer around a
//!   plugin's adapter whose calls need one. A plugin writes its issuer and says when there is none.
//! - [`form`], [`token`] and [`secret_in`] are what issuers are made of, [`refused`] and [`missing`] their errors.

mod signed_in;
mod source;

use std::borrow::Cow;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use llm_core::{Cx, Error, ErrorKind, HttpRequest, Progress, Secret};
use serde::Deserialize;

use crate::codec::ErrorResponse;
use crate::exchange;
use crate::percent::push_percent_encoded;

pub use signed_in::SignedIn;
pub use source::{Issuer, Source};

/// The request that posts a form.
pub fn form<'f>(url: impl Into<String>, fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> HttpRequest {
    let mut body = String::new();
    for (name, value) in fields {
        if !body.is_empty() {
            body.push('&');
        }
        body.push_str(name);
        body.push('=');
        push_percent_encoded(value, &mut body);
    }
    let mut request =
        HttpRequest { method: Method::POST, url: url.into(), headers: HeaderMap::new(), body: body.into() };
    request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    request
}

/// Asks for a token; `whom` is who gives it, for messages. The second is when it ends, where that is said.
pub async fn token(
    cx: &Cx,
    request: HttpRequest,
    whom: &str,
    now: SystemTime,
) -> Result<(Secret, Option<SystemTime>), Error> {
    let what = format!("asking {whom} for a token");
    let success = exchange::unary(cx, request, |response| refused(response, &what)).await?;
    // The parser's words may quote the token.
    let answer: Answer =
        serde_json::from_slice(&success.body).map_err(|_| missing(format!("{what}: the answer is none")))?;
    let end = answer.end(now);
    Ok((answer.access_token, end))
}

/// Whether a credential is a token (a JWT: three parts, the first one of an object) and no key.
pub fn is_token(credential: &Secret) -> bool {
    let text = credential.expose().trim();
    text.starts_with("eyJ") && text.split('.').count() == 3
}

/// What stands in a file, such as somebody's token or an application's; `what` it is, for messages. Platforms write a fresh
/// one into such a file before the old one ends, so it is read anew for each credential.
pub fn secret_in(path: &Path, what: &str) -> Result<Secret, Error> {
    let text = std::fs::read_to_string(path);
    text.map(Secret::from).map_err(|error| missing(format!("reading {what} in {}: {error}", path.display())))
}

#[derive(Deserialize)]
struct Answer {
    access_token: Secret,
    /// Seconds from now.
    expires_in: Option<Seconds>,
    /// A time, in Unix seconds: Azure's managed identities.
    expires_on: Option<Seconds>,
}

/// A number, or a number in a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u64),
    Text(String),
}

impl Answer {
    fn end(&self, now: SystemTime) -> Option<SystemTime> {
        let seconds = |seconds: &Option<Seconds>| match seconds {
            Some(Seconds::Number(number)) => Some(Duration::from_secs(*number)),
            Some(Seconds::Text(text)) => text.parse().ok().map(Duration::from_secs),
            None => None,
        };
        let from_now = seconds(&self.expires_in).and_then(|after| now.checked_add(after));
        from_now.or_else(|| seconds(&self.expires_on).and_then(|time| UNIX_EPOCH.checked_add(time)))
    }
}

/// Nobody gives a credential: `what` was being done, as in "asking entra for a token". The error repeats nothing but the
/// status and the machine's word, because descriptions quote ids and secrets.
pub fn refused(response: &ErrorResponse, what: &str) -> Error {
    #[derive(Deserialize)]
    struct Complaint {
        error: String,
    }
    let status = response.status;
    let kind = match status {
        429 => ErrorKind::RateLimited,
        500.. => ErrorKind::Server,
        _ => ErrorKind::Auth,
    };
    let is_word =
        |word: &String| word.len() <= 40 && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let said = serde_json::from_slice::<Complaint>(&response.body).map(|complaint| complaint.error).ok();
    let said = said.filter(is_word).map(|word| format!(" ({word})")).unwrap_or_default();
    let message = format!("{what}: the answer has the status {status}{said}");
    response.error(kind, &message).with_progress(Progress::NotSent)
}

/// Nothing was sent to the vendor because there is nothing to send it with.
pub fn missing(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Auth, message).with_progress(Progress::NotSent)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_form_is_written_as_servers_read_it() {
        let request = form("https://login.test/token", [("grant_type", "a:b"), ("secret", "s+1/é")]);
        assert_eq!(request.body, "grant_type=a%3Ab&secret=s%2B1%2F%C3%A9");
        assert_eq!(request.headers[CONTENT_TYPE], "application/x-www-form-urlencoded");
        assert_eq!(request.method, Method::POST);
    }

    #[test]
    fn an_end_is_said_in_several_ways() {
        let now = UNIX_EPOCH + Duration::from_secs(1000);
        let end = |text: &str| {
            let answer: Answer = serde_json::from_str(text).unwrap();
            answer.end(now).map(|end| end.duration_since(UNIX_EPOCH).unwrap().as_secs())
        };
        assert_eq!(end(r#"{"access_token":"t","expires_in":60,"token_type":"Bearer"}"#), Some(1060));
        assert_eq!(end(r#"{"access_token":"t","expires_in":"60","expires_on":"5000"}"#), Some(1060));
        assert_eq!(end(r#"{"access_token":"t","expires_on":"5000"}"#), Some(5000));
        assert_eq!(end(r#"{"access_token":"t","expires_on":"01/01/2027 00:00:00 +00:00"}"#), None);
        assert_eq!(end(r#"{"access_token":"t"}"#), None);
    }

    #[test]
    fn a_refusal_keeps_the_word_and_not_the_description() {
        let said = |status: u16, body: &'static str| {
            let body = Bytes::from_static(body.as_bytes());
            let response = ErrorResponse { status, headers: HeaderMap::new(), body, received_at: None };
            let error = refused(&response, "asking entra for a token");
            (error.kind(), error.message().to_owned())
        };
        let body = r#"{"error":"invalid_client","error_description":"the secret abc is wrong"}"#;
        let message = "asking entra for a token: the answer has the status 401 (invalid_client)".to_owned();
        assert_eq!(said(401, body), (ErrorKind::Auth, message));
        let message = "asking entra for a token: the answer has the status 503".to_owned();
        assert_eq!(said(503, "abc"), (ErrorKind::Server, message));
        assert_eq!(said(429, r#"{"error":"Secret ABC"}"#).0, ErrorKind::RateLimited);
        assert!(!said(429, r#"{"error":"Secret ABC"}"#).1.contains("ABC"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_with_what_it_should_hold() {
        let error = secret_in(Path::new("/nowhere/token"), "the federated token").unwrap_err();
        assert_eq!((error.kind(), error.progress()), (ErrorKind::Auth, Progress::NotSent));
        assert!(error.message().starts_with("reading the federated token in /nowhere/token: "), "{error}");
    }

    #[test]
    fn a_token_is_told_from_a_key() {
        assert!(is_token(&"eyJhbGciOiJub25lIn0.eyJhIjoxfQ.sig".into()));
        for key in ["0123456789abcdef0123456789abcdef", "sk-a.b.c", "eyJonly"] {
            assert!(!is_token(&key.into()), "{key}");
        }
    }
}

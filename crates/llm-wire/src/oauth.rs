//! Access tokens: a form or a request goes to whoever gives them, a token and its end come back (RFC 6749, section 5).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use llm_core::{Cx, Error, ErrorKind, HttpRequest, Progress, Secret};
use serde::Deserialize;

use crate::codec::ErrorResponse;
use crate::exchange;
use crate::percent::push_percent_encoded;

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
    let success = exchange::unary(cx, request, |response| refused(response, whom)).await?;
    // The parser's words may quote the token.
    let answer: Answer = serde_json::from_slice(&success.body)
        .map_err(|_| unsent(ErrorKind::Auth, format!("asking {whom} for a token: the answer is none")))?;
    let end = answer.end(now);
    Ok((answer.access_token, end))
}

/// Whether a credential is a token (a JWT: three parts, the first one of an object) and no key.
pub fn is_token(credential: &Secret) -> bool {
    let text = credential.expose().trim();
    text.starts_with("eyJ") && text.split('.').count() == 3
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

/// An error that repeats nothing but the status and the machine's word: descriptions quote ids and secrets.
fn refused(response: &ErrorResponse, whom: &str) -> Error {
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
    let message = format!("asking {whom} for a token: the answer has the status {status}{said}");
    response.error(kind, &message).with_progress(Progress::NotSent)
}

fn unsent(kind: ErrorKind, message: String) -> Error {
    Error::new(kind, message).with_progress(Progress::NotSent)
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
            let error = refused(&response, "entra");
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
    fn a_token_is_told_from_a_key() {
        assert!(is_token(&"eyJhbGciOiJub25lIn0.eyJhIjoxfQ.sig".into()));
        for key in ["0123456789abcdef0123456789abcdef", "sk-a.b.c", "eyJonly"] {
            assert!(!is_token(&key.into()), "{key}");
        }
    }
}

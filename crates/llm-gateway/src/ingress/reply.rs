//! What every answer carries beside its body: the request id, who answered, and after how many attempts.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use axum::http::{HeaderMap, Response as HttpResponse, StatusCode};
use axum::response::Response;
use llm_core::{Attempt, CacheStatus, Cost, Error, ErrorKind, Origin, Warning};

use super::stamp::Stamp;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TARGET: HeaderName = HeaderName::from_static("x-llm-target");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-llm-attempts");
const WARNINGS: HeaderName = HeaderName::from_static("x-llm-warnings");
const DEMO: HeaderName = HeaderName::from_static("x-llm-demo");
const CACHE: HeaderName = HeaderName::from_static("x-llm-cache");
const COST: HeaderName = HeaderName::from_static("x-llm-cost-usd");
/// The word of OpenAI's own SDKs: they do not ask again.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
const ERROR_SOURCE: HeaderName = HeaderName::from_static("x-llm-error-source");
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Proxies refuse answers with long headers.
const LONGEST_WARNINGS: usize = 1000;

/// Makes the answers to one request.
pub(crate) struct Reply {
    request_id: HeaderValue,
}

impl Reply {
    /// Takes over the client's request id if it is a plain word, or makes one: ids go into logs and other systems' headers.
    pub(crate) fn new(headers: &HeaderMap) -> Self {
        let theirs = headers.get(REQUEST_ID).filter(|id| is_plain(id.as_bytes())).cloned();
        Self { request_id: theirs.unwrap_or_else(new_request_id) }
    }

    /// The request's id.
    pub(crate) fn request_id(&self) -> &str {
        self.request_id.to_str().unwrap_or_default()
    }

    /// Fills in what an answer to this request lacks.
    pub(crate) fn stamp(&self, id_prefix: &'static str) -> Stamp {
        Stamp::new(self.request_id.clone(), id_prefix)
    }

    /// A whole answer.
    pub(crate) fn json(&self, status: StatusCode, body: Vec<u8>) -> Response {
        let mut response = HttpResponse::new(Body::from(body));
        *response.status_mut() = status;
        self.headers(response.headers_mut(), HeaderValue::from_static("application/json"));
        response
    }

    /// A stream of server-sent events.
    pub(crate) fn event_stream(&self, body: Body) -> Response {
        let mut response = HttpResponse::new(body);
        let headers = response.headers_mut();
        self.headers(headers, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        // nginx holds streams back unless told not to.
        headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
        response
    }

    /// An error in the client's protocol.
    pub(crate) fn error(&self, error: &Error) -> Response {
        let (status, body) = llm_wire_openai::encode_error(error);
        self.failure(error, StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), body)
    }

    /// An error of HTTP itself, whose status no class of errors has.
    pub(crate) fn error_with_status(&self, error: &Error, status: StatusCode) -> Response {
        self.failure(error, status, llm_wire_openai::encode_error(error).1)
    }

    fn failure(&self, error: &Error, status: StatusCode, body: Vec<u8>) -> Response {
        let mut response = self.json(status, body);
        let headers = response.headers_mut();
        headers.insert(ERROR_SOURCE, HeaderValue::from_static(llm_wire::ErrorFacts(error).source()));
        headers.insert(ATTEMPTS, HeaderValue::from(error.attempts().len()));
        if error.kind() == ErrorKind::BudgetExceeded && status != StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        if let Some(wait) = error.retry_after() {
            // Whole seconds, never earlier than asked.
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)));
        }
        response
    }

    fn headers(&self, headers: &mut HeaderMap, content_type: HeaderValue) {
        headers.insert(CONTENT_TYPE, content_type);
        headers.insert(REQUEST_ID, self.request_id.clone());
    }
}

/// Names who answered, and what could not be asked of that target.
pub(crate) fn answered_by(headers: &mut HeaderMap, origin: &Origin, attempts: &[Attempt], warnings: &[Warning]) {
    if let Ok(target) = HeaderValue::try_from(format!("{}/{}", origin.provider, origin.model)) {
        headers.insert(TARGET, target);
    }
    headers.insert(ATTEMPTS, HeaderValue::from(attempts.len().max(1)));
    if origin.api == "local" {
        headers.insert(DEMO, HeaderValue::from_static("true"));
    }
    if !warnings.is_empty()
        && let Ok(warnings) = HeaderValue::try_from(in_words(warnings))
    {
        headers.insert(WARNINGS, warnings);
    }
}

/// Says what the cache did for the answer, and what it cost where that is known already.
pub(crate) fn paid(headers: &mut HeaderMap, cache: Option<CacheStatus>, cost: Option<&Cost>) {
    if let Some(status) = cache {
        headers.insert(CACHE, HeaderValue::from_static(status.as_str()));
    }
    if let Some(cost) = cost
        && let Ok(dollars) = HeaderValue::try_from(cost.total.to_string())
    {
        headers.insert(COST, dollars);
    }
}

/// What a streamed answer cost, as a comment at its end.
pub(crate) fn remark_cost(cost: Option<&Cost>, out: &mut Vec<u8>) {
    if let Some(cost) = cost {
        out.extend_from_slice(b": ");
        out.extend_from_slice(COST.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(cost.total.to_string().as_bytes());
        out.extend_from_slice(b"\n\n");
    }
}

/// What came up after the headers, as comments of an event stream: readers of the stream pass over them, people find them.
pub(crate) fn remark(warnings: &[Warning], out: &mut Vec<u8>) {
    if !warnings.is_empty() {
        out.extend_from_slice(b": ");
        out.extend_from_slice(WARNINGS.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(in_words(warnings).as_bytes());
        out.extend_from_slice(b"\n\n");
    }
}

/// Warnings as the value of a header: plain characters, and not too many of them.
fn in_words(warnings: &[Warning]) -> String {
    let mut words = String::new();
    for warning in warnings {
        // Writing to a string cannot fail.
        let _ = write!(words, "{warning}; ");
    }
    let plain = |c: char| if matches!(c, ' '..='~') { c } else { '?' };
    words.trim_end_matches("; ").chars().take(LONGEST_WARNINGS).map(plain).collect()
}

/// A visible word of ASCII, and no long one.
fn is_plain(id: &[u8]) -> bool {
    (1..=128).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

fn new_request_id() -> HeaderValue {
    let mut text = [0; uuid::fmt::Simple::LENGTH];
    let text = uuid::Uuid::now_v7().as_simple().encode_lower(&mut text);
    HeaderValue::try_from(&*text).unwrap_or(HeaderValue::from_static("unknown"))
}

#[cfg(test)]
mod tests {
    use llm_core::{ErrorKind, Resumption, Target};

    use super::*;

    #[test]
    fn a_request_id_is_taken_over_when_it_is_a_plain_word() {
        let id = |given: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(given).unwrap());
            Reply::new(&headers).request_id().to_owned()
        };
        assert_eq!(id(b"req-1:a/b"), "req-1:a/b");
        for odd in [&b"two words"[..], b"", b"\xff", b"tab\there", &[b'x'; 129]] {
            assert_eq!(id(odd).len(), 32, "{odd:?}");
        }
    }

    #[test]
    fn warnings_are_one_short_line_of_ascii() {
        let field = |details: &str| Warning::Unsupported { field: "top_k".to_owned(), details: details.to_owned() };
        let other = Warning::Other { message: "größer\r\nx: y".to_owned() };
        assert_eq!(in_words(&[field("no such field"), other]), "top_k: no such field; gr??er??x: y");
        assert_eq!(in_words(&[field(&"x".repeat(5000))]).len(), LONGEST_WARNINGS);
    }

    #[test]
    fn a_resumed_stream_is_told_in_a_comment() {
        let resumed = Warning::Resumed {
            broken: Target::new("a", "m"),
            cause: ErrorKind::Truncated,
            by: Target::new("b", "m"),
            model: None,
            how: Resumption::Restart,
        };
        let mut out = Vec::new();
        remark(&[], &mut out);
        assert!(out.is_empty());
        remark(&[resumed], &mut out);
        assert_eq!(out, b": x-llm-warnings: resumed: a/m broke off (truncated), b/m went on\n\n");
    }
}

//! What every answer carries beside its body: the request id, who answered, and after how many attempts.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use axum::http::{HeaderMap, Response as HttpResponse, StatusCode};
use axum::response::Response;
use llm_core::{Attempt, Error, ErrorKind, Origin};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TARGET: HeaderName = HeaderName::from_static("x-llm-target");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-llm-attempts");
const DEMO: HeaderName = HeaderName::from_static("x-llm-demo");
const ERROR_SOURCE: HeaderName = HeaderName::from_static("x-llm-error-source");
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Makes the answers to one request.
pub(crate) struct Reply {
    request_id: HeaderValue,
}

impl Reply {
    /// Takes over the client's request id, or makes one.
    pub(crate) fn new(headers: &HeaderMap) -> Self {
        let theirs = headers.get(REQUEST_ID).filter(|id| !id.is_empty() && id.len() <= 128).cloned();
        Self { request_id: theirs.unwrap_or_else(new_request_id) }
    }

    /// A whole answer.
    pub(crate) fn json(
        &self,
        status: StatusCode,
        body: Vec<u8>,
        origin: Option<&Origin>,
        attempts: &[Attempt],
    ) -> Response {
        let mut response = HttpResponse::new(Body::from(body));
        *response.status_mut() = status;
        self.headers(response.headers_mut(), HeaderValue::from_static("application/json"));
        if let Some(origin) = origin {
            answered_by(response.headers_mut(), origin, attempts);
        }
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
        let mut response = self.json(status, body, None, &[]);
        let headers = response.headers_mut();
        headers.insert(ERROR_SOURCE, HeaderValue::from_static(source(error)));
        headers.insert(ATTEMPTS, HeaderValue::from(error.attempts().len()));
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

/// Names who answered.
pub(crate) fn answered_by(headers: &mut HeaderMap, origin: &Origin, attempts: &[Attempt]) {
    if let Ok(target) = HeaderValue::try_from(format!("{}/{}", origin.provider, origin.model)) {
        headers.insert(TARGET, target);
    }
    headers.insert(ATTEMPTS, HeaderValue::from(attempts.len().max(1)));
    if origin.api == "local" {
        headers.insert(DEMO, HeaderValue::from_static("true"));
    }
}

/// Whose fault it is: the client's, the gateway's own, or a provider's.
fn source(error: &Error) -> &'static str {
    match error.kind() {
        _ if error.status().is_some() || error.provider().is_some() => "provider",
        ErrorKind::InvalidRequest | ErrorKind::NotFound | ErrorKind::PayloadTooLarge => "client",
        _ => "gateway",
    }
}

fn new_request_id() -> HeaderValue {
    let mut text = [0; uuid::fmt::Simple::LENGTH];
    let text = uuid::Uuid::now_v7().as_simple().encode_lower(&mut text);
    HeaderValue::try_from(&*text).unwrap_or(HeaderValue::from_static("unknown"))
}

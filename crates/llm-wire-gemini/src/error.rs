//! Errors: `{"error": {"code", "message", "status", "details"}}`, sometimes inside a list, on their own or inside a
//! running stream; read and written.
//!
//! The class comes from the HTTP status, the details and the gRPC status. Text decides only within one status, by its
//! beginning, where the vendor has no code: a prompt that is echoed inside a message changes nothing.

use std::time::Duration;

use llm_core::{Error, ErrorKind};
use llm_wire::{ErrorResponse, google_retry_delay};
use serde_json::{Value, json};

/// Marks details that Loquat wrote, so that one Loquat behind another keeps the class.
const DOMAIN: &str = "loquat";

/// Reads an answer with a status of 400 or more.
pub fn decode_error(response: &ErrorResponse) -> Error {
    let Some(report) = Report::read(&response.body) else {
        let kind = ErrorKind::of_status(response.status);
        return response.error(kind, &response.text());
    };
    let error = response.error(report.kind(response.status), &report.message);
    report.complete(error)
}

/// Reads an error object that stands where an answer should be; there is no HTTP status to go by.
pub(crate) fn in_band(json: &str) -> Error {
    match serde_json::from_str(json).ok().and_then(Report::of) {
        Some(report) => {
            let kind = report.kind(report.code.unwrap_or_else(|| http_status(&report.status)));
            let error = match report.message.trim() {
                "" => Error::new(kind, "the vendor sent an error in place of an answer and said nothing"),
                message => Error::upstream(kind, message),
            };
            report.complete(error)
        }
        None => Error::new(ErrorKind::Server, "the vendor sent an error in place of an answer and said nothing"),
    }
}

/// What an error object says.
#[derive(Debug, Default)]
struct Report {
    code: Option<u16>,
    message: String,
    /// The gRPC status (`RESOURCE_EXHAUSTED`).
    status: String,
    /// `ErrorInfo.reason` (`API_KEY_INVALID`).
    reason: Option<String>,
    /// `ErrorInfo.domain`.
    domain: Option<String>,
    retry_delay: Option<Duration>,
    /// A quota of the whole day is used up.
    daily: bool,
    /// The field that is wrong.
    field: Option<String>,
}

impl Report {
    fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        // A stream without `alt=sse` is a list, and so are its errors.
        let error = match &body {
            Value::Array(list) => list.iter().find_map(|element| element.get("error"))?,
            body => body.get("error")?,
        };
        Self::of(error.clone())
    }

    fn of(error: Value) -> Option<Self> {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        // OAuth endpoints answer `{"error": "invalid_grant", "error_description": …}`.
        if let Value::String(message) = error {
            return Some(Self { message, ..Self::default() });
        }
        error.as_object()?;
        let mut report = Self {
            code: error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok()),
            message: text(&error, "message").unwrap_or_default(),
            status: text(&error, "status").unwrap_or_default(),
            ..Self::default()
        };
        for detail in error.get("details").and_then(Value::as_array).into_iter().flatten() {
            let list = |name: &str| detail.get(name).and_then(Value::as_array).into_iter().flatten();
            let kind = detail.get("@type").and_then(Value::as_str).unwrap_or_default();
            match kind.rsplit('.').next().unwrap_or_default() {
                "RetryInfo" => {
                    let delay = text(detail, "retryDelay");
                    report.retry_delay = delay.and_then(|delay| google_retry_delay(&delay));
                }
                "QuotaFailure" => {
                    let mut quotas = list("violations").filter_map(|violation| violation.get("quotaId")?.as_str());
                    report.daily |= quotas.any(is_daily);
                }
                "ErrorInfo" => {
                    report.reason = text(detail, "reason");
                    report.domain = text(detail, "domain");
                    let limit = detail.pointer("/metadata/quota_limit").and_then(Value::as_str);
                    report.daily |= limit.is_some_and(is_daily);
                }
                "BadRequest" => report.field = list("fieldViolations").find_map(|violation| text(violation, "field")),
                _ => {}
            }
        }
        Some(report)
    }

    fn kind(&self, status: u16) -> ErrorKind {
        if self.domain.as_deref() == Some(DOMAIN)
            && let Some(kind) = self.reason.as_deref().and_then(own_kind)
        {
            return kind;
        }
        // gRPC's CANCELLED, which Google sends as 499: the server gave up, not the caller.
        if status == 499 || self.status == "CANCELLED" {
            return ErrorKind::Server;
        }
        let reason = self.reason.as_deref().unwrap_or_default();
        let says = |beginning: &str| self.message.starts_with(beginning);
        match status {
            // A wrong key is 400 here (recorded 2025-12); older servers give no reason.
            400 if reason == "API_KEY_INVALID" || says("API key not valid") || says("API key expired") => {
                ErrorKind::Auth
            }
            // "The input token count (N) exceeds the maximum number of tokens allowed (M)." and Vertex AI's
            // "Unable to submit request because the input token count is N but the model supports up to M."
            400 if says("The input token count") || says("Unable to submit request because the input token count") => {
                ErrorKind::ContextLength
            }
            // "Request payload size exceeds the limit: 20971520 bytes."
            400 if says("Request payload size exceeds the limit") => ErrorKind::PayloadTooLarge,
            // "Your API key was reported as leaked", "Method doesn't allow unregistered callers" (no key at all).
            403 if says("Your API key") || says("Method doesn't allow unregistered callers") => ErrorKind::Auth,
            429 if self.daily => ErrorKind::QuotaExhausted,
            status => ErrorKind::of_status(status),
        }
    }

    /// Adds the code, the field and the wait to an error of this report.
    fn complete(self, mut error: Error) -> Error {
        // A daily quota is announced with a wait of seconds, after which it is as empty as before.
        if let Some(delay) = self.retry_delay
            && error.kind() != ErrorKind::QuotaExhausted
        {
            error = error.with_retry_after(delay);
        }
        if error.kind() == ErrorKind::QuotaExhausted {
            error = error.with_retry_after(None::<Duration>);
        }
        if let Some(field) = self.field {
            error = error.with_param(field);
        }
        match self.reason.unwrap_or(self.status) {
            code if code.is_empty() => error,
            code => error.with_code(code),
        }
    }
}

/// `GenerateRequestsPerDayPerProjectPerModel-FreeTier`.
fn is_daily(quota: &str) -> bool {
    quota.contains("PerDay")
}

/// The HTTP status of a gRPC status (google/rpc/code.proto).
fn http_status(status: &str) -> u16 {
    match status {
        "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE" => 400,
        "UNAUTHENTICATED" => 401,
        "PERMISSION_DENIED" => 403,
        "NOT_FOUND" => 404,
        "ABORTED" | "ALREADY_EXISTS" => 409,
        "RESOURCE_EXHAUSTED" => 429,
        "CANCELLED" => 499,
        "UNIMPLEMENTED" => 501,
        "UNAVAILABLE" => 503,
        "DEADLINE_EXCEEDED" => 504,
        _ => 500,
    }
}

/// Writes an error in the vendor's shape: the HTTP status and the body.
pub fn encode_error(error: &Error) -> (u16, Vec<u8>) {
    use ErrorKind as K;
    let (code, status) = match error.kind() {
        K::InvalidRequest | K::ContextLength | K::ContentFilter | K::Unsupported => (400, "INVALID_ARGUMENT"),
        K::Auth => (401, "UNAUTHENTICATED"),
        K::Permission => (403, "PERMISSION_DENIED"),
        K::NotFound => (404, "NOT_FOUND"),
        K::PayloadTooLarge => (413, "INVALID_ARGUMENT"),
        K::RateLimited | K::QuotaExhausted | K::Limited | K::BudgetExceeded => (429, "RESOURCE_EXHAUSTED"),
        K::Cancelled => (499, "CANCELLED"),
        K::Overloaded | K::CircuitOpen | K::NoTarget => (503, "UNAVAILABLE"),
        K::Timeout(_) => (504, "DEADLINE_EXCEEDED"),
        K::Config | K::Internal => (500, "INTERNAL"),
        _ => (502, "UNAVAILABLE"),
    };
    let mut metadata = serde_json::Map::new();
    let facts = [("provider", error.provider()), ("model", error.model()), ("code", error.code())];
    metadata.extend(facts.into_iter().filter_map(|(name, fact)| Some((name.to_owned(), fact?.into()))));
    if let Some(status) = error.status() {
        metadata.insert("upstreamStatus".to_owned(), status.to_string().into());
    }
    let mut details = vec![json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": error.kind().as_str().to_ascii_uppercase(),
        "domain": DOMAIN,
        "metadata": metadata,
    })];
    if let Some(wait) = error.retry_after() {
        let delay = format!("{}.{:03}s", wait.as_secs(), wait.subsec_millis());
        details.push(json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}));
    }
    if let Some(field) = error.param() {
        let violation = json!({"field": field, "description": error.message()});
        details.push(json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}));
    }
    let body = json!({"error": {"code": code, "message": error.message(), "status": status, "details": details}});
    (code, body.to_string().into_bytes())
}

/// The class that Loquat wrote as a reason.
fn own_kind(reason: &str) -> Option<ErrorKind> {
    use ErrorKind as K;
    let kinds = [
        K::Auth,
        K::Permission,
        K::NotFound,
        K::InvalidRequest,
        K::PayloadTooLarge,
        K::ContextLength,
        K::ContentFilter,
        K::RateLimited,
        K::QuotaExhausted,
        K::Overloaded,
        K::Server,
        K::ModelOutput,
    ];
    kinds.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(reason))
}

//! Errors, both ways: the vendor's to a class, and a class to the vendor's form.
//!
//! The class comes from the vendor's error type and the HTTP status. Message text decides only between classes that
//! share `400 invalid_request_error`, by how the message begins, so that an echoed prompt changes nothing.

use llm_core::{Error, ErrorKind};
use llm_wire::{ErrorFacts, ErrorResponse};
use serde::ser::{Serialize, SerializeMap, Serializer};

use llm_wire::json::{Fields, Text};

/// Beginnings of messages of the type `invalid_request_error`, and what they mean.
const BEGINNINGS: &[(&str, ErrorKind)] = &[
    // "prompt is too long: 215904 tokens > 200000 maximum"
    ("prompt is too long", ErrorKind::ContextLength),
    // "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, …"
    ("input length and `max_tokens` exceed context limit", ErrorKind::ContextLength),
    ("Your credit balance is too low", ErrorKind::QuotaExhausted),
    // A spend limit of the organisation's own.
    ("You have reached your specified API usage limits", ErrorKind::QuotaExhausted),
    ("Output blocked by content filtering policy", ErrorKind::ContentFilter),
];

/// Reads an answer with an error status.
pub fn decode_error(response: &ErrorResponse) -> Error {
    let fields: Option<Fields<'_>> = serde_json::from_slice(&response.body).ok();
    let Some(Said { kind, message, request_id }) = fields.and_then(Said::read) else {
        // A proxy's page or nothing at all.
        let text = response.text();
        let message = if text.starts_with('<') { "" } else { &text };
        return response.error(ErrorKind::of_status(response.status), message);
    };
    let class = classify(Some(response.status), &kind, &message);
    let mut error = response.error(class, &message);
    if !kind.is_empty() {
        error = error.with_code(kind);
    }
    if error.request_id().is_none() { error.with_request_id(request_id) } else { error }
}

/// An error inside an answer with a good status, or inside a stream.
pub(crate) fn in_band(fields: Fields<'_>, status: Option<u16>) -> Error {
    let Some(Said { kind, message, request_id }) = Said::read(fields) else {
        return Error::new(ErrorKind::Server, "the vendor reported an error without saying which");
    };
    let class = classify(None, &kind, &message);
    let message = if message.is_empty() { "the vendor reported an error and said nothing" } else { &message };
    let mut error = Error::upstream(class, message).with_request_id(request_id);
    if let Some(status) = status {
        error = error.with_status(status);
    }
    if kind.is_empty() { error } else { error.with_code(kind) }
}

/// JSON, but no answer.
pub(crate) fn not_an_answer() -> Error {
    Error::new(ErrorKind::Malformed, "reading the answer: it has neither content nor an error")
}

/// What an error body says.
struct Said {
    kind: String,
    message: String,
    request_id: Option<String>,
}

impl Said {
    /// The vendor's form, and the simpler ones of proxies: `{"error": "text"}`, `{"message": "text"}`, `{"detail": "text"}`.
    fn read(mut fields: Fields<'_>) -> Option<Self> {
        let request_id = fields.take_text("request_id").map(Into::into);
        let Some(error) = fields.take("error") else {
            let message = fields.take_text("message").or_else(|| fields.take_text("detail"))?.into_owned();
            return Some(Self { kind: String::new(), message, request_id });
        };
        if let Ok(Text(message)) = serde_json::from_str(error.get()) {
            return Some(Self { kind: String::new(), message: message.into_owned(), request_id });
        }
        let mut error = Fields::read(error)?;
        let kind = error.take_text("type").map(Into::into).unwrap_or_default();
        let message = error.take_text("message").map(Into::into).unwrap_or_default();
        Some(Self { kind, message, request_id })
    }
}

/// The class of an error. Types that say it exactly go before the status, vague ones (`invalid_request_error`,
/// `api_error`, unknown) after it: gateways send them with any status.
fn classify(status: Option<u16>, kind: &str, message: &str) -> ErrorKind {
    let by_status = status.map_or(ErrorKind::Server, ErrorKind::of_status);
    match (kind, by_status) {
        ("authentication_error", _) => ErrorKind::Auth,
        ("billing_error", _) => ErrorKind::QuotaExhausted,
        ("permission_error", _) => ErrorKind::Permission,
        ("not_found_error", _) => ErrorKind::NotFound,
        ("request_too_large", _) => ErrorKind::PayloadTooLarge,
        ("rate_limit_error", _) => ErrorKind::RateLimited,
        ("overloaded_error", _) => ErrorKind::Overloaded,
        ("timeout_error", _) => ErrorKind::Server,
        ("invalid_request_error", ErrorKind::InvalidRequest) => refine(message),
        ("invalid_request_error", _) if status.is_none() => refine(message),
        (_, by_status) => by_status,
    }
}

fn refine(message: &str) -> ErrorKind {
    let known = BEGINNINGS.iter().find(|(beginning, _)| message.starts_with(beginning));
    known.map_or(ErrorKind::InvalidRequest, |(_, kind)| *kind)
}

/// The HTTP status and the body of an error in the vendor's form, with Loquat's own facts under `x_llm`.
pub fn encode_error(error: &Error) -> (u16, Vec<u8>) {
    let (status, _) = form(error.kind());
    (status, body(error))
}

/// The body alone, as it stands in a stream too.
pub(crate) fn body(error: &Error) -> Vec<u8> {
    // Serializing strings and numbers into memory cannot fail.
    serde_json::to_vec(&WireError(error)).unwrap_or_default()
}

/// Status and type of a class.
fn form(kind: ErrorKind) -> (u16, &'static str) {
    match kind {
        ErrorKind::Auth => (401, "authentication_error"),
        ErrorKind::Permission => (403, "permission_error"),
        ErrorKind::NotFound => (404, "not_found_error"),
        ErrorKind::InvalidRequest | ErrorKind::ContextLength | ErrorKind::ContentFilter | ErrorKind::Unsupported => {
            (400, "invalid_request_error")
        }
        ErrorKind::PayloadTooLarge => (413, "request_too_large"),
        ErrorKind::RateLimited | ErrorKind::Limited => (429, "rate_limit_error"),
        ErrorKind::QuotaExhausted | ErrorKind::BudgetExceeded => (402, "billing_error"),
        ErrorKind::Overloaded => (529, "overloaded_error"),
        ErrorKind::CircuitOpen | ErrorKind::NoTarget => (503, "overloaded_error"),
        ErrorKind::Timeout(_) => (504, "timeout_error"),
        ErrorKind::ModelOutput | ErrorKind::Network | ErrorKind::Malformed | ErrorKind::Truncated => (502, "api_error"),
        ErrorKind::Cancelled => (499, "api_error"),
        _ => (500, "api_error"),
    }
}

struct WireError<'a>(&'a Error);

impl Serialize for WireError<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "error")?;
        map.serialize_entry("error", &Inner(self.0))?;
        map.serialize_entry("request_id", &self.0.request_id())?;
        map.end()
    }
}

struct Inner<'a>(&'a Error);

impl Serialize for Inner<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let error = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", form(error.kind()).1)?;
        // Clients of this protocol (Claude Code among them) know a full context window by how the message begins.
        let known = |(beginning, kind): &(&str, ErrorKind)| {
            *kind == ErrorKind::ContextLength && error.message().starts_with(beginning)
        };
        if error.kind() == ErrorKind::ContextLength && !BEGINNINGS.iter().any(known) {
            map.serialize_entry("message", &format_args!("prompt is too long: {}", error.message()))?;
        } else {
            map.serialize_entry("message", error.message())?;
        }
        map.serialize_entry("x_llm", &ErrorFacts(error))?;
        map.end()
    }
}

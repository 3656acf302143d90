//! Errors, both ways. The vendor has a status and a sentence, and no machine code but one.

use llm_core::{Error, ErrorKind};
use llm_wire::{ErrorFacts, ErrorResponse};
use serde_json::{Value, json};

/// Beginnings of messages that tell classes apart within one status, and their source.
const BEGINNINGS: &[(u16, &str, ErrorKind)] = &[
    // "too many tokens: size limit exceeded by 25836 tokens. …" (recording of 2026; its `error_type` says it too)
    (400, "too many tokens", ErrorKind::ContextLength),
    // "invalid api token" and "invalid signature" come with a status of their own.
    (400, "invalid api token", ErrorKind::Auth),
];

/// Reads an answer with an error status.
pub fn decode_error(response: &ErrorResponse) -> Error {
    let said: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let text = response.text();
    let message = match message(&said) {
        Some(message) => message,
        // Proxies answer with a page or with a sentence.
        None if text.starts_with(['<', '{', '[']) => "",
        None => &text,
    };
    let code = said["error_type"].as_str();
    let error = response.error(classify(response.status, code, message), message);
    match code {
        Some(code) => error.with_code(code),
        None => error,
    }
}

/// `{message}`, and the forms of proxies: `{error: "…"}`, `{error: {message}}`, `{detail}`.
fn message(said: &Value) -> Option<&str> {
    said["message"]
        .as_str()
        .or_else(|| said["error"].as_str())
        .or_else(|| said["error"]["message"].as_str())
        .or_else(|| said["detail"].as_str())
}

fn classify(status: u16, code: Option<&str>, message: &str) -> ErrorKind {
    if code == Some("TOO_MANY_TOKENS") {
        return ErrorKind::ContextLength;
    }
    let known = BEGINNINGS.iter().find(|(of, beginning, _)| *of == status && message.starts_with(beginning));
    match (status, known) {
        (_, Some((_, _, kind))) => *kind,
        // "You are using a Trial key, which is limited to 1000 API calls / month. …": no wait helps.
        (429, None) if message.starts_with("You are using a Trial key") && is_monthly(message) => {
            ErrorKind::QuotaExhausted
        }
        (402, None) => ErrorKind::QuotaExhausted,
        // An invalid token; the vendor's own number (its SDK's list of errors, 2026).
        (498, None) => ErrorKind::Auth,
        // Inside a good answer.
        (0, None) => ErrorKind::Server,
        _ => ErrorKind::of_status(status),
    }
}

fn is_monthly(message: &str) -> bool {
    let sentence = message.split('.').next().unwrap_or_default();
    sentence.ends_with("/ month") || sentence.ends_with("per month")
}

/// An error inside an answer with a good status, or inside a stream.
pub(crate) fn in_band(said: &Value) -> Option<Error> {
    let message = message(said)?;
    Some(match message.trim() {
        "" => Error::new(ErrorKind::Server, "the vendor reported an error inside its answer and said nothing"),
        message => Error::upstream(classify(0, said["error_type"].as_str(), message), message),
    })
}

/// JSON, but not what was asked for.
pub(crate) fn unexpected(doing: &str, said: &Value) -> Error {
    in_band(said).unwrap_or_else(|| Error::new(ErrorKind::Malformed, format!("reading {doing}: there is none")))
}

/// Status and body of an error in the vendor's form, with Loquat's own facts under `x_llm`.
pub fn encode_error(error: &Error) -> (u16, Vec<u8>) {
    let facts = ErrorFacts(error);
    (facts.status(), json!({ "message": error.message(), "x_llm": facts }).to_string().into_bytes())
}

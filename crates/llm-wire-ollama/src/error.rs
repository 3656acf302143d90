//! Errors, both ways: `{"error": "words"}` with a status, or with none inside a stream that has begun.
//!
//! There is no machine code, so a class comes from the status, and from the first words only to tell apart what shares
//! a status. The words are matched where they begin: a message that merely quotes a prompt changes nothing.

use llm_core::{Error, ErrorKind};
use llm_wire::{ErrorFacts, ErrorResponse};
use serde::{Deserialize, Serialize};

use crate::wire::Problem;

/// The class, words and hints of an answer with an error status.
pub fn decode_error(response: &ErrorResponse) -> Error {
    let body: Option<ErrorBody<'_>> = serde_json::from_slice(&response.body).ok();
    if let Some(ErrorBody { error: problem }) = body {
        let message = problem.message();
        response.error(kind(response.status, &message), &message)
    } else {
        let text = response.text();
        response.error(kind(response.status, &text), &text)
    }
}

/// The one field of an error that is read.
#[derive(Deserialize)]
struct ErrorBody<'a> {
    #[serde(borrow)]
    error: Problem<'a>,
}

/// An error inside an answer that began with status 200. Without a better word it is the server's failure
/// (the handler's own status for it is 500; ollama `server/routes.go`, `streamResponse`, 2026-05).
pub(crate) fn in_band(problem: &Problem<'_>) -> Error {
    let message = problem.message();
    let kind = if is_busy(&message) { ErrorKind::Overloaded } else { kind(500, &message) };
    match message.trim() {
        "" => Error::new(kind, "the server reported an error inside its answer and said nothing"),
        message => Error::upstream(kind, message),
    }
}

fn kind(status: u16, message: &str) -> ErrorKind {
    match status {
        400 | 413 | 500 if is_too_long(message) => ErrorKind::ContextLength,
        429 if is_used_up(message) => ErrorKind::QuotaExhausted,
        _ => ErrorKind::of_status(status),
    }
}

/// ollama.com's chat (recorded 2026-08), the embedding endpoint (ollama#12710, 2026-05) and older servers, then with 500.
fn is_too_long(message: &str) -> bool {
    const STARTS: [&str; 5] = [
        "prompt too long",
        "the input length exceeds the context length",
        "input length exceeds",
        "input exceeds maximum context length",
        "the prompt is too long",
    ];
    STARTS.iter().any(|start| starts_with(message, start))
}

/// ollama.com's plan limits, which last hours or days: "you (name) have reached your weekly usage limit, …", "you've
/// reached your hourly usage limit, …" (public reports of 2025-11 to 2026-09). They come without `retry-after`.
fn is_used_up(message: &str) -> bool {
    let rest = match message.split_once(") have reached your ") {
        Some((name, rest)) if starts_with(name, "you (") => rest,
        _ => match message.split_at_checked("you've reached your ".len()) {
            Some((start, rest)) if start.eq_ignore_ascii_case("you've reached your ") => rest,
            _ => return false,
        },
    };
    let mut words = rest.split_whitespace();
    words.next().is_some()
        && starts_with(words.next().unwrap_or_default(), "usage")
        && words.next().is_some_and(|word| starts_with(word, "limit"))
}

/// The queue is full (`OLLAMA_MAX_QUEUE`, ollama `server/routes.go`, `ErrMaxQueue`).
fn is_busy(message: &str) -> bool {
    starts_with(message, "server busy")
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// The words of an error.
#[derive(Serialize)]
struct Words<'a> {
    error: &'a str,
}

/// Status and body of an error, for a server that speaks this protocol.
pub fn encode_error(error: &Error) -> (u16, Vec<u8>) {
    // The vendor's own status says more than its class.
    let status = error.status().filter(|status| (400..=599).contains(status));
    (status.unwrap_or_else(|| ErrorFacts(error).status()), words(error))
}

/// The body of an error, also the form it has inside a stream.
pub(crate) fn words(error: &Error) -> Vec<u8> {
    serde_json::to_vec(&Words { error: error.message() }).unwrap_or_default()
}

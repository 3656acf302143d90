//! Errors: the vendor's code decides, then the status, and never the words.

use std::time::Duration;

use llm_core::{Error, ErrorKind};
use llm_wire::ErrorResponse;
use serde::Deserialize;

/// `{"problem": {"code": "slow_down", "says": "…", "at": "turns[0]", "wait_ms": 1500}}`
#[derive(Deserialize)]
struct Said {
    problem: Problem,
}

/// What went wrong.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    code: Option<String>,
    says: String,
    at: Option<String>,
    wait_ms: Option<u64>,
}

/// An answer with an error status.
pub(crate) fn decode(response: &ErrorResponse) -> Error {
    if let Ok(Said { problem }) = serde_json::from_slice(&response.body) {
        let kind = problem.kind().unwrap_or(ErrorKind::of_status(response.status));
        let error = response.error(kind, &problem.says);
        return problem.about(error);
    }
    // A proxy in between has a page or a sentence of its own.
    let text = response.text();
    let text = if text.starts_with(['<', '{', '[']) { "" } else { &text };
    response.error(ErrorKind::of_status(response.status), text)
}

impl Problem {
    /// The class by the vendor's code, for codes that say more than their status.
    fn kind(&self) -> Option<ErrorKind> {
        Some(match self.code.as_deref()? {
            "too_long" => ErrorKind::ContextLength,
            "declined" => ErrorKind::ContentFilter,
            "out_of_credit" => ErrorKind::QuotaExhausted,
            "slow_down" => ErrorKind::RateLimited,
            "busy" => ErrorKind::Overloaded,
            _ => return None,
        })
    }

    /// An error inside a stream, or in an answer whose status is good.
    pub(crate) fn in_band(self) -> Error {
        let kind = self.kind().unwrap_or(ErrorKind::Server);
        let error = match self.says.trim() {
            "" => Error::new(kind, "acme reported a problem inside its answer and said nothing"),
            says => Error::upstream(kind, says),
        };
        self.about(error)
    }

    fn about(self, mut error: Error) -> Error {
        if let Some(wait) = self.wait_ms.filter(|wait| *wait > 0) {
            error = error.with_retry_after(Duration::from_millis(wait));
        }
        if let Some(code) = self.code {
            error = error.with_code(code);
        }
        match self.at {
            Some(at) => error.with_param(at),
            None => error,
        }
    }
}

/// JSON that is not what it should be. Only the place is told: the parser's own words may quote the body.
pub(crate) fn malformed(what: &str, error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    let message = format!("reading {what} of acme: not the JSON that was expected (line {line}, column {column})");
    Error::new(ErrorKind::Malformed, message)
}

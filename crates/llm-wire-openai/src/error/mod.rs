//! Errors, both ways: the many shapes in which vendors report them, their classes, and OpenAI's shape for clients.

mod body;
mod classify;
mod encode;
mod wait;

pub use encode::encode_error;
pub(crate) use encode::envelope;

use llm_core::{Error, ErrorKind};
use llm_wire::ErrorResponse;
use serde_json::Value;

use crate::dialect::Dialect;
use body::Complaint;

/// The class, words and hints of an answer with an error status.
pub fn decode_error(response: &ErrorResponse, dialect: &Dialect) -> Error {
    let complaint = match serde_json::from_slice::<Value>(response.body.trim_ascii()) {
        Ok(value) => Complaint::read(&value).unwrap_or_default(),
        // Proxies answer with a page; its markup tells nobody anything.
        Err(_) if response.body.trim_ascii_start().starts_with(b"<") => Complaint::default(),
        Err(_) => Complaint { message: response.text(), ..Complaint::default() },
    };
    let kind = classify::classify(response.status, &complaint, dialect);
    let error = response.error(kind, &complaint.message);
    let error = if error.retry_after().is_none() && matches!(kind, ErrorKind::RateLimited | ErrorKind::Overloaded) {
        error.with_retry_after(wait::asked(&complaint.message))
    } else {
        error
    };
    complaint.mark(error)
}

/// An error inside an answer whose status was 200: in its JSON, or in the middle of a stream. `None` when the value
/// complains of nothing.
pub(crate) fn in_band(value: &Value, dialect: &Dialect) -> Option<Error> {
    let complaint = Complaint::read(value)?;
    // Without a status in it, a class is only to be had from its words.
    let kind = classify::classify(complaint.status.unwrap_or(0), &complaint, dialect);
    let error = match complaint.message.trim() {
        "" => Error::new(kind, "the vendor reported an error inside its answer and said nothing"),
        message => Error::upstream(kind, message),
    };
    let error = match complaint.status {
        Some(status) => error.with_status(status),
        None => error,
    };
    let wait = wait::asked(&complaint.message);
    Some(complaint.mark(error.with_retry_after(wait)))
}

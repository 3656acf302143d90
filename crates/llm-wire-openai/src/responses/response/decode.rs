//! A whole answer from JSON. Absent, null and empty mean the same everywhere; what is not known is kept.

use std::sync::Arc;

use llm_core::{
    ChatResponse, Error, ErrorKind, Extensions, Finish, FinishReason, Message, Origin, Part, PartKind, Role,
};
use llm_wire::json::malformed;
use serde_json::Value;

use crate::dialect::Dialect;
use crate::error;
use crate::json::{Kept, is_empty, read};
use crate::responses::wire::Answer;
use crate::responses::{finish, item, piece, usage};

/// Reads a whole answer. An error object in it is an error, classified, and so is the status `failed`.
///
/// What was asked and is only repeated in the answer (instructions, tools, sampling) is left out.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>, dialect: &Dialect) -> Result<ChatResponse, Error> {
    let answer: Answer<'_> = read(body).map_err(|error| malformed("the vendor's answer", &error))?;
    let failed = answer.error.is_some_and(|raw| !is_empty(raw)) || &*answer.status.0 == "failed";
    let Some(output) = answer.output.filter(|_| !failed) else {
        return Err(complaint(&serde_json::from_slice(body).unwrap_or_default(), dialect));
    };
    let (mut parts, mut calls) = (Vec::new(), 0);
    for raw in output {
        parts.append(&mut item::parts(raw, &mut calls));
    }
    let finish = finish::decode(&answer.status.0, &answer.incomplete.reason.0, calls > 0);
    cut_last(&mut parts, &finish);
    let mut message = Message::new(Role::Assistant, parts);
    message.origin = Some(origin.clone());
    let mut response = ChatResponse::new(origin.clone(), message, finish);
    response.id = answer.id.owned();
    response.model = answer.model.owned();
    response.created = answer.created_at.0.filter(|created| *created != 0);
    response.service_tier = answer.service_tier.owned();
    response.usage = answer.usage.and_then(|raw| usage::decode(raw, dialect.reasoning_tokens)).unwrap_or_default();
    response.ext = read_ext(&answer.rest);
    Ok(response)
}

/// The fields of an answer that have no place in `llm-core`.
pub(in crate::responses) fn read_ext(rest: &Kept<'_>) -> Extensions {
    let mut ext = Extensions::default();
    piece::keep(&mut ext, rest);
    ext
}

/// The error that an answer, or the last event of a stream, reports.
pub(in crate::responses) fn complaint(answer: &Value, dialect: &Dialect) -> Error {
    match (error::in_band(answer, dialect), answer["status"].as_str()) {
        (Some(error), _) => error,
        (None, Some("failed")) => Error::new(ErrorKind::Server, "the vendor says that it failed, and not why"),
        _ => Error::new(ErrorKind::Malformed, "reading the vendor's answer: it has no output"),
    }
}

/// A call without arguments at the end of an answer that ran into its limit was about to get some.
fn cut_last(parts: &mut [Part], finish: &Finish) {
    if finish.reason == FinishReason::Length
        && let Some(Part { kind: PartKind::ToolCall(call), .. }) = parts.last_mut()
    {
        call.truncated |= call.arguments.is_empty();
    }
}

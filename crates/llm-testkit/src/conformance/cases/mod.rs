//! The request fields, one case each: a request without the field, the same with it, and what must become of it.
//!
//! That no field of a request type is missing here is held by `coverage.rs`.

mod case;
mod chat;
#[cfg(test)]
mod coverage;
mod history;
mod media;
mod operations;
mod output;
mod tools;

use llm_core::{OnUnsupported, Request};
use std::sync::Arc;

pub(super) use case::{Case, Fate};

/// The operations that have fields, in the words of [`Request::operation`].
pub(super) const OPERATIONS: &[&str] =
    &["chat", "chat_stream", "count_tokens", "embed", "rerank", "image", "speech", "transcribe", "moderate"];

/// Every field of an operation's request, for a model of a provider that speaks `api`.
pub(super) fn all(operation: &str, model: &str, api: &str) -> Vec<Case> {
    let ask: fn(_) -> Request = match operation {
        "chat" => Request::Chat,
        "chat_stream" => Request::ChatStream,
        "count_tokens" => Request::CountTokens,
        operation => return operations::all(operation, model, api),
    };
    let as_asked = |request| match request {
        Request::Chat(request) => ask(request),
        other => other,
    };
    let mut cases = chat::all(model, api);
    if operation == "count_tokens" {
        // How the answer is drawn changes nothing in a count, what it looks like hardly does, and the settings of a chat
        // are unknown where tokens are counted.
        cases.retain(|case| ["model", "messages", "tools", "extra"].contains(&case.field));
    }
    cases.into_iter().map(|case| Case { base: as_asked(case.base), changed: as_asked(case.changed), ..case }).collect()
}

/// The smallest request of an operation.
pub(super) fn plain(operation: &str, model: &str) -> Option<Request> {
    let chat = Arc::new(chat::plain(model));
    match operation {
        "chat" => Some(Request::Chat(chat)),
        "chat_stream" => Some(Request::ChatStream(chat)),
        "count_tokens" => Some(Request::CountTokens(chat)),
        operation => operations::plain(operation, model),
    }
}

/// The request in another mode.
pub(super) fn in_mode(request: &Request, mode: OnUnsupported) -> Request {
    let mut request = request.clone();
    let place = match &mut request {
        Request::Chat(chat) | Request::ChatStream(chat) | Request::CountTokens(chat) => {
            &mut Arc::make_mut(chat).on_unsupported
        }
        Request::Embed(embed) => &mut Arc::make_mut(embed).on_unsupported,
        Request::Rerank(rerank) => &mut Arc::make_mut(rerank).on_unsupported,
        Request::Image(image) => &mut Arc::make_mut(image).on_unsupported,
        Request::Speech(speech) => &mut Arc::make_mut(speech).on_unsupported,
        Request::Transcribe(transcribe) => &mut Arc::make_mut(transcribe).on_unsupported,
        Request::Moderate(moderate) => &mut Arc::make_mut(moderate).on_unsupported,
        _ => return request,
    };
    *place = mode;
    request
}

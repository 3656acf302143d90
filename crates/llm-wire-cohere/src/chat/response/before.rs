//! Answers of the API before this one (`/v1/chat`, `/v1/generate`), which hosts of the vendor's models still speak.

use std::sync::Arc;

use llm_core::{ChatResponse, Origin, Part, PartKind, ToolCall, Usage};
use llm_wire::json::Fields;
use serde_json::{Value, json};

use super::decode::{items, shell};
use crate::{API, citation, usage};

/// Reads an answer of which `text` or `generations` is a field.
pub(super) fn decode(mut fields: Fields<'_>, origin: &Arc<Origin>) -> ChatResponse {
    // `/v1/generate` has the words and the end in a list.
    let generation = items(fields.take("generations")).first().copied().and_then(Fields::read);
    let mut said = generation.unwrap_or_default();
    let text = said.take_text("text").or_else(|| fields.take_text("text")).unwrap_or_default();
    let word = said.take_text("finish_reason").or_else(|| fields.take_text("finish_reason"));
    let mut citations = Vec::new();
    for raw in items(fields.take("citations")) {
        let value: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        citations.extend(citation::decode(&value, &text));
    }
    let mut parts = Vec::new();
    if !text.is_empty() {
        parts.push(Part::new(PartKind::Text { text: text.into_owned(), citations }));
    }
    let called: Option<Value> = fields.take("tool_calls").and_then(|raw| serde_json::from_str(raw.get()).ok());
    let called = calls(called.as_ref().unwrap_or(&Value::Null));
    parts.extend(called.into_iter().map(|call| Part::new(PartKind::ToolCall(call))));
    // An answer that is whole and does not say why it ended ended by itself.
    let mut response = shell(parts, word.as_deref().or(Some("COMPLETE")), origin);
    if word.is_none() {
        response.finish.raw = None;
    }
    response.id = fields.take_text("response_id").or_else(|| fields.take_text("id")).map(Into::into);
    let said: Option<Value> = fields.take("meta").and_then(|raw| serde_json::from_str(raw.get()).ok());
    response.usage = said.as_ref().map(usage).unwrap_or_default();
    // The conversation comes back whole; nobody needs it twice.
    fields.take("chat_history");
    let rest = fields.rest();
    if !rest.is_empty() {
        response.ext.0.insert(API.to_owned(), rest);
    }
    response
}

/// The usage of such an answer, which stands in `meta`.
pub(crate) fn usage(meta: &Value) -> Usage {
    usage::decode(meta)
}

/// Calls without ids, their arguments as objects.
pub(crate) fn calls(said: &Value) -> Vec<ToolCall> {
    let call = |(number, call): (usize, &Value)| {
        Some(ToolCall {
            id: format!("call_{number}"),
            name: call["name"].as_str()?.to_owned(),
            arguments: call.get("parameters").unwrap_or(&json!({})).to_string(),
            ..ToolCall::default()
        })
    };
    said.as_array().into_iter().flatten().enumerate().filter_map(call).collect()
}

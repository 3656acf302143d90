//! From a chat response to the body of an answer.

use llm_core::{ChatResponse, Part, PartKind};
use serde_json::{Map, Value, json};

use crate::chat::TOOL_PLAN;
use crate::{API, citation, finish, usage};

/// Writes an answer. Parts that the vendor has no form for are left out.
pub fn encode_response(response: &ChatResponse) -> Vec<u8> {
    let mut message = Map::new();
    message.insert("role".to_owned(), "assistant".into());
    let (mut content, mut citations, mut calls) = (Vec::new(), Vec::new(), Vec::new());
    for part in &response.message.content {
        match &part.kind {
            PartKind::Text { text, citations: found } => {
                for cited in found {
                    let mut said = citation::encode(cited, text);
                    said["content_index"] = content.len().into();
                    citations.push(said);
                }
                content.push(json!({ "type": "text", "text": text }));
            }
            PartKind::Refusal { text } => content.push(json!({ "type": "text", "text": text })),
            PartKind::Reasoning { text, .. } if !text.is_empty() => {
                content.push(json!({ "type": "thinking", "thinking": text }));
            }
            PartKind::ToolCall(_) => calls.extend(call(part)),
            PartKind::Opaque { kind, data } if kind == TOOL_PLAN => {
                message.insert("tool_plan".to_owned(), data.clone());
            }
            PartKind::Opaque { kind, data } if kind.strip_prefix(API).is_some_and(|rest| rest.starts_with('.')) => {
                content.push(data.clone());
            }
            _ => {}
        }
    }
    for (name, list) in [("content", content), ("citations", citations), ("tool_calls", calls)] {
        if !list.is_empty() {
            message.insert(name.to_owned(), Value::Array(list));
        }
    }
    let mut answer = Map::new();
    answer.insert("id".to_owned(), response.id.as_deref().unwrap_or_default().into());
    answer.insert("message".to_owned(), Value::Object(message));
    answer.insert("finish_reason".to_owned(), finish::encode(&response.finish).into());
    let said = usage::encode(&response.usage);
    if !said.is_null() {
        answer.insert("usage".to_owned(), said);
    }
    for (name, value) in response.ext.of(API).into_iter().flatten() {
        answer.entry(name.clone()).or_insert_with(|| value.clone());
    }
    serde_json::to_vec(&answer).unwrap_or_default()
}

/// A call in the vendor's form.
pub(crate) fn call(part: &Part) -> Option<Value> {
    let PartKind::ToolCall(call) = &part.kind else { return None };
    Some(json!({
        "id": call.id,
        "type": "function",
        "function": { "name": call.name, "arguments": call.arguments },
    }))
}

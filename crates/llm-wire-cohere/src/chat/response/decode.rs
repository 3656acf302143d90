//! From the body of an answer to a chat response.

use std::sync::Arc;

use llm_core::{ChatResponse, Error, Message, Origin, Part, PartKind, Role, ToolCall};
use llm_wire::json::{Fields, Input, malformed};
use serde_json::Value;
use serde_json::value::RawValue;

use super::before;
use crate::chat::TOOL_PLAN;
use crate::{API, citation, error, finish, usage};

/// Reads an answer; of the API before this one, too. An error object is an error, classified.
///
/// Nothing unknown fails: a block that this crate does not know becomes an opaque part, unknown fields are kept.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>) -> Result<ChatResponse, Error> {
    let mut fields: Fields<'_> = serde_json::from_slice(body).map_err(|error| malformed("the answer", &error))?;
    let said = match fields.take("message") {
        Some(raw) if raw.get().starts_with('{') => Fields::read(raw).unwrap_or_default(),
        _ if fields.has("text") || fields.has("generations") => return Ok(before::decode(fields, origin)),
        _ => return Err(error::unexpected("the answer", &serde_json::from_slice(body).unwrap_or_default())),
    };
    let parts = parts(said);
    let word = fields.take_text("finish_reason");
    let mut response = shell(parts, word.as_deref(), origin);
    response.id = fields.take_text("id").map(Into::into);
    response.model = fields.take_text("model").map(Into::into);
    let said: Option<Value> = fields.take("usage").and_then(|raw| serde_json::from_str(raw.get()).ok());
    response.usage = said.as_ref().map(usage::decode).unwrap_or_default();
    let rest = fields.rest();
    if !rest.is_empty() {
        response.ext.0.insert(API.to_owned(), rest);
    }
    Ok(response)
}

/// An answer of these parts.
pub(super) fn shell(parts: Vec<Part>, word: Option<&str>, origin: &Arc<Origin>) -> ChatResponse {
    let mut message = Message::new(Role::Assistant, parts);
    message.origin = Some(Arc::clone(origin));
    let finish = finish::decode(word, message.tool_calls().next().is_some());
    ChatResponse::new(Arc::clone(origin), message, finish)
}

fn parts(mut said: Fields<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    if let Some(plan) = said.take_text("tool_plan").filter(|plan| !plan.is_empty()) {
        parts.push(Part::opaque(TOOL_PLAN, Value::String(plan.into_owned())));
    }
    let first = parts.len();
    let content = said.take("content");
    for raw in items(content) {
        parts.extend(block(raw));
    }
    // A plain string, as requests may have it.
    let words = content.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    parts.extend(words.filter(|words| !words.is_empty()).map(Part::text));
    for raw in items(said.take("citations")) {
        if let Ok(value) = serde_json::from_str::<Value>(raw.get()) {
            cite(&mut parts[first..], &value);
        }
    }
    for (number, raw) in items(said.take("tool_calls")).into_iter().enumerate() {
        parts.extend(call(raw, number));
    }
    parts
}

pub(super) fn items(raw: Option<&RawValue>) -> Vec<&RawValue> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// A block of content; `None` when it says nothing.
fn block(raw: &RawValue) -> Option<Part> {
    let mut fields = Fields::read(raw)?;
    match fields.take_text("type").as_deref() {
        Some("text") => {
            let text = fields.take_text("text")?;
            (!text.is_empty()).then(|| Part::text(text))
        }
        Some("thinking") => {
            let text = fields.take_text("thinking")?;
            (!text.is_empty()).then(|| Part::reasoning(text))
        }
        Some(kind) => Some(Part::opaque(format!("{API}.{kind}"), serde_json::from_str(raw.get()).ok()?)),
        None => None,
    }
}

/// Puts a citation to the words that it is of: `content_index` says which block, else it is the last text.
fn cite(parts: &mut [Part], said: &Value) {
    let named = said["content_index"].as_u64().and_then(|index| usize::try_from(index).ok());
    let is_text = |part: &Part| part.as_text().is_some();
    let place =
        named.filter(|place| parts.get(*place).is_some_and(is_text)).or_else(|| parts.iter().rposition(is_text));
    if let Some(place) = place
        && let PartKind::Text { text, citations } = &mut parts[place].kind
        && let Some(citation) = citation::decode(said, text)
    {
        citations.push(citation);
    }
}

fn call(raw: &RawValue, number: usize) -> Option<Part> {
    let mut fields = Fields::read(raw)?;
    let mut function = Fields::read(fields.take("function")?)?;
    let arguments = function.take_text("arguments").unwrap_or_default();
    let id = fields.take_text("id").filter(|id| !id.is_empty());
    Some(Part::new(PartKind::ToolCall(ToolCall {
        id: id.map_or_else(|| format!("call_{number}"), Into::into),
        name: function.take_text("name")?.into_owned(),
        truncated: Input::read(&arguments).is_none(),
        arguments: arguments.into_owned(),
        ..ToolCall::default()
    })))
}

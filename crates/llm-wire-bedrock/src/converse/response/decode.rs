//! From the body of an answer to a chat response.

use std::sync::Arc;

use llm_core::{ChatResponse, Error, Message, Origin, Role};
use llm_wire::json::{Fields, malformed};
use serde_json::Map;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::block::list_without_errors;
use crate::{API, error, stop_reason, usage};

/// Decodes an answer of Converse, or of a model behind `InvokeModel` that answers in the same form (Nova).
///
/// Nothing unknown fails: a block that is not what its type says becomes an opaque part, unknown fields are kept.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>) -> Result<ChatResponse, Error> {
    let mut fields: Fields<'_> = serde_json::from_slice(body).map_err(|error| malformed("the answer", &error))?;
    let message = fields.take("output").and_then(Fields::read).and_then(|mut output| output.take("message"));
    let mut message = match message.and_then(Fields::read) {
        Some(message) => message,
        None if fields.has("stopReason") || fields.has("usage") => Fields::default(),
        None => return Err(error::not_an_answer(fields)),
    };
    let blocks: Vec<&RawValue> = match message.take("content").map(|raw| serde_json::from_str(raw.get())) {
        Some(Ok(blocks)) => blocks,
        Some(Err(error)) => return Err(malformed("the content of the answer", &error)),
        None => Vec::new(),
    };
    let mut message = Message::new(Role::Assistant, list_without_errors(blocks));
    message.origin = Some(Arc::clone(origin));
    let has_calls = message.tool_calls().next().is_some();
    let finish = stop_reason::decode(fields.take_text("stopReason").as_deref(), has_calls);

    let mut response = ChatResponse::new(Arc::clone(origin), message, finish);
    if let Some(raw) = fields.take("usage") {
        response.usage = usage::decode(raw);
    }
    let (service_tier, rest) = facts(fields);
    response.service_tier = service_tier;
    if !rest.is_empty() {
        response.ext.0.insert(API.to_owned(), rest);
    }
    Ok(response)
}

/// The service tier, and everything else that an answer or its last event says: `metrics`, `trace`,
/// `performanceConfig`, `additionalModelResponseFields`.
pub(crate) fn facts(mut fields: Fields<'_>) -> (Option<String>, Map<String, Value>) {
    let tier = fields.take("serviceTier");
    let word = tier.and_then(Fields::read).and_then(|mut tier| tier.take_text("type").map(Into::into));
    let mut rest = fields.rest();
    if let (Some(raw), None) = (tier, &word) {
        rest.insert("serviceTier".to_owned(), serde_json::from_str(raw.get()).unwrap_or_default());
    }
    (word, rest)
}

//! From the body of an answer to a chat response.

use std::sync::Arc;

use llm_core::{ChatResponse, Error, Message, Origin, Role};
use serde_json::value::RawValue;

use crate::API;
use crate::block;
use crate::error;
use crate::stop_reason;
use crate::usage::Counts;
use llm_wire::json::{Fields, Path, malformed};

/// Decodes an answer. An error object is an `Err` of its class, also in an answer with a good status.
///
/// Nothing unknown fails: a block that is not what its type says becomes an opaque part, unknown fields are kept.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>) -> Result<ChatResponse, Error> {
    let mut fields: Fields<'_> = serde_json::from_slice(body).map_err(|error| malformed("the answer", &error))?;
    if fields.has("error") {
        return Err(error::in_band(fields, Some(200)));
    }
    let content: Vec<&RawValue> = match fields.take("content").map(|raw| serde_json::from_str(raw.get())) {
        Some(Ok(content)) => content,
        Some(Err(error)) => return Err(malformed("the content of the answer", &error)),
        None if fields.has("stop_reason") || fields.has("usage") => Vec::new(),
        None => return Err(error::not_an_answer()),
    };
    let parts = content.into_iter().map(|raw| block::decode(raw, &Path::Root).unwrap_or_else(|_| block::opaque(raw)));
    let mut message = Message::new(Role::Assistant, parts.collect());
    message.origin = Some(Arc::clone(origin));
    let has_calls = message.tool_calls().next().is_some();
    let finish = stop_reason::decode(fields.take_text("stop_reason").as_deref(), has_calls);

    let mut response = ChatResponse::new(Arc::clone(origin), message, finish);
    response.id = fields.take_text("id").map(Into::into);
    response.model = fields.take_text("model").map(Into::into);
    let mut counts = Counts::default();
    if let Some(usage) = fields.take("usage").and_then(Fields::read) {
        counts.update(usage);
    }
    response.usage = counts.usage();
    response.service_tier = counts.service_tier;
    fields.take("type");
    fields.take("role");
    let rest = fields.rest();
    if !rest.is_empty() {
        response.ext.0.insert(API.to_owned(), rest);
    }
    Ok(response)
}

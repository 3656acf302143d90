//! From content blocks to parts.
//!
//! A block of a type that has no part of its own (guarded content, search results, what the vendor's own tools were asked
//! and answered) becomes an opaque part with the whole block in it; a known block's unknown fields stay in its settings
//! under the wire family's name.

use llm_core::{Error, Part, PartKind, ToolCall, ToolResult, ToolStatus, Visibility};
use llm_wire::CacheMark;
use llm_wire::json::{self, Fields, Path};
use serde_json::Value;
use serde_json::value::RawValue;

use super::CACHE_MARK;
use super::media;
use crate::{API, citation};

/// The kind of an opaque part that holds a block of this type.
pub(crate) fn opaque_kind(block: &str) -> String {
    format!("{API}.{block}")
}

/// The whole block as an opaque part; what is too deeply nested to be read becomes `null`.
pub(crate) fn opaque(raw: &RawValue) -> Part {
    let data: Value = serde_json::from_str(raw.get()).unwrap_or_default();
    let kind = opaque_kind(data.as_object().and_then(|fields| fields.keys().next()).map_or("unknown", String::as_str));
    Part::opaque(kind, data)
}

/// A list of blocks. A mark for the cache belongs to the part before it.
pub(crate) fn decode_all(raw: &RawValue, at: &Path<'_>) -> Result<Vec<Part>, Error> {
    let blocks = json::list(raw, at, "a list of content blocks")?;
    let mut parts = Vec::with_capacity(blocks.len());
    for (index, block) in blocks.into_iter().enumerate() {
        if !marks(block, &mut parts) {
            parts.push(decode(block, &at.index(index))?);
        }
    }
    Ok(parts)
}

/// The blocks of an answer: what is not as it should be becomes an opaque part.
pub(crate) fn list_without_errors(blocks: Vec<&RawValue>) -> Vec<Part> {
    blocks.into_iter().map(|raw| decode(raw, &Path::Root).unwrap_or_else(|_| opaque(raw))).collect()
}

/// Whether a block is a mark that the part before it could take.
fn marks(block: &RawValue, parts: &mut [Part]) -> bool {
    let Some(part @ Part { cache: None, .. }) = parts.last_mut() else { return false };
    if matches!(part.kind, PartKind::Reasoning { .. } | PartKind::Opaque { .. }) {
        return false;
    }
    let Some(hint) = Fields::read(block)
        .and_then(|mut fields| fields.take("cachePoint"))
        .and_then(|raw| CacheMark::read(raw, CACHE_MARK))
    else {
        return false;
    };
    part.cache = Some(hint);
    true
}

/// The blocks that have a part of their own.
const KNOWN: [&str; 9] =
    ["text", "toolUse", "toolResult", "reasoningContent", "citationsContent", "image", "document", "video", "audio"];

/// One block. Errors name the field.
pub(crate) fn decode(raw: &RawValue, at: &Path<'_>) -> Result<Part, Error> {
    let mut fields = json::object(raw, at)?;
    let known = KNOWN.iter().find_map(|name| Some((*name, fields.take(name)?)));
    let Some((name, inner)) = known else {
        let json = fields.take("json");
        return json.map_or_else(|| Ok(opaque(raw)), |value| json_result(value, &at.field("json")));
    };
    let place = at.field(name);
    let part = match name {
        "text" => {
            let part = Part::text(json::string(inner, &place)?);
            return Ok(with_settings(part, fields));
        }
        "toolUse" => tool_use(inner, &place)?,
        "toolResult" => tool_result(inner, &place)?,
        "reasoningContent" => reasoning(inner, &place)?,
        "citationsContent" => Some(cited(inner, &place)?),
        block => media::decode(block, inner, &place)?,
    };
    Ok(part.unwrap_or_else(|| opaque(raw)))
}

/// A tool's answer as JSON: the text of it, and how it goes back.
fn json_result(raw: &RawValue, at: &Path<'_>) -> Result<Part, Error> {
    let value = json::value(raw, at)?;
    let mut part = Part::text(raw.get());
    part.ext.set(API, "text", Value::Null);
    part.ext.set(API, "json", value);
    Ok(part)
}

fn with_settings(mut part: Part, fields: Fields<'_>) -> Part {
    let rest = fields.rest();
    if !rest.is_empty() {
        part.ext.of_mut(API).extend(rest);
    }
    part
}

fn required(fields: &mut Fields<'_>, name: &str, at: &Path<'_>) -> Result<String, Error> {
    match fields.take(name) {
        Some(raw) => json::string(raw, &at.field(name)).map(std::borrow::Cow::into_owned),
        None => Err(at.field(name).must_be("a string")),
    }
}

/// A call for the client; `None` when the vendor runs the tool itself.
fn tool_use(raw: &RawValue, at: &Path<'_>) -> Result<Option<Part>, Error> {
    let mut fields = json::object(raw, at)?;
    // Some models say `tool_use` here, which the vendor does not take back.
    if fields.take_text("type").is_some_and(|kind| kind == "server_tool_use") {
        return Ok(None);
    }
    let part = Part::new(PartKind::ToolCall(ToolCall {
        id: required(&mut fields, "toolUseId", at)?,
        name: required(&mut fields, "name", at)?,
        arguments: fields.take("input").map_or("{}", RawValue::get).to_owned(),
        ..ToolCall::default()
    }));
    Ok(Some(with_settings(part, fields)))
}

/// What a client's tool answered; `None` when it was a tool of the vendor's, which has a type.
fn tool_result(raw: &RawValue, at: &Path<'_>) -> Result<Option<Part>, Error> {
    let mut fields = json::object(raw, at)?;
    if fields.has("type") {
        return Ok(None);
    }
    let status = fields.take_text("status");
    let mut part = Part::new(PartKind::ToolResult(ToolResult {
        call_id: required(&mut fields, "toolUseId", at)?,
        name: None,
        content: match fields.take("content") {
            Some(content) => decode_all(content, &at.field("content"))?,
            None => Vec::new(),
        },
        status: if status.as_deref() == Some("error") { ToolStatus::Error } else { ToolStatus::Ok },
    }));
    if let Some(status) = status.filter(|status| status != "error") {
        part.ext.set(API, "status", &*status);
    }
    Ok(Some(with_settings(part, fields)))
}

fn reasoning(raw: &RawValue, at: &Path<'_>) -> Result<Option<Part>, Error> {
    let mut fields = json::object(raw, at)?;
    if let Some(raw) = fields.take("reasoningText") {
        let place = at.field("reasoningText");
        let mut inner = json::object(raw, &place)?;
        let mut part = Part::reasoning(required(&mut inner, "text", &place)?);
        let signature = inner.take_text("signature").filter(|signature| !signature.is_empty());
        if !inner.rest().is_empty() {
            part.ext.set(API, "reasoningText", json::value(raw, &place)?);
        }
        return Ok(Some(match signature {
            Some(signature) => part.with_signature(signature),
            None => part,
        }));
    }
    let Some(raw) = fields.take("redactedContent") else { return Ok(None) };
    let data = json::string(raw, &at.field("redactedContent"))?.into_owned();
    Ok(Some(redacted(data)))
}

fn redacted(data: String) -> Part {
    Part::new(PartKind::Reasoning { text: String::new(), visibility: Visibility::Redacted, encrypted: Some(data) })
}

/// Words with their sources; some models send sources without words, behind the words.
fn cited(raw: &RawValue, at: &Path<'_>) -> Result<Part, Error> {
    let mut fields = json::object(raw, at)?;
    let mut text = String::new();
    if let Some(raw) = fields.take("content") {
        let place = at.field("content");
        for (index, piece) in json::list(raw, &place, "a list of texts")?.into_iter().enumerate() {
            let place = place.index(index);
            text.push_str(&required(&mut json::object(piece, &place)?, "text", &place)?);
        }
    }
    let citations = match fields.take("citations") {
        Some(raw) => json::list(raw, &at.field("citations"), "a list of citations")?,
        None => Vec::new(),
    };
    let citations = citations.into_iter().filter_map(citation::decode).collect();
    Ok(with_settings(Part::new(PartKind::Text { text, citations }), fields))
}

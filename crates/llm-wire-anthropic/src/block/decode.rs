//! From content blocks to parts.
//!
//! A block of a type that has no part of its own (server tools, search results, compaction) becomes an opaque part
//! with the whole block in it; a known block's unknown fields stay in its settings under the wire family's name.

use llm_core::{Error, Media, Part, PartKind, ToolCall, ToolResult, ToolStatus, Visibility};
use serde_json::Value;
use serde_json::value::RawValue;

use super::CACHE_MARK;
use super::source::Source;
use crate::API;
use crate::citation;
use llm_wire::CacheMark;
use llm_wire::json::{self, Fields, Path};

/// The kind of an opaque part that holds a block of this type.
pub(crate) fn opaque_kind(block_type: &str) -> String {
    format!("{API}.{block_type}")
}

/// The whole block as an opaque part; what is too deeply nested to be read becomes `null`.
pub(crate) fn opaque(raw: &RawValue) -> Part {
    let data: Value = serde_json::from_str(raw.get()).unwrap_or_default();
    let kind = opaque_kind(data.get("type").and_then(Value::as_str).unwrap_or("unknown"));
    Part::opaque(kind, data)
}

/// A string, which is one text part, or a list of blocks.
pub(crate) fn decode_all(raw: &RawValue, at: &Path<'_>) -> Result<Vec<Part>, Error> {
    if raw.get().starts_with('"') {
        return Ok(vec![Part::text(json::string(raw, at)?)]);
    }
    let blocks = json::list(raw, at, "a string or a list of content blocks")?;
    blocks.into_iter().enumerate().map(|(index, block)| decode(block, &at.index(index))).collect()
}

/// One block. Errors name the field.
pub(crate) fn decode(raw: &RawValue, at: &Path<'_>) -> Result<Part, Error> {
    let mut fields = json::object(raw, at)?;
    let required = |fields: &mut Fields<'_>, name: &str| match fields.take(name) {
        Some(raw) => json::string(raw, &at.field(name)).map(std::borrow::Cow::into_owned),
        None => Err(at.field(name).must_be("a string")),
    };
    let block_type = required(&mut fields, "type")?;
    let mut part = match block_type.as_str() {
        "text" => {
            let text = required(&mut fields, "text")?;
            let citations = fields.take("citations").map(citation::decode_all).unwrap_or_default();
            Part::new(PartKind::Text { text, citations })
        }
        "thinking" => {
            let part = Part::reasoning(required(&mut fields, "thinking")?);
            match fields.take_text("signature").filter(|signature| !signature.is_empty()) {
                Some(signature) => part.with_signature(signature),
                None => part,
            }
        }
        "redacted_thinking" => Part::new(PartKind::Reasoning {
            text: String::new(),
            visibility: Visibility::Redacted,
            encrypted: Some(required(&mut fields, "data")?),
        }),
        "tool_use" => Part::new(PartKind::ToolCall(ToolCall {
            id: required(&mut fields, "id")?,
            name: required(&mut fields, "name")?,
            arguments: fields.take("input").map_or("{}", RawValue::get).to_owned(),
            ..ToolCall::default()
        })),
        "tool_result" => Part::new(PartKind::ToolResult(ToolResult {
            call_id: required(&mut fields, "tool_use_id")?,
            name: None,
            content: match fields.take("content") {
                Some(content) => decode_all(content, &at.field("content"))?,
                None => Vec::new(),
            },
            status: match fields.take("is_error").map(|raw| json::boolean(raw, &at.field("is_error"))).transpose()? {
                Some(true) => ToolStatus::Error,
                _ => ToolStatus::Ok,
            },
        })),
        "image" | "document" => match media(&mut fields, block_type == "image", at)? {
            Some(part) => part,
            None => return Ok(opaque(raw)),
        },
        _ => return Ok(opaque(raw)),
    };
    if let Some(raw) = fields.take("cache_control") {
        part.cache = CacheMark::read(raw, CACHE_MARK);
        if part.cache.is_none() {
            part.ext.set(API, "cache_control", json::value(raw, &at.field("cache_control"))?);
        }
    }
    let rest = fields.rest();
    if !rest.is_empty() {
        part.ext.of_mut(API).extend(rest);
    }
    Ok(part)
}

/// An image or a document; `None` when its source is of a kind that only the vendor knows.
fn media(fields: &mut Fields<'_>, image: bool, at: &Path<'_>) -> Result<Option<Part>, Error> {
    let place = at.field("source");
    let raw = fields.take("source").ok_or_else(|| place.must_be("an object"))?;
    let kind = json::object(raw, &place)?.take_text("type").ok_or_else(|| place.field("type").must_be("a string"))?;
    let Some((media_type, data, rest)) = Source::read(raw, image) else {
        return match &*kind {
            "base64" => Err(place.must_be("a `media_type` and base64 `data`")),
            "text" => Err(place.must_be("a text in `data`")),
            "url" => Err(place.must_be("a string in `url`")),
            "file" => Err(place.must_be("a string in `file_id`")),
            _ => Ok(None),
        };
    };
    let filename = if image { None } else { fields.take_text("title").map(Into::into) };
    let mut part = Part::media(Media { media_type, data, filename, detail: None });
    if !rest.is_empty() {
        part.ext.set(API, "source", rest);
    }
    Ok(Some(part))
}

//! Content blocks as they are written, borrowed from the parts they are made of.

use std::borrow::Cow;

use llm_wire::CacheMark;
use llm_wire::json::{Input, Object, Patch, Patched, WithPatch};
use llm_wire::turns::WrittenBlock;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::media::WireMedia;
use crate::citation::WireCitations;

/// One block.
pub(crate) struct Block<'a> {
    pub(crate) content: Content<'a>,
    pub(crate) patch: Patch<'a>,
}

/// What a block is.
pub(crate) enum Content<'a> {
    Text { text: &'a str },
    Cited { text: &'a str, citations: WireCitations<'a> },
    Media(WireMedia<'a>),
    ToolUse { id: Cow<'a, str>, name: &'a str, input: Input<'a> },
    ToolResult { id: Cow<'a, str>, content: Vec<Block<'a>>, failed: bool },
    Reasoning { text: &'a str, signature: Option<&'a str> },
    Redacted { data: &'a str },
    CachePoint(CacheMark),
    Opaque { fields: &'a Map<String, Value> },
}

impl<'a> Block<'a> {
    pub(crate) fn new(content: Content<'a>) -> Self {
        Self { content, patch: Patch::default() }
    }
}

impl Content<'_> {
    /// The one field of the block that says what it is. Texts and opaque blocks have their fields in the block itself.
    fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Text { .. } | Self::Opaque { .. } => return None,
            Self::Cited { .. } => "citationsContent",
            Self::Media(media) => media.block,
            Self::ToolUse { .. } => "toolUse",
            Self::ToolResult { .. } => "toolResult",
            Self::Reasoning { .. } | Self::Redacted { .. } => "reasoningContent",
            Self::CachePoint(_) => "cachePoint",
        })
    }
}

impl WrittenBlock for Block<'_> {}

impl Serialize for Block<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(name) = self.content.name() else { return self.content.write(self.patch, serializer) };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(name, &WithPatch { value: &self.content, patch: self.patch })?;
        map.end()
    }
}

impl Patched for Content<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Media(media) => return media.write(patch, serializer),
            Self::CachePoint(point) => return point.serialize(serializer),
            _ => {}
        }
        let mut object = Object::new(serializer, patch)?;
        match self {
            Self::Text { text } => object.field("text", text)?,
            Self::Cited { text, citations } => {
                object.some("content", (!text.is_empty()).then_some([Words { text }]))?;
                object.field("citations", citations)?;
            }
            Self::ToolUse { id, name, input } => {
                object.field("toolUseId", id)?;
                object.field("name", name)?;
                object.field("input", input)?;
            }
            Self::ToolResult { id, content, failed } => {
                object.field("toolUseId", id)?;
                object.field("content", content)?;
                object.some("status", failed.then_some("error"))?;
            }
            Self::Reasoning { text, signature } => {
                object.field("reasoningText", &Thought { text, signature: *signature })?;
            }
            Self::Redacted { data } => object.field("redactedContent", data)?,
            Self::Opaque { fields } => object.all(fields)?,
            Self::Media(_) | Self::CachePoint(_) => {}
        }
        object.end()
    }
}

#[derive(serde::Serialize)]
struct Words<'a> {
    text: &'a str,
}

#[derive(serde::Serialize)]
struct Thought<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'a str>,
}

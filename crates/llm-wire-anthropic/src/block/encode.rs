//! Content blocks as they are written, borrowed from the parts they are made of.

use std::borrow::Cow;

use llm_wire::CacheMark;
use llm_wire::json::{Input, Object, Patch};
use llm_wire::turns::{Blocks, WrittenBlock};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::source::Source;
use crate::citation::WireCitations;

/// One block.
pub(crate) struct Block<'a> {
    pub(crate) content: Content<'a>,
    pub(crate) cache: Option<CacheMark>,
    pub(crate) patch: Patch<'a>,
}

/// What a block is.
pub(crate) enum Content<'a> {
    Text {
        text: &'a str,
        citations: WireCitations<'a>,
    },
    Image {
        source: Source<'a>,
    },
    Document {
        source: Source<'a>,
        title: Option<&'a str>,
    },
    ToolUse {
        server: bool,
        id: Cow<'a, str>,
        name: &'a str,
        input: Input<'a>,
    },
    /// `blank`: the tool answered with no words, which is not that it did not answer.
    ToolResult {
        id: Cow<'a, str>,
        content: Vec<Block<'a>>,
        blank: bool,
        is_error: bool,
    },
    Thinking {
        text: &'a str,
        signature: &'a str,
    },
    Redacted {
        data: &'a str,
    },
    Opaque {
        fields: &'a Map<String, Value>,
    },
}

impl<'a> Block<'a> {
    pub(crate) fn new(content: Content<'a>) -> Self {
        Self { content, cache: None, patch: Patch::default() }
    }

    /// The words, where the block is words and nothing else: such a block may be written as a string.
    pub(crate) fn plain(&self) -> Option<&'a str> {
        match &self.content {
            Content::Text { text, citations }
                if citations.0.is_empty() && self.cache.is_none() && self.patch.is_empty() =>
            {
                Some(text)
            }
            _ => None,
        }
    }
}

/// One plain text is written as a string, and so is nothing.
impl WrittenBlock for Block<'_> {
    fn words(blocks: &Blocks<Self>) -> Option<&str> {
        match (blocks.results.as_slice(), blocks.others.as_slice()) {
            ([], []) => Some(""),
            ([], [block]) => block.plain(),
            _ => None,
        }
    }
}

impl Serialize for Block<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Content::Opaque { fields } = &self.content {
            // The block's own fields come first; what the caller set on the part goes before them.
            let mut object = Object::new(serializer, self.patch)?;
            object.all(fields)?;
            object.some("cache_control", self.cache.filter(|_| !fields.contains_key("cache_control")))?;
            return object.end();
        }
        let mut object = Object::new(serializer, self.patch)?;
        match &self.content {
            Content::Text { text, citations } => {
                object.field("type", "text")?;
                object.field("text", text)?;
                object.some("citations", (!citations.0.is_empty()).then_some(citations))?;
            }
            Content::Image { source } => {
                object.field("type", "image")?;
                object.nested("source", Some(source))?;
            }
            Content::Document { source, title } => {
                object.field("type", "document")?;
                object.nested("source", Some(source))?;
                object.some("title", *title)?;
            }
            Content::ToolUse { server, id, name, input } => {
                object.field("type", if *server { "server_tool_use" } else { "tool_use" })?;
                object.field("id", id)?;
                object.field("name", name)?;
                object.field("input", input)?;
            }
            Content::ToolResult { id, content, blank, is_error } => {
                object.field("type", "tool_result")?;
                object.field("tool_use_id", id)?;
                match content.as_slice() {
                    [] => object.some("content", blank.then_some(""))?,
                    [block] if block.plain().is_some() => object.some("content", block.plain())?,
                    blocks => object.field("content", blocks)?,
                }
                object.some("is_error", is_error.then_some(true))?;
            }
            Content::Thinking { text, signature } => {
                object.field("type", "thinking")?;
                object.field("thinking", text)?;
                object.field("signature", signature)?;
            }
            Content::Redacted { data } => {
                object.field("type", "redacted_thinking")?;
                object.field("data", data)?;
            }
            Content::Opaque { .. } => {}
        }
        object.some("cache_control", self.cache)?;
        object.end()
    }
}

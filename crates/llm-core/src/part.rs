//! The parts of a message: text, media, tool calls and results, reasoning, refusals, and what only a vendor knows.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::ext::Extensions;
use crate::media::Media;
use crate::tool::{CacheHint, Executor, ToolStatus};

/// One part of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// The vendor's signature over this part (Claude thinking, Gemini `thoughtSignature`): opaque, returned verbatim,
    /// and only to the target that made it.
    pub signature: Option<String>,
    /// Ask the vendor to cache the prompt up to here.
    pub cache: Option<CacheHint>,
    /// Vendor-specific settings or facts of this part.
    pub ext: Extensions,
    /// Fields that this version does not know, kept.
    pub extra: Map<String, Value>,
}

/// What a [`Part`] is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PartKind {
    /// Words.
    Text {
        /// The words.
        text: String,
        /// Sources of the words, where a vendor gives them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        citations: Vec<Citation>,
    },
    /// An image, sound, video or document.
    Media(Media),
    /// The model asks for a tool.
    ToolCall(ToolCall),
    /// What a tool answered.
    ToolResult(ToolResult),
    /// What the model thought.
    Reasoning {
        /// Readable reasoning; empty when it is hidden or encrypted.
        #[serde(default)]
        text: String,
        /// How much of it is shown.
        #[serde(default)]
        visibility: Visibility,
        /// Reasoning that only the vendor can read, returned verbatim and only to the target that made it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encrypted: Option<String>,
    },
    /// The model declines, in its own words.
    Refusal {
        /// The words.
        text: String,
    },
    /// An item of one vendor that has no meaning elsewhere (server tools, compaction): kept, and sent back to that vendor.
    Opaque {
        /// `{wire family}.{vendor's type}`, for example `anthropic.web_search_tool_result`.
        kind: String,
        /// The item as it came.
        data: Value,
    },
    /// A part type that this version does not know, kept as it came.
    #[serde(skip)]
    Unknown(Map<String, Value>),
}

/// The model asks for a tool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The vendor's id of the call; made up (`call_0`) where the vendor gives none.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// Arguments as raw JSON text, exactly as the model wrote them; not valid JSON when `truncated`.
    #[serde(default)]
    pub arguments: String,
    /// Who runs it.
    #[serde(default)]
    pub executed_by: Executor,
    /// The answer ended inside the arguments. Never run such a call.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// What a tool answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The id of the call that this answers.
    pub call_id: String,
    /// The tool's name; some vendors (Gemini, Ollama) match by it. Found in the history when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The answer.
    #[serde(default)]
    pub content: Vec<Part>,
    /// How the run ended.
    #[serde(default)]
    pub status: ToolStatus,
}

/// How much of the reasoning is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// All of it.
    #[default]
    Full,
    /// A summary by the vendor.
    Summary,
    /// Nothing: encrypted or withheld.
    Redacted,
}

/// Where words come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    /// URL, file id or title of the source.
    pub source: String,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The cited words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// Byte range in the part's text that it supports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<(u32, u32)>,
    /// The vendor's own form of it.
    #[serde(default, skip_serializing_if = "Extensions::is_empty")]
    pub ext: Extensions,
}

impl Part {
    /// A part of a kind, with nothing else.
    pub fn new(kind: PartKind) -> Self {
        Self { kind, signature: None, cache: None, ext: Extensions::default(), extra: Map::new() }
    }

    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(PartKind::Text { text: text.into(), citations: Vec::new() })
    }

    /// An image, sound, video or document.
    pub fn media(media: Media) -> Self {
        Self::new(PartKind::Media(media))
    }

    /// Readable reasoning.
    pub fn reasoning(text: impl Into<String>) -> Self {
        Self::new(PartKind::Reasoning { text: text.into(), visibility: Visibility::Full, encrypted: None })
    }

    /// A tool call with raw JSON arguments.
    pub fn tool_call(id: impl Into<String>, name: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self::new(PartKind::ToolCall(ToolCall {
            id: id.into(),
            name: name.into(),
            arguments: arguments.into(),
            ..ToolCall::default()
        }))
    }

    /// The result of a tool call, as text.
    pub fn tool_result(call_id: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(PartKind::ToolResult(ToolResult {
            call_id: call_id.into(),
            content: vec![Self::text(text)],
            ..ToolResult::default()
        }))
    }

    /// A vendor's own item.
    pub fn opaque(kind: impl Into<String>, data: Value) -> Self {
        Self::new(PartKind::Opaque { kind: kind.into(), data })
    }

    /// With the vendor's signature.
    pub fn with_signature(mut self, signature: impl Into<String>) -> Self {
        self.signature = Some(signature.into());
        self
    }

    /// The words of a text part.
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            PartKind::Text { text, .. } => Some(text),
            _ => None,
        }
    }
}

/// Fields of each part type in Loquat's JSON; whatever else stands in a part is kept in `extra`.
fn known_fields(kind: &PartKind) -> &'static [&'static str] {
    match kind {
        PartKind::Text { .. } => &["text", "citations"],
        PartKind::Media(_) => &["media_type", "data", "filename", "detail"],
        PartKind::ToolCall(_) => &["id", "name", "arguments", "executed_by", "truncated"],
        PartKind::ToolResult(_) => &["call_id", "name", "content", "status"],
        PartKind::Reasoning { .. } => &["text", "visibility", "encrypted"],
        PartKind::Refusal { .. } => &["text"],
        PartKind::Opaque { .. } => &["kind", "data"],
        PartKind::Unknown(_) => &[],
    }
}

const KNOWN_TYPES: &[&str] = &["text", "media", "tool_call", "tool_result", "reasoning", "refusal", "opaque"];

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Repr<'a, K> {
            #[serde(flatten)]
            kind: &'a K,
            #[serde(skip_serializing_if = "Option::is_none")]
            signature: &'a Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            cache: &'a Option<CacheHint>,
            #[serde(skip_serializing_if = "Extensions::is_empty")]
            ext: &'a Extensions,
            #[serde(flatten)]
            extra: &'a Map<String, Value>,
        }
        let Self { kind, signature, cache, ext, extra } = self;
        match kind {
            PartKind::Unknown(fields) => Repr { kind: fields, signature, cache, ext, extra }.serialize(serializer),
            _ => Repr { kind, signature, cache, ext, extra }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        fn take<T: serde::de::DeserializeOwned>(
            fields: &mut Map<String, Value>,
            name: &str,
        ) -> Result<Option<T>, serde_json::Error> {
            fields.remove(name).map(serde_json::from_value).transpose()
        }
        let mut fields = Map::deserialize(deserializer)?;
        let signature = take(&mut fields, "signature").map_err(D::Error::custom)?.flatten();
        let cache = take(&mut fields, "cache").map_err(D::Error::custom)?.flatten();
        let ext = take(&mut fields, "ext").map_err(D::Error::custom)?.unwrap_or_default();
        let known = match fields.get("type") {
            Some(Value::String(kind)) => KNOWN_TYPES.contains(&kind.as_str()),
            Some(_) => return Err(D::Error::custom("a part's `type` must be a string")),
            None => return Err(D::Error::missing_field("type")),
        };
        if !known {
            return Ok(Self { kind: PartKind::Unknown(fields), signature, cache, ext, extra: Map::new() });
        }
        let kind: PartKind = serde_json::from_value(Value::Object(fields.clone())).map_err(D::Error::custom)?;
        let known = known_fields(&kind);
        fields.retain(|name, _| name != "type" && !known.contains(&name.as_str()));
        Ok(Self { kind, signature, cache, ext, extra: fields })
    }
}

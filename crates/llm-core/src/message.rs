//! Messages: who said it, and the parts it is made of.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::ext::Extensions;
use crate::id::Origin;
use crate::part::{Part, PartKind};

crate::open_enum! {
    /// Who speaks.
    pub enum Role {
        /// Instructions of the operator.
        System = "system",
        /// OpenAI's newer word for the same; other vendors get it as `system`.
        Developer = "developer",
        /// The person or program that asks.
        User = "user",
        /// The model.
        Assistant = "assistant",
        /// The results of tools.
        Tool = "tool",
    }
}

/// One turn of a conversation.
///
/// In JSON `content` may also be a plain string, which is one text part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    #[serde(default, deserialize_with = "content")]
    pub content: Vec<Part>,
    /// Name of the speaker, where a vendor takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who produced this message, for answers that are sent back as history: signatures and encrypted reasoning
    /// return only to the same target. `None`: not known, they are sent as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Arc<Origin>>,
    /// Vendor-specific settings of this message.
    #[serde(default, skip_serializing_if = "Extensions::is_empty")]
    pub ext: Extensions,
    /// Fields that this version does not know, kept.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Message {
    /// A message of parts.
    pub fn new(role: Role, content: Vec<Part>) -> Self {
        Self { role, content, name: None, origin: None, ext: Extensions::default(), extra: Map::new() }
    }

    /// The operator's instructions.
    pub fn system(text: impl Into<String>) -> Self {
        Self::new(Role::System, vec![Part::text(text)])
    }

    /// The user's words.
    pub fn user(text: impl Into<String>) -> Self {
        Self::new(Role::User, vec![Part::text(text)])
    }

    /// The model's words.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::new(Role::Assistant, vec![Part::text(text)])
    }

    /// The result of one tool call.
    pub fn tool_result(call_id: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(Role::Tool, vec![Part::tool_result(call_id, text)])
    }

    /// With one more part.
    pub fn with_part(mut self, part: Part) -> Self {
        self.content.push(part);
        self
    }

    /// All text parts, concatenated. Reasoning and refusals are not in it.
    pub fn text(&self) -> String {
        let mut parts = self.content.iter().filter_map(Part::as_text);
        let first = parts.next().unwrap_or_default();
        parts.fold(first.to_owned(), |text, part| text + part)
    }

    /// All readable reasoning, concatenated; `None` when there is none.
    pub fn reasoning(&self) -> Option<String> {
        let mut all: Option<String> = None;
        for part in &self.content {
            if let PartKind::Reasoning { text, .. } = &part.kind
                && !text.is_empty()
            {
                all.get_or_insert_default().push_str(text);
            }
        }
        all
    }

    /// The calls that the caller must run, in order.
    pub fn tool_calls(&self) -> impl Iterator<Item = &crate::part::ToolCall> {
        self.content.iter().filter_map(|part| match &part.kind {
            PartKind::ToolCall(call) if call.executed_by == crate::tool::Executor::Client => Some(call),
            _ => None,
        })
    }
}

/// Content as a list of parts or as a plain string.
fn content<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Part>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Content {
        Text(String),
        Parts(Vec<Part>),
        Nothing(()),
    }
    Ok(match Content::deserialize(deserializer)? {
        Content::Text(text) => vec![Part::text(text)],
        Content::Parts(parts) => parts,
        Content::Nothing(()) => Vec::new(),
    })
}

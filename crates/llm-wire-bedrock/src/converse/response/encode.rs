//! From a chat response to the body of an answer, for a server that speaks this protocol.

use llm_core::{ChatResponse, Executor, Part, PartKind};
use llm_wire::Citations;
use llm_wire::json::{Input, Object, Patch};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::API;
use crate::block::{Block, Content, WireMedia};
use crate::citation::WireCitations;
use crate::stop_reason;
use crate::usage::WireUsage;

/// Encodes an answer. Parts that the protocol has no block for (other vendors' items) are left out.
pub fn encode_response(response: &ChatResponse) -> Vec<u8> {
    let mut body = Vec::with_capacity(512 + response.message.content.len() * 256);
    // Serializing strings, numbers and maps with string keys into memory cannot fail.
    let _ = serde_json::to_writer(&mut body, &WireResponse(response));
    body
}

struct WireResponse<'a>(&'a ChatResponse);

impl Serialize for WireResponse<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let response = self.0;
        let mut object = Object::new(serializer, Patch::of(response.ext.of(API)))?;
        object.fixed("output", &Output(response))?;
        object.fixed("stopReason", &stop_reason::encode(&response.finish, &response.origin.api))?;
        object.fixed("usage", &WireUsage(&response.usage))?;
        object.some("serviceTier", response.service_tier.as_deref().map(Tier))?;
        object.end()
    }
}

/// `{"type": …}`.
pub(crate) struct Tier<'a>(pub(crate) &'a str);

impl Serialize for Tier<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("type", self.0)?;
        map.end()
    }
}

struct Output<'a>(&'a ChatResponse);

struct WireMessage<'a>(&'a ChatResponse);

struct WireContent<'a>(&'a ChatResponse);

impl Serialize for Output<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("message", &WireMessage(self.0))?;
        map.end()
    }
}

impl Serialize for WireMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("role", "assistant")?;
        map.serialize_entry("content", &WireContent(self.0))?;
        map.end()
    }
}

impl Serialize for WireContent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let response = self.0;
        let mut seq = serializer.serialize_seq(None)?;
        for part in &response.message.content {
            if let Some(block) = answer_block(part, &response.origin) {
                seq.serialize_element(&block)?;
            }
        }
        seq.end()
    }
}

/// A part of an answer as a block; `None` where the protocol has none.
pub(crate) fn answer_block<'a>(part: &'a Part, origin: &llm_core::Origin) -> Option<Block<'a>> {
    let content = match &part.kind {
        PartKind::Text { text, citations } if citations.is_empty() => Content::Text { text },
        PartKind::Text { text, citations } => {
            Content::Cited { text, citations: WireCitations(Citations::all(citations)) }
        }
        PartKind::Refusal { text } => Content::Text { text },
        PartKind::ToolCall(call) if call.executed_by == Executor::Client => Content::ToolUse {
            id: call.id.as_str().into(),
            name: &call.name,
            // Cut-off arguments cannot stand in an object; the stop reason says that the answer is cut.
            input: Input::read(&call.arguments).unwrap_or(Input::Empty),
        },
        PartKind::Reasoning { encrypted: Some(data), .. } => Content::Redacted { data },
        PartKind::Reasoning { text, .. } => Content::Reasoning { text, signature: part.signature.as_deref() },
        PartKind::Media(media) => Content::Media(WireMedia::of(media, origin).ok()?),
        PartKind::Opaque { kind, data } if kind.split_once('.').is_some_and(|(api, _)| api == API) => {
            Content::Opaque { fields: data.as_object()? }
        }
        _ => return None,
    };
    Some(Block { patch: Patch::of(part.ext.of(API)), ..Block::new(content) })
}

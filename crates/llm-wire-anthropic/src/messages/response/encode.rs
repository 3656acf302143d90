//! From a chat response to the body of an answer, for a server that speaks this protocol.

use llm_core::{ChatResponse, Executor, Part, PartKind};
use serde::ser::{Serialize, SerializeSeq, Serializer};
use serde_json::{Map, Value};

use crate::API;
use crate::block::{Block, Content};
use crate::citation::WireCitations;
use crate::stop_reason;
use crate::usage::WireUsage;
use llm_wire::Citations;
use llm_wire::json::{Input, Object, Patch};

/// Encodes an answer. Parts that the protocol has no block for (media, other vendors' items) are left out.
pub fn encode_response(response: &ChatResponse) -> Vec<u8> {
    let mut body = Vec::with_capacity(512 + response.message.content.len() * 256);
    // Serializing strings, numbers and maps with string keys into memory cannot fail.
    let _ = serde_json::to_writer(&mut body, &WireResponse(response));
    body
}

/// The id of an answer; one that came without gets a constant, because clients demand a string.
pub(crate) fn message_id(id: Option<&str>) -> &str {
    id.unwrap_or("msg_unknown")
}

/// The stop text that was met, where the vendor said so.
pub(crate) fn stop_sequence(ext: Option<&Map<String, Value>>) -> Option<&str> {
    ext?.get("stop_sequence")?.as_str()
}

struct WireResponse<'a>(&'a ChatResponse);

impl Serialize for WireResponse<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let response = self.0;
        let ext = response.ext.of(API);
        let stop_text = stop_sequence(ext);
        let mut object = Object::new(serializer, Patch::of(ext))?;
        object.fixed("id", message_id(response.id.as_deref()))?;
        object.fixed("type", "message")?;
        object.fixed("role", "assistant")?;
        object.fixed("model", response.model.as_ref().unwrap_or(&response.origin.model))?;
        object.fixed("content", &WireContent(&response.message.content))?;
        let stop = stop_reason::encode(&response.finish, &response.origin.api, stop_text.is_some());
        object.fixed("stop_reason", &stop)?;
        object.fixed("stop_sequence", &stop_text)?;
        let service_tier = response.service_tier.as_deref();
        object.fixed("usage", &WireUsage { usage: &response.usage, service_tier })?;
        object.end()
    }
}

struct WireContent<'a>(&'a [Part]);

impl Serialize for WireContent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        for block in self.0.iter().filter_map(answer_block) {
            seq.serialize_element(&block)?;
        }
        seq.end()
    }
}

/// A part of an answer as a block; `None` where the protocol has none.
pub(super) fn answer_block(part: &Part) -> Option<Block<'_>> {
    let content = match &part.kind {
        PartKind::Text { text, citations } => {
            Content::Text { text, citations: WireCitations(Citations::all(citations)) }
        }
        PartKind::Refusal { text } => Content::Text { text, citations: WireCitations(Citations::all(&[])) },
        PartKind::ToolCall(call) => Content::ToolUse {
            server: call.executed_by == Executor::Provider,
            id: call.id.as_str().into(),
            name: &call.name,
            // Cut-off arguments cannot stand in an object; the stop reason says that the answer is cut.
            input: Input::read(&call.arguments).unwrap_or(Input::Empty),
        },
        PartKind::Reasoning { encrypted: Some(data), .. } => Content::Redacted { data },
        PartKind::Reasoning { text, .. } => {
            Content::Thinking { text, signature: part.signature.as_deref().unwrap_or_default() }
        }
        PartKind::Opaque { kind, data } if kind.split_once('.').is_some_and(|(api, _)| api == API) => {
            Content::Opaque { fields: data.as_object()? }
        }
        _ => return None,
    };
    Some(Block { patch: Patch::of(part.ext.of(API)), ..Block::new(content) })
}

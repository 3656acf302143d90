//! The frames of the vendor's stream as they are written.

use llm_core::Usage;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::block::Block;
use crate::citation::WireCitation;
use crate::usage::WireUsage;
use llm_wire::json::{Object, Patch};

/// A fact of the answer that stands beside `delta` in `message_delta`; all others stand in it.
const BESIDE_DELTA: &str = "context_management";

/// Writes one server-sent event.
pub(super) fn event<T: Serialize + ?Sized>(out: &mut Vec<u8>, name: &str, data: &T) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    // Serializing strings, numbers and maps with string keys into memory cannot fail.
    let _ = serde_json::to_writer(&mut *out, data);
    out.extend_from_slice(b"\n\n");
}

/// `content_block_start`.
pub(super) fn block_start(out: &mut Vec<u8>, index: u32, block: &Block<'_>) {
    #[derive(Serialize)]
    struct Start<'a, 'b> {
        r#type: &'static str,
        index: u32,
        content_block: &'a Block<'b>,
    }
    event(out, "content_block_start", &Start { r#type: "content_block_start", index, content_block: block });
}

/// What a delta adds.
#[derive(Serialize)]
#[serde(tag = "type")]
pub(super) enum WireDelta<'a> {
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'a str },
    #[serde(rename = "input_json_delta")]
    Input { partial_json: &'a str },
    #[serde(rename = "citations_delta")]
    Citation { citation: WireCitation<'a> },
}

/// `content_block_delta`.
pub(super) fn block_delta(out: &mut Vec<u8>, index: u32, delta: &WireDelta<'_>) {
    #[derive(Serialize)]
    struct Wire<'a, 'b> {
        r#type: &'static str,
        index: u32,
        delta: &'a WireDelta<'b>,
    }
    event(out, "content_block_delta", &Wire { r#type: "content_block_delta", index, delta });
}

/// `content_block_stop`.
pub(super) fn block_stop(out: &mut Vec<u8>, index: u32) {
    #[derive(Serialize)]
    struct Stop {
        r#type: &'static str,
        index: u32,
    }
    event(out, "content_block_stop", &Stop { r#type: "content_block_stop", index });
}

/// `message_start`.
pub(super) fn message_start(out: &mut Vec<u8>, id: &str, model: &str, usage: &Usage) {
    #[derive(Serialize)]
    struct Start<'a> {
        r#type: &'static str,
        message: Message<'a>,
    }
    #[derive(Serialize)]
    struct Message<'a> {
        id: &'a str,
        r#type: &'static str,
        role: &'static str,
        model: &'a str,
        content: [(); 0],
        stop_reason: Option<&'a str>,
        stop_sequence: Option<&'a str>,
        usage: WireUsage<'a>,
    }
    let message = Message {
        id,
        r#type: "message",
        role: "assistant",
        model,
        content: [],
        stop_reason: None,
        stop_sequence: None,
        usage: WireUsage { usage, service_tier: None },
    };
    event(out, "message_start", &Start { r#type: "message_start", message });
}

/// `message_delta` and `message_stop`.
pub(super) fn message_end(
    out: &mut Vec<u8>,
    stop_reason: Option<&str>,
    usage: WireUsage<'_>,
    facts: Option<&Map<String, Value>>,
) {
    event(out, "message_delta", &End { stop_reason, usage, facts });
    event(out, "message_stop", &Bare { r#type: "message_stop" });
}

/// `ping`.
pub(super) fn ping(out: &mut Vec<u8>) {
    event(out, "ping", &Bare { r#type: "ping" });
}

#[derive(Serialize)]
struct Bare {
    r#type: &'static str,
}

struct End<'a> {
    stop_reason: Option<&'a str>,
    usage: WireUsage<'a>,
    facts: Option<&'a Map<String, Value>>,
}

impl Serialize for End<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "message_delta")?;
        map.serialize_entry("delta", &EndDelta(self))?;
        map.serialize_entry("usage", &self.usage)?;
        if let Some(value) = self.facts.and_then(|facts| facts.get(BESIDE_DELTA)) {
            map.serialize_entry(BESIDE_DELTA, value)?;
        }
        map.end()
    }
}

struct EndDelta<'a>(&'a End<'a>);

impl Serialize for EndDelta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let End { stop_reason, facts, .. } = self.0;
        let mut object = Object::new(serializer, Patch::of(*facts))?;
        object.hide(BESIDE_DELTA);
        object.fixed("stop_reason", stop_reason)?;
        object.field("stop_sequence", &None::<&str>)?;
        object.end()
    }
}

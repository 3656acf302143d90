//! From events to the vendor's stream, for a server that speaks this protocol.

use std::collections::BTreeMap;

use llm_core::{Error, Event, Executor, Media, MediaData, PartId, PartKind, StreamFinish, base64_text};
use llm_wire::StreamEncoder;
use llm_wire::aws_event_stream::{AwsHeaderValue, encode_message};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::citation::WireCitation;
use crate::converse::response::Tier;
use crate::usage::WireUsage;
use crate::{API, error, stop_reason};

/// Encodes events as messages of the AWS event stream. Parts of further answers and other vendors' items have no form.
#[derive(Debug, Default)]
pub struct Encoder {
    /// The number of the block that a part is written as.
    blocks: BTreeMap<PartId, u32>,
    next: u32,
    api: String,
}

impl Encoder {
    /// An encoder for one answer.
    pub fn new() -> Self {
        Self::default()
    }

    fn part_start(&mut self, part: PartId, shell: &PartKind, out: &mut Vec<u8>) {
        let index = self.next;
        let delta = |out: &mut Vec<u8>, delta: Value| block(out, "contentBlockDelta", index, "delta", &delta);
        match shell {
            PartKind::Text { text, citations } => {
                delta(out, json!({ "text": text }));
                for citation in citations {
                    block(out, "contentBlockDelta", index, "delta", &Cited { citation: WireCitation(citation) });
                }
            }
            PartKind::Refusal { text } => delta(out, json!({ "text": text })),
            PartKind::Reasoning { encrypted: Some(data), .. } => {
                delta(out, json!({ "reasoningContent": { "redactedContent": data } }));
            }
            PartKind::Reasoning { text, .. } => delta(out, json!({ "reasoningContent": { "text": text } })),
            PartKind::ToolCall(call) if call.executed_by == Executor::Client => {
                let start = json!({ "toolUse": { "toolUseId": call.id, "name": call.name } });
                block(out, "contentBlockStart", index, "start", &start);
                if !call.arguments.is_empty() {
                    delta(out, json!({ "toolUse": { "input": call.arguments } }));
                }
            }
            PartKind::Media(Media { media_type, data, .. }) if media_type.starts_with("image/") => {
                let format = media_type.trim_start_matches("image/");
                block(out, "contentBlockStart", index, "start", &json!({ "image": { "format": format } }));
                if let MediaData::Inline { bytes } = data
                    && !bytes.is_empty()
                {
                    delta(out, image(bytes));
                }
            }
            PartKind::Opaque { kind, data } if kind.split_once('.').is_some_and(|(api, _)| api == API) => {
                if !opaque(data, index, out) {
                    return;
                }
            }
            _ => return,
        }
        self.next += 1;
        self.blocks.insert(part, index);
    }

    fn finish(&self, finish: &StreamFinish, out: &mut Vec<u8>) {
        let mut facts = finish.ext.of(API).cloned().unwrap_or_default();
        let mut stop = Map::new();
        let word = stop_reason::encode(&finish.finish, &self.api);
        stop.insert("stopReason".to_owned(), word.into());
        if let Some(fields) = facts.remove("additionalModelResponseFields") {
            stop.insert("additionalModelResponseFields".to_owned(), fields);
        }
        event(out, "messageStop", &stop);
        let metrics = facts.remove("metrics").unwrap_or_else(|| json!({ "latencyMs": 0 }));
        let service_tier = finish.service_tier.as_deref().map(Tier);
        event(out, "metadata", &Metadata { usage: WireUsage(&finish.usage), metrics, service_tier, facts });
    }
}

#[derive(Serialize)]
struct Metadata<'a> {
    usage: WireUsage<'a>,
    metrics: Value,
    #[serde(rename = "serviceTier", skip_serializing_if = "Option::is_none")]
    service_tier: Option<Tier<'a>>,
    #[serde(flatten)]
    facts: Map<String, Value>,
}

#[derive(Serialize)]
struct Cited<'a> {
    citation: WireCitation<'a>,
}

impl StreamEncoder for Encoder {
    fn event(&mut self, event_: &Event, out: &mut Vec<u8>) {
        let delta = |out: &mut Vec<u8>, part: &PartId, delta: &Value| {
            if let Some(index) = self.blocks.get(part) {
                block(out, "contentBlockDelta", *index, "delta", delta);
            }
        };
        match event_ {
            Event::Start(start) => {
                self.api = start.origin.api.to_string();
                event(out, "messageStart", &json!({ "role": "assistant" }));
            }
            Event::PartStart { part, candidate: 0, shell } => self.part_start(*part, shell, out),
            Event::TextDelta { part, text } => delta(out, part, &json!({ "text": text })),
            Event::ReasoningDelta { part, text } => {
                delta(out, part, &json!({ "reasoningContent": { "text": text } }));
            }
            Event::SignatureDelta { part, signature } => {
                delta(out, part, &json!({ "reasoningContent": { "signature": signature } }));
            }
            Event::ArgumentsDelta { part, json } => delta(out, part, &json!({ "toolUse": { "input": json } })),
            Event::MediaDelta { part, bytes } => delta(out, part, &image(bytes)),
            Event::Citation { part, citation } => {
                if let Some(index) = self.blocks.get(part) {
                    let cited = Cited { citation: WireCitation(citation) };
                    block(out, "contentBlockDelta", *index, "delta", &cited);
                }
            }
            Event::PartEnd { part, .. } => {
                if let Some(index) = self.blocks.remove(part) {
                    event(out, "contentBlockStop", &json!({ "contentBlockIndex": index }));
                }
            }
            Event::Finish(finish) => self.finish(finish, out),
            _ => {}
        }
    }

    fn error(&mut self, error: &Error, out: &mut Vec<u8>) {
        let (kind, body) = error::exception(error);
        message(out, &[(":exception-type", kind), (":message-type", "exception")], &body);
    }
}

/// An item of the vendor's own tools; false where it has no form in a stream.
fn opaque(data: &Value, index: u32, out: &mut Vec<u8>) -> bool {
    let Some((name, Value::Object(fields))) = data.as_object().and_then(|data| data.iter().next()) else {
        return false;
    };
    let piece = match name.as_str() {
        "toolUse" => "input",
        "toolResult" => "content",
        _ => return false,
    };
    let mut start = fields.clone();
    let piece = start.remove(piece);
    block(out, "contentBlockStart", index, "start", &json!({ name: start }));
    let delta = match piece {
        Some(Value::String(text)) => json!({ name: { "input": text } }),
        Some(Value::Array(content)) => json!({ name: content }),
        Some(value) => json!({ name: { "input": value.to_string() } }),
        None => return true,
    };
    block(out, "contentBlockDelta", index, "delta", &delta);
    true
}

fn image(bytes: &[u8]) -> Value {
    json!({ "image": { "source": { "bytes": base64_text::encode(bytes) } } })
}

/// An event about a block.
fn block(out: &mut Vec<u8>, name: &str, index: u32, field: &'static str, value: &impl Serialize) {
    let mut payload = format!(r#"{{"contentBlockIndex":{index},"{field}":"#).into_bytes();
    // Serializing strings, numbers and maps with string keys into memory cannot fail.
    let _ = serde_json::to_writer(&mut payload, value);
    payload.push(b'}');
    message(out, &[(":event-type", name), (":message-type", "event")], &payload);
}

fn event(out: &mut Vec<u8>, name: &str, payload: &impl Serialize) {
    let payload = serde_json::to_vec(payload).unwrap_or_default();
    message(out, &[(":event-type", name), (":message-type", "event")], &payload);
}

fn message(out: &mut Vec<u8>, headers: &[(&str, &str)], payload: &[u8]) {
    let all: Vec<(&str, AwsHeaderValue<'_>)> = headers
        .iter()
        .chain(&[(":content-type", "application/json")])
        .map(|(name, value)| (*name, AwsHeaderValue::Text(value)))
        .collect();
    // Only a payload beyond 4 GiB has no form.
    out.extend(encode_message(&all, payload).unwrap_or_default());
}

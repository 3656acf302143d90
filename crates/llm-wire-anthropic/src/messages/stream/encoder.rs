//! From events to the vendor's stream, for a server that speaks this protocol.
//!
//! The vendor's blocks stand one after the other and are numbered without gaps. Events of other vendors may interleave
//! their parts: what belongs to a part that is not open waits until the open one has ended.

use llm_core::{Error, Event, Executor, PartId, PartKind, StreamFinish, Usage};
use llm_wire::{Citations, StreamEncoder};
use serde_json::{Map, Value};

use super::writer::{self, WireDelta};
use crate::API;
use crate::block::{Block, Content};
use crate::citation::{WireCitation, WireCitations};
use crate::error;
use crate::messages::response::{message_id, stop_sequence};
use crate::stop_reason;
use crate::usage::WireUsage;

/// Encodes a stream of the messages API.
///
/// `message_start` needs the usage, which comes behind [`Event::Start`]: it is written with the event that follows.
/// Parts that the protocol has no block for, and answers beyond the first, are left out.
#[derive(Debug, Default)]
pub struct Encoder {
    state: State,
    usage: Usage,
    /// The wire family that answers: what it says in words of its own is handed on only if it is this one.
    own: bool,
    open: Option<(PartId, Kind)>,
    /// Number of the next block; that of the open one is one less.
    next: u32,
    left_out: Vec<PartId>,
    waiting: Vec<(PartId, Event)>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Before,
    /// Started, but `message_start` is not written yet.
    Pending {
        id: Option<String>,
        model: String,
    },
    Begun,
}

/// What an open block takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    Input,
    Whole,
}

impl Encoder {
    /// An encoder for one answer.
    pub fn new() -> Self {
        Self::default()
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        match std::mem::replace(&mut self.state, State::Begun) {
            State::Pending { id, model } => {
                writer::message_start(out, message_id(id.as_deref()), &model, &self.usage);
            }
            State::Before => writer::message_start(out, message_id(None), "", &self.usage),
            State::Begun => {}
        }
    }

    /// An event of one part: written when the part is open, kept when another one is.
    fn part_event(&mut self, part: PartId, event: &Event, out: &mut Vec<u8>) {
        if self.left_out.contains(&part) {
            return;
        }
        match event {
            Event::PartStart { candidate, .. } if *candidate != 0 => self.left_out.push(part),
            Event::PartStart { shell, .. } if self.open.is_none() => self.open_block(part, shell, out),
            event if self.is_open(part) => {
                self.open_event(event, out);
                self.next_waiting(out);
            }
            event => self.waiting.push((part, event.clone())),
        }
    }

    fn is_open(&self, part: PartId) -> bool {
        self.open.is_some_and(|(open, _)| open == part)
    }

    /// Opens the part that has waited longest, and the next one when that is complete already.
    fn next_waiting(&mut self, out: &mut Vec<u8>) {
        while self.open.is_none() && !self.waiting.is_empty() {
            let first = self.waiting[0].0;
            let waiting = std::mem::take(&mut self.waiting);
            let (of_first, others): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(part, _)| *part == first);
            self.waiting = others;
            for (part, event) in &of_first {
                match event {
                    Event::PartStart { shell, .. } => self.open_block(*part, shell, out),
                    event if self.is_open(*part) => self.open_event(event, out),
                    _ => {}
                }
            }
        }
    }

    fn close_block(&mut self, out: &mut Vec<u8>) {
        if self.open.take().is_some() {
            writer::block_stop(out, self.next - 1);
        }
    }

    fn open_block(&mut self, part: PartId, shell: &PartKind, out: &mut Vec<u8>) {
        let no_citations = WireCitations(Citations::all(&[]));
        let (kind, content, first) = match shell {
            PartKind::Text { text, citations } => {
                let citations = WireCitations(Citations::all(citations));
                (Kind::Text, Content::Text { text: "", citations }, text.as_str())
            }
            PartKind::Refusal { text } => (Kind::Text, Content::Text { text: "", citations: no_citations }, &**text),
            PartKind::Reasoning { encrypted: Some(data), .. } => (Kind::Whole, Content::Redacted { data }, ""),
            PartKind::Reasoning { text, .. } => {
                (Kind::Thinking, Content::Thinking { text: "", signature: "" }, text.as_str())
            }
            PartKind::ToolCall(call) => {
                let server = call.executed_by == Executor::Provider;
                let id = call.id.as_str().into();
                let content = Content::ToolUse { server, id, name: &call.name, input: llm_wire::json::Input::Empty };
                (Kind::Input, content, call.arguments.as_str())
            }
            PartKind::Opaque { data: Value::Object(fields), .. } if self.own => {
                self.open_opaque(part, fields, out);
                return;
            }
            _ => {
                self.left_out.push(part);
                return;
            }
        };
        let index = self.count(part, kind);
        writer::block_start(out, index, &Block::new(content));
        if !first.is_empty() {
            let delta = match kind {
                Kind::Text | Kind::Whole => WireDelta::Text { text: first },
                Kind::Thinking => WireDelta::Thinking { thinking: first },
                Kind::Input => WireDelta::Input { partial_json: first },
            };
            writer::block_delta(out, index, &delta);
        }
    }

    /// The vendor streams the input of its own tools too: the block begins with an empty one.
    fn open_opaque(&mut self, part: PartId, fields: &Map<String, Value>, out: &mut Vec<u8>) {
        let index = self.count(part, Kind::Whole);
        let input = fields.get("input").and_then(Value::as_object).filter(|input| !input.is_empty());
        let Some(input) = input else {
            return writer::block_start(out, index, &Block::new(Content::Opaque { fields }));
        };
        let mut shell = fields.clone();
        shell.insert("input".to_owned(), Map::new().into());
        writer::block_start(out, index, &Block::new(Content::Opaque { fields: &shell }));
        let input = serde_json::to_string(input).unwrap_or_default();
        writer::block_delta(out, index, &WireDelta::Input { partial_json: &input });
    }

    fn count(&mut self, part: PartId, kind: Kind) -> u32 {
        self.open = Some((part, kind));
        self.next += 1;
        self.next - 1
    }

    /// An event of the open block. What its type does not take (another vendor's signature on a call) is left out.
    fn open_event(&mut self, event: &Event, out: &mut Vec<u8>) {
        let Some((_, kind)) = self.open else { return };
        let delta = match (event, kind) {
            (Event::TextDelta { text, .. }, Kind::Text) => WireDelta::Text { text },
            (Event::Citation { citation, .. }, Kind::Text) => WireDelta::Citation { citation: WireCitation(citation) },
            (Event::ReasoningDelta { text, .. }, Kind::Thinking) => WireDelta::Thinking { thinking: text },
            (Event::SignatureDelta { signature, .. }, Kind::Thinking) => WireDelta::Signature { signature },
            (Event::ArgumentsDelta { json, .. }, Kind::Input) => WireDelta::Input { partial_json: json },
            (Event::PartEnd { .. }, _) => return self.close_block(out),
            _ => return,
        };
        writer::block_delta(out, self.next - 1, &delta);
    }

    fn finish(&mut self, finish: &StreamFinish, out: &mut Vec<u8>) {
        self.close_block(out);
        let usage = if finish.usage.is_unknown() { &self.usage } else { &finish.usage };
        let facts = finish.ext.of(API);
        let api = if self.own { API } else { "" };
        let stop = stop_reason::encode(&finish.finish, api, stop_sequence(facts).is_some());
        writer::message_end(out, stop, WireUsage { usage, service_tier: finish.service_tier.as_deref() }, facts);
    }
}

impl StreamEncoder for Encoder {
    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Start(start) => {
                self.own = start.origin.api == API;
                let model = start.model.clone().unwrap_or_else(|| start.origin.model.clone());
                self.state = State::Pending { id: start.id.clone(), model };
                return;
            }
            Event::Usage(usage) => self.usage = (**usage).clone(),
            _ => {}
        }
        // A sign of life may come before the answer has begun.
        if !matches!((event, &self.state), (Event::Ping, State::Before)) {
            self.begin(out);
        }
        match event {
            Event::Ping => writer::ping(out),
            Event::Unknown { data, .. } => self.unknown(data, out),
            Event::Finish(finish) => self.finish(finish, out),
            Event::PartStart { part, .. }
            | Event::TextDelta { part, .. }
            | Event::ReasoningDelta { part, .. }
            | Event::SignatureDelta { part, .. }
            | Event::ArgumentsDelta { part, .. }
            | Event::MediaDelta { part, .. }
            | Event::Citation { part, .. }
            | Event::PartEnd { part, .. } => self.part_event(*part, event, out),
            _ => {}
        }
    }

    fn error(&mut self, error: &Error, out: &mut Vec<u8>) {
        out.extend_from_slice(b"event: error\ndata: ");
        out.extend_from_slice(&error::body(error));
        out.extend_from_slice(b"\n\n");
    }
}

impl Encoder {
    /// An event of the same protocol that Loquat does not know: handed on, unless it speaks of a block by a number
    /// that is not the open one's here, or its name would break the framing.
    fn unknown(&self, data: &Value, out: &mut Vec<u8>) {
        let is_name = |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let Some(name) = data.get("type").and_then(Value::as_str).filter(is_name) else { return };
        let index = data.get("index").and_then(Value::as_u64);
        let of_open = self.open.is_some() && index == self.next.checked_sub(1).map(u64::from);
        if self.own && (index.is_none() || of_open) {
            writer::event(out, name, data);
        }
    }
}

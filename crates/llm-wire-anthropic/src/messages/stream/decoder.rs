//! From the vendor's stream to events.

use std::sync::Arc;

use http::HeaderMap;
use llm_core::{Error, ErrorKind, Event, Origin, PartId, RateLimits, StreamFinish, StreamStart, Warning};
use llm_wire::{EventQueue, Frame, StreamDecoder};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::blocks::{self, OpenBlock, State};
use super::frame::{Delta, WireEvent};
use crate::messages::response::decode_response;
use crate::usage::Counts;
use crate::{citation, error, stop_reason};
use llm_wire::json::{Fields, Text, malformed};

/// Decodes a stream of the messages API.
///
/// It is whole at `message_stop` and truncated without. Events and deltas of unknown types become [`Event::Unknown`].
pub struct Decoder {
    start: Option<Box<StreamStart>>,
    open: Vec<OpenBlock>,
    parts: u32,
    counts: Counts,
    has_calls: bool,
    stop_reason: Option<String>,
    /// Facts of the answer that have no field.
    facts: Map<String, Value>,
    /// What came before the start and may only stand behind it.
    early: Vec<Event>,
    done: bool,
}

impl Decoder {
    /// A decoder for the answer of one target, with the warnings of its request.
    pub fn new(origin: Arc<Origin>, warnings: Vec<Warning>) -> Self {
        let mut start = StreamStart::new(origin);
        start.warnings = warnings;
        Self {
            start: Some(Box::new(start)),
            open: Vec::with_capacity(1),
            parts: 0,
            counts: Counts::default(),
            has_calls: false,
            stop_reason: None,
            facts: Map::new(),
            early: Vec::new(),
            done: false,
        }
    }

    /// With what the headers of the answer say: the id of the request and the rate limits.
    pub fn with_headers(mut self, headers: &HeaderMap) -> Self {
        if let Some(start) = &mut self.start {
            start.request_id = llm_wire::request_id(headers);
            start.rate_limits = rate_limits(headers);
        }
        self
    }

    fn message_start(&mut self, data: &[u8], out: &mut EventQueue) -> Result<(), Error> {
        let mut event: Fields<'_> = parse(data)?;
        // A second start, seen behind gateways, says nothing new.
        let Some(mut start) = self.start.take() else { return Ok(()) };
        let mut message = event.take("message").and_then(Fields::read).unwrap_or_default();
        start.id = message.take_text("id").map(Into::into);
        start.model = message.take_text("model").map(Into::into);
        if let Some(usage) = message.take("usage").and_then(Fields::read) {
            self.counts.update(usage);
        }
        for known in ["type", "role", "content", "stop_reason", "stop_sequence"] {
            message.take(known);
        }
        self.facts.extend(message.rest());
        self.started(start, out);
        self.usage(out);
        Ok(())
    }

    fn started(&mut self, start: Box<StreamStart>, out: &mut EventQueue) {
        out.push(Event::Start(start));
        self.early.drain(..).for_each(|event| out.push(event));
    }

    /// Some event that needs a start comes: one is made where the vendor sent none.
    fn ensure_started(&mut self, out: &mut EventQueue) {
        if let Some(start) = self.start.take() {
            self.started(start, out);
        }
    }

    fn usage(&mut self, out: &mut EventQueue) {
        let usage = self.counts.usage();
        if !usage.is_unknown() {
            out.push(Event::Usage(Box::new(usage)));
        }
    }

    fn block_start(&mut self, event: &WireEvent<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let Some(raw) = event.content_block else { return Err(lacks("content_block_start", "content_block")) };
        self.ensure_started(out);
        let index = event.index.unwrap_or(self.parts);
        // A block that was never closed cannot go on beside another one of its number.
        self.block_stop(index, out);
        let block = OpenBlock::open(index, PartId(self.parts), raw, out);
        self.parts += 1;
        self.has_calls |= matches!(block.state, State::Call { .. });
        self.open.push(block);
        Ok(())
    }

    fn block_stop(&mut self, index: u32, out: &mut EventQueue) {
        if let Some(at) = self.open.iter().position(|block| block.index == index) {
            self.open.remove(at).close(out);
        }
    }

    fn block_delta(&mut self, event: WireEvent<'_>, data: &[u8], out: &mut EventQueue) -> Result<(), Error> {
        let Some(delta) = event.delta else { return Err(lacks("content_block_delta", "delta")) };
        let Some(block) = self.open.iter_mut().find(|block| Some(block.index) == event.index) else {
            return Err(Error::new(ErrorKind::Malformed, "reading the stream: a delta for a block that is not open"));
        };
        let part = block.part;
        let Delta { kind, text, thinking, signature, partial_json } = delta;
        let kind = kind.as_ref().map_or("", |kind| &*kind.0);
        let event = match (kind, text, thinking, signature, partial_json) {
            ("text_delta", Some(Text(text)), ..) if matches!(block.state, State::Text) => {
                Event::TextDelta { part, text: text.into_owned() }
            }
            ("thinking_delta", _, Some(Text(text)), ..) if matches!(block.state, State::Reasoning) => {
                Event::ReasoningDelta { part, text: text.into_owned() }
            }
            ("signature_delta", _, _, Some(Text(signature)), _) if matches!(block.state, State::Reasoning) => {
                Event::SignatureDelta { part, signature: signature.into_owned() }
            }
            ("input_json_delta", .., Some(Text(json))) if matches!(block.state, State::Call { .. }) => {
                if let State::Call { arguments, .. } = &mut block.state {
                    arguments.push_str(&json);
                }
                Event::ArgumentsDelta { part, json: json.into_owned() }
            }
            ("input_json_delta", .., Some(Text(json))) if matches!(block.state, State::Opaque { .. }) => {
                if let State::Opaque { input, .. } = &mut block.state {
                    input.push_str(&json);
                }
                return Ok(());
            }
            ("citations_delta", ..) if matches!(block.state, State::Text) => {
                let citation = delta_of(data)?.take("citation").and_then(citation::decode);
                let Some(citation) = citation else { return Err(lacks("citations_delta", "citation")) };
                Event::Citation { part, citation: Box::new(citation) }
            }
            _ => {
                let piece = delta_of(data)?.rest();
                if let State::Opaque { fields, .. } = &mut block.state {
                    blocks::merge(fields, piece);
                    return Ok(());
                }
                Event::Unknown { kind: kind.to_owned(), data: value(data)? }
            }
        };
        if !is_empty(&event) {
            out.push(event);
        }
        Ok(())
    }

    fn message_delta(&mut self, data: &[u8], out: &mut EventQueue) -> Result<(), Error> {
        let mut event: Fields<'_> = parse(data)?;
        self.ensure_started(out);
        if let Some(mut delta) = event.take("delta").and_then(Fields::read) {
            self.stop_reason = delta.take_text("stop_reason").map(Into::into).or(self.stop_reason.take());
            self.facts.extend(delta.rest());
        }
        if let Some(usage) = event.take("usage").and_then(Fields::read) {
            self.counts.update(usage);
            self.usage(out);
        }
        event.take("type");
        self.facts.extend(event.rest());
        Ok(())
    }

    fn message_stop(&mut self, out: &mut EventQueue) {
        self.ensure_started(out);
        self.open.drain(..).for_each(|block| block.close(out));
        let reason = stop_reason::decode(self.stop_reason.as_deref(), self.has_calls);
        let mut finish = StreamFinish::new(reason, self.counts.usage());
        finish.service_tier = self.counts.service_tier.take();
        finish.ext = blocks::settings(std::mem::take(&mut self.facts));
        out.push(Event::Finish(Box::new(finish)));
        self.done = true;
    }
}

impl Decoder {
    fn whole(&mut self, data: &[u8], out: &mut EventQueue) -> Result<(), Error> {
        let Some(mut start) = self.start.take() else { return Ok(()) };
        let response = decode_response(data, &start.origin)?;
        // The end mark of a whole answer is its stop reason; a frame of this type without one is no answer.
        if response.finish.raw.is_none() {
            return Err(Error::truncated());
        }
        start.id = response.id;
        start.model = response.model;
        self.started(start, out);
        for part in response.message.content {
            let number = PartId(self.parts);
            self.parts += 1;
            out.push(Event::PartStart { part: number, candidate: 0, shell: Box::new(part.kind) });
            if let Some(signature) = part.signature {
                out.push(Event::SignatureDelta { part: number, signature });
            }
            let ext = (!part.ext.is_empty()).then(|| Box::new(part.ext));
            out.push(Event::PartEnd { part: number, truncated: false, ext });
        }
        let mut finish = StreamFinish::new(response.finish, response.usage);
        finish.service_tier = response.service_tier;
        finish.ext = response.ext;
        out.push(Event::Finish(Box::new(finish)));
        self.done = true;
        Ok(())
    }

    fn unknown(&mut self, kind: &str, data: Value, out: &mut EventQueue) {
        let event = Event::Unknown { kind: kind.to_owned(), data };
        if self.start.is_some() { self.early.push(event) } else { out.push(event) }
    }

    /// An event of an unknown type may give another meaning to our fields; one of a known type may not.
    fn unreadable(&mut self, data: &[u8], why: &serde_json::Error, out: &mut EventQueue) -> Result<(), Error> {
        const KNOWN: [&str; 7] = [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
            "error",
        ];
        let event = value(data)?;
        match event.get("type").and_then(Value::as_str).map(str::to_owned) {
            Some(kind) if !KNOWN.contains(&kind.as_str()) => {
                self.unknown(&kind, event, out);
                Ok(())
            }
            _ => Err(malformed("an event of the stream", why)),
        }
    }
}

impl StreamDecoder for Decoder {
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let data = frame.data.trim_ascii();
        // Gateways that speak several protocols end with OpenAI's marker.
        if self.done || data.is_empty() || data == b"[DONE]" {
            return Ok(());
        }
        let event: WireEvent<'_> = match serde_json::from_slice(data) {
            Ok(event) => event,
            Err(error) => return self.unreadable(data, &error, out),
        };
        let kind = match &event.kind {
            Some(Text(kind)) => kind,
            None if event.error.is_some() => "error",
            None => frame.name.unwrap_or_default(),
        };
        match kind {
            "content_block_delta" => self.block_delta(event, data, out),
            "content_block_start" => self.block_start(&event, out),
            "content_block_stop" => {
                self.block_stop(event.index.unwrap_or_default(), out);
                Ok(())
            }
            "message_start" => self.message_start(data, out),
            "message_delta" => self.message_delta(data, out),
            "message_stop" => {
                self.message_stop(out);
                Ok(())
            }
            "ping" => {
                out.push(Event::Ping);
                Ok(())
            }
            "error" => Err(error::in_band(parse(data)?, None)),
            // Some servers answer a request for a stream with a whole answer.
            "message" => self.whole(data, out),
            kind => {
                self.unknown(kind, value(data)?, out);
                Ok(())
            }
        }
    }

    fn end(&mut self, _out: &mut EventQueue) -> Result<(), Error> {
        if self.done { Ok(()) } else { Err(Error::truncated()) }
    }

    fn is_done(&self) -> bool {
        self.done
    }
}

/// The rate limits of an answer, as far as its headers say them.
pub(crate) fn rate_limits(headers: &HeaderMap) -> Option<RateLimits> {
    llm_wire::rate_limits(headers, None).summary()
}

/// Deltas without content, such as the first piece of every tool call, are no events.
fn is_empty(event: &Event) -> bool {
    match event {
        Event::TextDelta { text, .. } | Event::ReasoningDelta { text, .. } => text.is_empty(),
        Event::SignatureDelta { signature, .. } => signature.is_empty(),
        Event::ArgumentsDelta { json, .. } => json.is_empty(),
        _ => false,
    }
}

fn parse<'a, T: serde::Deserialize<'a>>(data: &'a [u8]) -> Result<T, Error> {
    serde_json::from_slice(data).map_err(|error| malformed("an event of the stream", &error))
}

fn value(data: &[u8]) -> Result<Value, Error> {
    parse(data)
}

/// The delta of an event, all its fields.
fn delta_of(data: &[u8]) -> Result<Fields<'_>, Error> {
    let mut event: Fields<'_> = parse(data)?;
    let delta: Option<&RawValue> = event.take("delta");
    Ok(delta.and_then(Fields::read).unwrap_or_default())
}

fn lacks(event: &str, field: &str) -> Error {
    Error::new(ErrorKind::Malformed, format!("reading the stream: an event {event} has no {field}"))
}

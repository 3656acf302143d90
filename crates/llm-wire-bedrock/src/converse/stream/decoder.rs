//! From the vendor's stream to events.

use std::sync::Arc;

use http::HeaderMap;
use llm_core::{
    Error, ErrorKind, Event, Extensions, Origin, PartId, StreamFinish, StreamStart, Usage, Warning, base64_text,
};
use llm_wire::aws_event_stream::{ERROR, EXCEPTION};
use llm_wire::json::{Fields, Text, malformed};
use llm_wire::{EventQueue, Frame, StreamDecoder};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::blocks::{OpenBlock, State, join_base64};
use super::frame::{BlockEvent, Delta};
use crate::converse::response::facts;
use crate::{API, citation, error, stop_reason, usage};

/// Decodes a stream of `ConverseStream`.
///
/// It is whole at `metadata`, which follows `messageStop` and has the usage, and truncated without. Events and deltas of
/// unknown types become [`Event::Unknown`].
pub struct Decoder {
    start: Option<Box<StreamStart>>,
    open: Vec<OpenBlock>,
    parts: u32,
    has_calls: bool,
    /// `messageStop` came.
    stopped: bool,
    /// The vendor's word for why.
    stop_reason: Option<String>,
    facts: Map<String, Value>,
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
            has_calls: false,
            stopped: false,
            stop_reason: None,
            facts: Map::new(),
            done: false,
        }
    }

    /// With what the headers of the answer say: the id of the request.
    pub fn with_headers(mut self, headers: &HeaderMap) -> Self {
        if let Some(start) = &mut self.start {
            start.request_id = llm_wire::request_id(headers);
        }
        self
    }

    /// Some event comes: the stream has started, whether the vendor said so or not.
    fn ensure_started(&mut self, out: &mut EventQueue) {
        if let Some(start) = self.start.take() {
            out.push(Event::Start(start));
        }
    }

    fn next_part(&mut self) -> PartId {
        let part = PartId(self.parts);
        self.parts += 1;
        part
    }

    fn block_start(&mut self, data: &[u8], out: &mut EventQueue) -> Result<(), Error> {
        let event: BlockEvent<'_> = parse(data)?;
        let Some(start) = event.start else { return Err(lacks("contentBlockStart", "start")) };
        let index = event.index.unwrap_or(self.parts);
        // A block that was never closed cannot go on beside another one of its number.
        self.close(index, out);
        let block = OpenBlock::open(index, self.next_part(), start, out);
        self.has_calls |= matches!(block.state, State::Call(_));
        self.open.push(block);
        Ok(())
    }

    fn close(&mut self, index: u32, out: &mut EventQueue) {
        if let Some(at) = self.open.iter().position(|block| block.index == index) {
            self.open.remove(at).close(out);
        }
    }

    /// The open block of a number, of the kind that a delta needs; begun where there is none. A block of another kind
    /// ends: a model that goes from reasoning to words may keep the number.
    fn block(&mut self, index: u32, new: State, out: &mut EventQueue) -> Option<&mut OpenBlock> {
        let fits = |block: &OpenBlock| std::mem::discriminant(&block.state) == std::mem::discriminant(&new);
        let at = self.open.iter().position(|block| block.index == index);
        if at.is_some_and(|at| !self.open.get(at).is_some_and(fits)) {
            self.close(index, out);
        }
        if let Some(at) = self.open.iter().position(|block| block.index == index) {
            return self.open.get_mut(at);
        }
        let block = OpenBlock::implied(index, self.next_part(), new, out);
        self.open.push(block);
        self.open.last_mut()
    }

    fn block_delta(&mut self, data: &[u8], out: &mut EventQueue) -> Result<(), Error> {
        let event: BlockEvent<'_> = parse(data)?;
        let Some(delta) = event.delta else { return Err(lacks("contentBlockDelta", "delta")) };
        let index = event.index.unwrap_or(0);
        match delta {
            Delta { text: Some(Text(text)), .. } => {
                let Some(block) = self.block(index, State::Text, out) else { return Ok(()) };
                if !text.is_empty() {
                    out.push(Event::TextDelta { part: block.part, text: text.into_owned() });
                }
            }
            Delta { tool_use: Some(piece), .. } => self.input(index, &piece.input.unwrap_or_default().0, out)?,
            Delta { reasoning_content: Some(piece), .. } => {
                if let Some(Text(data)) = piece.redacted_content {
                    let new = State::Redacted(String::new());
                    if let Some(OpenBlock { state: State::Redacted(all), .. }) = self.block(index, new, out) {
                        join_base64(all, &data);
                    }
                    return Ok(());
                }
                let Some(OpenBlock { part, .. }) = self.block(index, State::Reasoning, out) else { return Ok(()) };
                let part = *part;
                if let Some(Text(text)) = piece.text.filter(|text| !text.0.is_empty()) {
                    out.push(Event::ReasoningDelta { part, text: text.into_owned() });
                }
                if let Some(Text(signature)) = piece.signature.filter(|signature| !signature.0.is_empty()) {
                    out.push(Event::SignatureDelta { part, signature: signature.into_owned() });
                }
            }
            Delta { citation: Some(raw), .. } => {
                let Some(citation) = citation::decode(raw) else { return Err(lacks("contentBlockDelta", "citation")) };
                let Some(block) = self.block(index, State::Text, out) else { return Ok(()) };
                out.push(Event::Citation { part: block.part, citation: Box::new(citation) });
            }
            Delta { tool_result: Some(pieces), .. } => self.result(index, &pieces),
            Delta { image: Some(raw), .. } => self.image(index, raw, out),
            _ => out.push(Event::Unknown { kind: "contentBlockDelta".to_owned(), data: parse(data)? }),
        }
        Ok(())
    }

    fn input(&mut self, index: u32, piece: &str, out: &mut EventQueue) -> Result<(), Error> {
        let Some(block) = self.open.iter_mut().find(|block| block.index == index) else {
            return Err(Error::new(ErrorKind::Malformed, "reading the stream: a delta for a block that is not open"));
        };
        match &mut block.state {
            State::Call(arguments) if !piece.is_empty() => {
                arguments.push_str(piece);
                out.push(Event::ArgumentsDelta { part: block.part, json: piece.to_owned() });
            }
            State::Opaque { input, .. } => input.push_str(piece),
            _ => {}
        }
        Ok(())
    }

    /// What a tool of the vendor's answered.
    fn result(&mut self, index: u32, pieces: &[&RawValue]) {
        let block = self.open.iter_mut().find(|block| block.index == index);
        if let Some(OpenBlock { state: State::Opaque { content, .. }, .. }) = block {
            content.extend(pieces.iter().filter_map(|raw| serde_json::from_str::<Value>(raw.get()).ok()));
        }
    }

    fn image(&mut self, index: u32, raw: &RawValue, out: &mut EventQueue) {
        let source = Fields::read(raw).and_then(|mut image| image.take("source")).and_then(Fields::read);
        let bytes = source.and_then(|mut source| base64_text::decode(&source.take_text("bytes")?));
        let block = self.open.iter().find(|block| block.index == index && matches!(block.state, State::Image));
        if let (Some(bytes), Some(block)) = (bytes, block) {
            out.push(Event::MediaDelta { part: block.part, bytes });
        }
    }

    fn message_stop(&mut self, data: &[u8], out: &mut EventQueue) -> Result<(), Error> {
        let mut fields: Fields<'_> = parse(data)?;
        self.open.drain(..).for_each(|block| block.close(out));
        self.stopped = true;
        self.stop_reason = fields.take_text("stopReason").map(Into::into);
        fields.take("p");
        self.facts.extend(fields.rest());
        Ok(())
    }

    fn metadata(&mut self, data: &[u8], out: &mut EventQueue) -> Result<(), Error> {
        let mut fields: Fields<'_> = parse(data)?;
        let usage = fields.take("usage").map_or_else(Usage::default, usage::decode);
        fields.take("p");
        let (service_tier, rest) = facts(fields);
        self.facts.extend(rest);
        if !self.stopped {
            // Before the stop it can only be a count so far.
            out.push(Event::Usage(Box::new(usage)));
            return Ok(());
        }
        // Deltas behind the stop have opened blocks that nothing closes any more.
        self.open.drain(..).for_each(|block| block.close(out));
        let reason = stop_reason::decode(self.stop_reason.as_deref(), self.has_calls);
        let mut finish = StreamFinish::new(reason, usage);
        finish.service_tier = service_tier;
        if !self.facts.is_empty() {
            finish.ext = Extensions([(API.to_owned(), std::mem::take(&mut self.facts))].into());
        }
        out.push(Event::Finish(Box::new(finish)));
        self.done = true;
        Ok(())
    }
}

impl StreamDecoder for Decoder {
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        if self.done {
            return Ok(());
        }
        let name = frame.name.unwrap_or_default();
        if let Some(exception) = name.strip_prefix(EXCEPTION) {
            return Err(error::in_band(exception, frame.data));
        }
        if let Some(code) = name.strip_prefix(ERROR) {
            return Err(error::without_model(code, frame.data));
        }
        self.ensure_started(out);
        match name {
            "contentBlockDelta" => self.block_delta(frame.data, out),
            "contentBlockStart" => self.block_start(frame.data, out),
            "contentBlockStop" => {
                let event: BlockEvent<'_> = parse(frame.data)?;
                self.close(event.index.unwrap_or_default(), out);
                Ok(())
            }
            "messageStart" => Ok(()),
            "messageStop" => self.message_stop(frame.data, out),
            "metadata" => self.metadata(frame.data, out),
            kind => {
                let data = serde_json::from_slice(frame.data).unwrap_or_default();
                out.push(Event::Unknown { kind: kind.to_owned(), data });
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

fn parse<'a, T: serde::Deserialize<'a>>(data: &'a [u8]) -> Result<T, Error> {
    serde_json::from_slice(data).map_err(|error| malformed("an event of the stream", &error))
}

fn lacks(event: &str, field: &str) -> Error {
    Error::new(ErrorKind::Malformed, format!("reading the stream: an event {event} has no {field}"))
}

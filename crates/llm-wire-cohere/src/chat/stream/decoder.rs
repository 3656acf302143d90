//! A streamed answer from events.

use std::sync::Arc;

use http::HeaderMap;
use llm_core::{
    Error, ErrorKind, Event, FinishReason, Origin, PartId, PartKind, RateLimits, StreamFinish, StreamStart, ToolCall,
    Usage, Visibility, Warning,
};
use llm_wire::json::{Input, Text, malformed};
use llm_wire::{EventQueue, Frame, StreamDecoder};
use serde_json::Value;

use super::frame::{Block, Call, Chunk, Delta, Said, parse};
use crate::chat::TOOL_PLAN;
use crate::{API, citation, error, finish, usage};

/// Reads the events of one stream; those of the API before this one, too.
///
/// The end is `message-end` (before: `stream-end`). Words stay open until then, because citations of them may follow.
#[derive(Debug)]
pub struct Decoder {
    pub(super) origin: Arc<Origin>,
    warnings: Vec<Warning>,
    request_id: Option<String>,
    rate_limits: Option<RateLimits>,
    started: bool,
    finished: bool,
    next_part: u32,
    /// What the model says it will do with its tools; one part when it begins to do so.
    plan: String,
    blocks: Vec<Open>,
    calls: Vec<OpenCall>,
    pub(super) has_calls: bool,
}

/// A block of content that is not over.
#[derive(Debug)]
pub(super) struct Open {
    /// The vendor's number of it.
    index: u32,
    part: PartId,
    /// Words so far, which citations are of; `None` for reasoning.
    text: Option<String>,
}

#[derive(Debug)]
struct OpenCall {
    index: u32,
    part: PartId,
    arguments: String,
}

impl Decoder {
    /// A decoder of a stream from `origin`; the warnings of the request go out with the start.
    pub fn new(origin: Arc<Origin>, warnings: Vec<Warning>) -> Self {
        Self {
            origin,
            warnings,
            request_id: None,
            rate_limits: None,
            started: false,
            finished: false,
            next_part: 0,
            plan: String::new(),
            blocks: Vec::new(),
            calls: Vec::new(),
            has_calls: false,
        }
    }

    /// With what the response's headers say: the request id and the rate limits.
    pub fn with_headers(mut self, headers: &HeaderMap) -> Self {
        self.request_id = llm_wire::request_id(headers);
        self.rate_limits = llm_wire::rate_limits(headers, None).summary();
        self
    }

    pub(super) fn start(&mut self, id: Option<&str>, out: &mut EventQueue) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let mut start = StreamStart::new(self.origin.clone());
        start.id = id.map(str::to_owned);
        start.request_id = self.request_id.take();
        start.rate_limits = self.rate_limits.take();
        start.warnings = std::mem::take(&mut self.warnings);
        out.push(Event::Start(Box::new(start)));
    }

    pub(super) fn begin(&mut self, shell: PartKind, out: &mut EventQueue) -> PartId {
        let part = PartId(self.next_part);
        self.next_part += 1;
        out.push(Event::PartStart { part, candidate: 0, shell: Box::new(shell) });
        part
    }

    /// Says the plan, which is over when anything else begins.
    fn end_plan(&mut self, out: &mut EventQueue) {
        if self.plan.is_empty() {
            return;
        }
        let data = Value::String(std::mem::take(&mut self.plan));
        let part = self.begin(PartKind::Opaque { kind: TOOL_PLAN.to_owned(), data }, out);
        out.push(end(part, false));
    }

    /// Words, of the block with this number or of a new one.
    pub(super) fn words(&mut self, index: u32, more: Text<'_>, out: &mut EventQueue) {
        if more.0.is_empty() {
            return;
        }
        let place = self.blocks.iter().position(|open| open.index == index && open.text.is_some());
        let place = place.unwrap_or_else(|| {
            self.end_plan(out);
            let part = self.begin(PartKind::Text { text: String::new(), citations: Vec::new() }, out);
            self.blocks.push(Open { index, part, text: Some(String::new()) });
            self.blocks.len() - 1
        });
        let open = &mut self.blocks[place];
        if let Some(text) = &mut open.text {
            text.push_str(&more.0);
        }
        out.push(Event::TextDelta { part: open.part, text: more.0.into_owned() });
    }

    fn thoughts(&mut self, index: u32, more: Text<'_>, out: &mut EventQueue) {
        if more.0.is_empty() {
            return;
        }
        let place = self.blocks.iter().position(|open| open.index == index && open.text.is_none());
        let place = place.unwrap_or_else(|| {
            self.end_plan(out);
            let shell = PartKind::Reasoning { text: String::new(), visibility: Visibility::Full, encrypted: None };
            let part = self.begin(shell, out);
            self.blocks.push(Open { index, part, text: None });
            self.blocks.len() - 1
        });
        out.push(Event::ReasoningDelta { part: self.blocks[place].part, text: more.0.into_owned() });
    }

    fn content(&mut self, index: u32, said: &Said<'_>, out: &mut EventQueue) {
        let Some(block) = parse::<Block<'_>>(said.content) else { return };
        match (block.text, block.thinking) {
            (_, Some(thinking)) => self.thoughts(index, thinking, out),
            (Some(text), None) => self.words(index, text, out),
            (None, None) => {
                let known = matches!(block.kind.as_ref().map(|kind| &*kind.0), None | Some("text" | "thinking"));
                if let (false, Some(kind), Some(data)) = (known, block.kind, parse::<Value>(said.content)) {
                    let kind = format!("{API}.{}", kind.0);
                    let part = self.begin(PartKind::Opaque { kind, data }, out);
                    out.push(end(part, false));
                }
            }
        }
    }

    /// Reasoning ends with its block; words wait for their citations.
    fn content_end(&mut self, index: u32, out: &mut EventQueue) {
        if let Some(place) = self.blocks.iter().position(|open| open.index == index && open.text.is_none()) {
            out.push(end(self.blocks.remove(place).part, false));
        }
    }

    fn call_start(&mut self, index: u32, said: &Said<'_>, out: &mut EventQueue) {
        self.end_plan(out);
        let Some(call) = parse::<Call<'_>>(said.tool_calls) else { return };
        let function = call.function.unwrap_or_default();
        let id = call.id.map(|id| id.0.into_owned()).filter(|id| !id.is_empty());
        let shell = ToolCall {
            id: id.unwrap_or_else(|| format!("call_{index}")),
            name: function.name.unwrap_or_default().0.into_owned(),
            ..ToolCall::default()
        };
        self.has_calls = true;
        let part = self.begin(PartKind::ToolCall(shell), out);
        self.calls.push(OpenCall { index, part, arguments: String::new() });
        self.arguments(index, function.arguments.unwrap_or_default(), out);
    }

    fn arguments(&mut self, index: u32, more: Text<'_>, out: &mut EventQueue) {
        let Some(call) = self.calls.iter_mut().find(|call| call.index == index) else { return };
        if more.0.is_empty() {
            return;
        }
        call.arguments.push_str(&more.0);
        out.push(Event::ArgumentsDelta { part: call.part, json: more.0.into_owned() });
    }

    fn call_end(&mut self, index: u32, out: &mut EventQueue) {
        if let Some(place) = self.calls.iter().position(|call| call.index == index) {
            let call = self.calls.remove(place);
            out.push(end(call.part, Input::read(&call.arguments).is_none()));
        }
    }

    /// A citation of the block that it names, else of the last words.
    pub(super) fn cite(&mut self, said: &Value, out: &mut EventQueue) {
        let named = said["content_index"].as_u64();
        let words = |open: &&Open| open.text.is_some();
        let open = self
            .blocks
            .iter()
            .filter(words)
            .find(|open| named == Some(u64::from(open.index)))
            .or_else(|| self.blocks.iter().rfind(words));
        if let Some(Open { part, text: Some(text), .. }) = open
            && let Some(citation) = citation::decode(said, text)
        {
            out.push(Event::Citation { part: *part, citation: Box::new(citation) });
        }
    }

    fn message_end(&mut self, delta: &Delta<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let word = delta.finish_reason.as_ref().map(|word| &*word.0);
        let complaint = parse::<Value>(delta.error).filter(|error| !error.is_null());
        let said = parse::<Value>(delta.usage).as_ref().map(usage::decode).unwrap_or_default();
        self.finish(word, complaint.as_ref(), said, None, out)
    }

    /// Ends the answer; a word that says it failed is an error.
    pub(super) fn finish(
        &mut self,
        word: Option<&str>,
        complaint: Option<&Value>,
        said: Usage,
        id: Option<String>,
        out: &mut EventQueue,
    ) -> Result<(), Error> {
        let finish = finish::decode(word, self.has_calls);
        if finish.reason == FinishReason::Error || complaint.is_some() {
            let message = complaint.and_then(|said| said.as_str().or_else(|| said["message"].as_str()));
            let message = message.unwrap_or("the vendor broke the answer off and did not say why");
            return Err(Error::upstream(ErrorKind::Server, message));
        }
        self.end_plan(out);
        for open in std::mem::take(&mut self.blocks) {
            out.push(end(open.part, false));
        }
        for call in std::mem::take(&mut self.calls) {
            out.push(end(call.part, Input::read(&call.arguments).is_none()));
        }
        let mut last = StreamFinish::new(finish, said);
        last.id = id;
        self.finished = true;
        out.push(Event::Finish(Box::new(last)));
        Ok(())
    }

    fn strange(&self, data: &[u8], kind: Option<&str>, out: &mut EventQueue) -> Result<(), Error> {
        let data: Value = serde_json::from_slice(data).unwrap_or_default();
        match (error::in_band(&data), kind) {
            (Some(error), None | Some("error")) => return Err(error),
            (_, Some("error")) => {
                let message = "the vendor reported an error inside its stream, in a form that is not known";
                return Err(Error::new(ErrorKind::Server, message));
            }
            _ if self.started => {
                let kind = format!("{API}.{}", kind.unwrap_or("event"));
                out.push(Event::Unknown { kind, data });
            }
            _ => out.push(Event::Ping),
        }
        Ok(())
    }
}

fn end(part: PartId, truncated: bool) -> Event {
    Event::PartEnd { part, truncated, ext: None }
}

impl StreamDecoder for Decoder {
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let data = frame.data.trim_ascii();
        if self.finished || data.is_empty() || data == b"[DONE]" {
            return Ok(());
        }
        let chunk: Chunk<'_> =
            serde_json::from_slice(data).map_err(|error| malformed("an event of the stream", &error))?;
        if let Some(Text(kind)) = &chunk.event_type {
            let kind = kind.clone();
            return self.before(&kind, chunk, data, out);
        }
        let (index, delta) = (chunk.index.unwrap_or(0), chunk.delta.unwrap_or_default());
        let kind = chunk.kind.as_ref().map(|kind| &*kind.0);
        if kind == Some("message-end") && self.started {
            return self.message_end(&delta, out);
        }
        if kind == Some("message-start") {
            self.start(chunk.id.as_ref().map(|id| &*id.0), out);
            return Ok(());
        }
        let Some(kind) = kind.filter(|_| self.started) else { return self.strange(data, kind, out) };
        let said = delta.message.unwrap_or_default();
        match kind {
            "content-start" | "content-delta" => self.content(index, &said, out),
            "content-end" => self.content_end(index, out),
            "tool-plan-delta" => self.plan.push_str(&said.tool_plan.unwrap_or_default().0),
            "tool-call-start" => self.call_start(index, &said, out),
            "tool-call-delta" => {
                let call: Call<'_> = parse(said.tool_calls).unwrap_or_default();
                self.arguments(index, call.function.and_then(|function| function.arguments).unwrap_or_default(), out);
            }
            "tool-call-end" => self.call_end(index, out),
            "citation-start" => self.cite(&parse(said.citations).unwrap_or_default(), out),
            "citation-end" => {}
            kind => return self.strange(data, Some(kind), out),
        }
        Ok(())
    }

    fn end(&mut self, _: &mut EventQueue) -> Result<(), Error> {
        if self.finished { Ok(()) } else { Err(Error::truncated()) }
    }

    fn is_done(&self) -> bool {
        self.finished
    }
}

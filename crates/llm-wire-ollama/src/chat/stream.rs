//! A streamed answer on its way in: a line of NDJSON is an answer with a piece of text, of reasoning, or whole calls.

use std::sync::Arc;

use http::HeaderMap;
use llm_core::{Error, Event, Origin, PartId, PartKind, StreamFinish, StreamStart, ToolCall, Visibility, Warning};
use llm_wire::json::malformed;
use llm_wire::{EventQueue, Frame, StreamDecoder};
use serde_json::{Map, Value};

use super::answer;
use super::response::keep_image;
use crate::wire::{Answer, Said};
use crate::{API, error, finish, image, timestamp};

/// Decodes the lines of one streamed answer.
#[derive(Debug)]
pub struct Decoder {
    /// What the first event says; taken by it.
    start: Option<Box<StreamStart>>,
    open: Option<(PartId, Kind)>,
    parts: u32,
    calls: usize,
    done: bool,
    logprobs: Vec<Value>,
    /// What the lines said beside the message, and beside the text in the message.
    ext: Map<String, Value>,
    message: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Reasoning,
}

impl Decoder {
    /// A decoder for one answer; `warnings` are those of encoding the request.
    pub fn new(origin: Arc<Origin>, warnings: Vec<Warning>) -> Self {
        let mut start = StreamStart::new(origin);
        start.warnings = warnings;
        Self {
            start: Some(Box::new(start)),
            open: None,
            parts: 0,
            calls: 0,
            done: false,
            logprobs: Vec::new(),
            ext: Map::new(),
            message: Map::new(),
        }
    }

    /// With what the response's headers say.
    pub fn with_headers(mut self, headers: &HeaderMap) -> Self {
        if let Some(start) = &mut self.start {
            start.request_id = llm_wire::request_id(headers);
            start.rate_limits = llm_wire::rate_limit::rate_limits(headers, None).summary();
        }
        self
    }

    fn say(&mut self, said: Said<'_>, out: &mut EventQueue) {
        if let Some(thinking) = said.thinking.some() {
            let part = self.part(Kind::Reasoning, out);
            out.push(Event::ReasoningDelta { part, text: thinking.into_owned() });
        }
        if let Some(text) = said.content.some() {
            let part = self.part(Kind::Text, out);
            out.push(Event::TextDelta { part, text: text.into_owned() });
        }
        self.message.extend(said.rest);
        for image in said.images.unwrap_or_default() {
            match image::decode(image.as_str()) {
                Some(media) => {
                    let part = self.begin(PartKind::Media(media), out);
                    out.push(Event::PartEnd { part, truncated: false, ext: None });
                }
                None => keep_image(&mut self.message, image.as_str()),
            }
        }
        for call in said.tool_calls.unwrap_or_default() {
            let (call, ext) = answer::decode_call(call, self.calls);
            self.calls += 1;
            let ToolCall { arguments, truncated, .. } = call;
            let shell = ToolCall { id: call.id, name: call.name, ..ToolCall::default() };
            let part = self.begin(PartKind::ToolCall(shell), out);
            out.push(Event::ArgumentsDelta { part, json: arguments });
            out.push(Event::PartEnd { part, truncated, ext: Some(ext).filter(|ext| !ext.is_empty()).map(Box::new) });
        }
    }

    /// The running part of a kind, begun when another runs or none.
    fn part(&mut self, kind: Kind, out: &mut EventQueue) -> PartId {
        if let Some((part, running)) = self.open
            && running == kind
        {
            return part;
        }
        let shell = match kind {
            Kind::Text => PartKind::Text { text: String::new(), citations: Vec::new() },
            Kind::Reasoning => {
                PartKind::Reasoning { text: String::new(), visibility: Visibility::Full, encrypted: None }
            }
        };
        let part = self.begin(shell, out);
        self.open = Some((part, kind));
        part
    }

    fn begin(&mut self, shell: PartKind, out: &mut EventQueue) -> PartId {
        self.close(out);
        let part = PartId(self.parts);
        self.parts += 1;
        out.push(Event::PartStart { part, candidate: 0, shell: Box::new(shell) });
        part
    }

    fn close(&mut self, out: &mut EventQueue) {
        if let Some((part, _)) = self.open.take() {
            out.push(Event::PartEnd { part, truncated: false, ext: None });
        }
    }

    fn finish(&mut self, mut answer: Answer<'_>, out: &mut EventQueue) {
        self.close(out);
        let usage = answer.metrics().decode();
        let mut finish = StreamFinish::new(finish::decode(answer.done_reason.as_str(), self.calls > 0), usage);
        let mut ext = std::mem::take(&mut self.ext);
        if !self.logprobs.is_empty() {
            ext.insert("logprobs".to_owned(), Value::Array(std::mem::take(&mut self.logprobs)));
        }
        if !self.message.is_empty() {
            ext.insert("message".to_owned(), Value::Object(std::mem::take(&mut self.message)));
        }
        if !ext.is_empty() {
            finish.ext.of_mut(API).extend(ext);
        }
        self.done = true;
        out.push(Event::Finish(Box::new(finish)));
    }
}

impl StreamDecoder for Decoder {
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        if self.done {
            return Ok(());
        }
        let mut answer: Answer<'_> =
            serde_json::from_slice(frame.data).map_err(|error| malformed("a line of ollama's stream", &error))?;
        if let Some(problem) = answer.problem() {
            return Err(error::in_band(problem));
        }
        if let Some(mut start) = self.start.take() {
            start.model = std::mem::take(&mut answer.model).some().map(Into::into);
            start.created = timestamp::parse(answer.created_at.as_str());
            out.push(Event::Start(start));
        }
        let done = answer.done == Some(true);
        let rest = std::mem::take(&mut answer.rest);
        match answer.said() {
            Some(said) => {
                self.ext.extend(rest);
                self.say(said, out);
            }
            None if done => self.ext.extend(rest),
            None => out.push(Event::Unknown { kind: "ollama.line".to_owned(), data: Value::Object(rest) }),
        }
        if let Some(logprobs) = answer.logprobs.take() {
            self.logprobs.extend(logprobs);
        }
        if done {
            self.finish(answer, out);
        }
        Ok(())
    }

    fn end(&mut self, _out: &mut EventQueue) -> Result<(), Error> {
        if self.done { Ok(()) } else { Err(Error::truncated()) }
    }

    fn is_done(&self) -> bool {
        self.done
    }
}

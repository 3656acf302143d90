//! A streamed answer on its way out, for a server that speaks this protocol.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use llm_core::{Error, Event, Extensions, MediaData, PartId, PartKind, StreamFinish, ToolCall, Usage};
use llm_wire::StreamEncoder;

use super::answer::{self, Line, Said};
use crate::error;

/// Encodes the events of one streamed answer as NDJSON.
///
/// Text and reasoning go out as they come; a tool call goes out when it is whole, because the protocol knows no pieces
/// of arguments.
#[derive(Debug, Default)]
pub struct Encoder {
    model: String,
    created_at: String,
    parts: Vec<(PartId, Running)>,
    calls: usize,
    usage: Option<Usage>,
}

/// A part that has begun and not ended.
#[derive(Debug)]
enum Running {
    Text,
    Reasoning,
    Call(ToolCall),
    Image(BytesMut),
    /// The protocol has no form for it.
    Silent,
}

impl Encoder {
    /// An encoder for one answer.
    pub fn new() -> Self {
        Self::default()
    }

    fn line(&self, message: Said<'_>, out: &mut Vec<u8>) {
        let line = Line {
            model: &self.model,
            created_at: &self.created_at,
            message,
            done: false,
            done_reason: None,
            metrics: None,
        };
        answer::write(&line, &Extensions::default(), out);
        out.push(b'\n');
    }

    fn text(&self, text: &str, out: &mut Vec<u8>) {
        if !text.is_empty() {
            self.line(Said { content: Cow::Borrowed(text), ..Said::default() }, out);
        }
    }

    fn thinking(&self, text: &str, out: &mut Vec<u8>) {
        if !text.is_empty() {
            self.line(Said { thinking: Cow::Borrowed(text), ..Said::default() }, out);
        }
    }

    fn image(&self, bytes: &Bytes, out: &mut Vec<u8>) {
        let mut said = Said::default();
        said.add_image(bytes);
        self.line(said, out);
    }

    fn begin(&mut self, part: PartId, candidate: u32, shell: &PartKind, out: &mut Vec<u8>) {
        let running = match shell {
            // One answer is all the protocol has room for.
            _ if candidate > 0 => Running::Silent,
            PartKind::Text { text, .. } | PartKind::Refusal { text } => {
                self.text(text, out);
                Running::Text
            }
            PartKind::Reasoning { text, .. } => {
                self.thinking(text, out);
                Running::Reasoning
            }
            PartKind::ToolCall(call) => Running::Call(call.clone()),
            PartKind::Media(media) => {
                if let MediaData::Inline { bytes } = &media.data
                    && !bytes.is_empty()
                {
                    self.image(bytes, out);
                }
                Running::Image(BytesMut::new())
            }
            _ => Running::Silent,
        };
        self.parts.push((part, running));
    }

    fn running(&mut self, part: PartId) -> Option<&mut Running> {
        self.parts.iter_mut().find(|(running, _)| *running == part).map(|(_, running)| running)
    }

    fn end(&mut self, part: PartId, truncated: bool, ext: Option<&Extensions>, out: &mut Vec<u8>) {
        let Some(at) = self.parts.iter().position(|(running, _)| *running == part) else { return };
        match self.parts.remove(at).1 {
            Running::Call(mut call) => {
                call.truncated |= truncated;
                let mut said = Said::default();
                said.add_call_number(&call, ext.unwrap_or(&Extensions::default()), self.calls);
                if !said.tool_calls.is_empty() {
                    self.calls += 1;
                    self.line(said, out);
                }
            }
            Running::Image(bytes) if !bytes.is_empty() => self.image(&bytes.freeze(), out),
            _ => {}
        }
    }

    fn finish(&mut self, finish: &StreamFinish, out: &mut Vec<u8>) {
        let earlier = self.usage.take().filter(|_| finish.usage.is_unknown());
        let usage = earlier.as_ref().unwrap_or(&finish.usage);
        let line = answer::last_line(&self.model, &self.created_at, Said::default(), &finish.finish, usage);
        answer::write(&line, &finish.ext, out);
        out.push(b'\n');
    }
}

impl StreamEncoder for Encoder {
    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Start(start) => {
                start.model.as_deref().unwrap_or(&start.origin.model).clone_into(&mut self.model);
                self.created_at = answer::created_at(start.created);
            }
            Event::PartStart { part, candidate, shell } => self.begin(*part, *candidate, shell, out),
            Event::TextDelta { part, text } => {
                if let Some(Running::Text) = self.running(*part) {
                    self.text(text, out);
                }
            }
            Event::ReasoningDelta { part, text } => {
                if let Some(Running::Reasoning) = self.running(*part) {
                    self.thinking(text, out);
                }
            }
            Event::ArgumentsDelta { part, json } => {
                if let Some(Running::Call(call)) = self.running(*part) {
                    call.arguments.push_str(json);
                }
            }
            Event::MediaDelta { part, bytes } => {
                if let Some(Running::Image(image)) = self.running(*part) {
                    image.extend_from_slice(bytes);
                }
            }
            Event::PartEnd { part, truncated, ext } => self.end(*part, *truncated, ext.as_deref(), out),
            Event::Usage(usage) => self.usage = Some((**usage).clone()),
            Event::Finish(finish) => self.finish(finish, out),
            // Pings, signatures, sources and unknown events have no line of their own.
            _ => {}
        }
    }

    fn error(&mut self, error: &Error, out: &mut Vec<u8>) {
        out.extend_from_slice(&error::words(error));
        out.push(b'\n');
    }
}

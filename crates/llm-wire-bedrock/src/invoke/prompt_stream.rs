//! Streams of models that take one prompt.

use std::sync::Arc;

use http::HeaderMap;
use llm_core::{Error, Event, Finish, Origin, PartId, PartKind, StreamFinish, StreamStart, Usage, Warning};
use llm_wire::json::{Text, malformed};
use llm_wire::{EventQueue, Frame, StreamDecoder};

use super::answer::{PromptAnswer, finish};
use crate::usage;

/// Decodes the stream of a model that takes one prompt. It is whole when the model said why it ended.
pub struct PromptDecoder {
    start: Option<Box<StreamStart>>,
    /// Why each answer ended, by its number; `None` for one that goes on.
    answers: Vec<Option<Finish>>,
    /// A reason without a number.
    ended: bool,
    usage: Usage,
    /// Calls for the client's tools so far.
    calls: usize,
}

impl PromptDecoder {
    /// A decoder for the answer of one target, with the warnings of its request.
    pub fn new(origin: Arc<Origin>, warnings: Vec<Warning>) -> Self {
        let mut start = StreamStart::new(origin);
        start.warnings = warnings;
        let usage = Usage::default();
        Self { start: Some(Box::new(start)), answers: Vec::with_capacity(1), ended: false, usage, calls: 0 }
    }

    /// With what the headers of the answer say: the id of the request.
    pub fn with_headers(mut self, headers: &HeaderMap) -> Self {
        if let Some(start) = &mut self.start {
            start.request_id = llm_wire::request_id(headers);
        }
        self
    }

    /// The part of an answer, begun where it is new.
    fn part(&mut self, candidate: u32, out: &mut EventQueue) -> PartId {
        let known = u32::try_from(self.answers.len()).unwrap_or(u32::MAX);
        for candidate in known..=candidate.min(known.saturating_add(MOST_ANSWERS)) {
            self.answers.push(None);
            let shell = PartKind::Text { text: String::new(), citations: Vec::new() };
            out.push(Event::PartStart { part: PartId(candidate), candidate, shell: Box::new(shell) });
        }
        PartId(candidate)
    }
}

/// The part of the first call; those of answers have the answers' numbers.
const FIRST_CALL: u32 = 1 << 16;

/// Answers that one chunk may begin.
const MOST_ANSWERS: u32 = 64;

impl StreamDecoder for PromptDecoder {
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let mut chunk: PromptAnswer<'_> =
            serde_json::from_slice(frame.data).map_err(|error| malformed("a chunk of the stream", &error))?;
        if let Some(mut start) = self.start.take() {
            start.id = chunk.take_id();
            out.push(Event::Start(start));
        }
        for piece in chunk.pieces() {
            let part = self.part(piece.candidate, out);
            if let Some(Text(text)) = piece.text.filter(|text| !text.0.is_empty()) {
                out.push(Event::TextDelta { part, text: text.into_owned() });
            }
            if let Some(Text(word)) = piece.reason {
                self.ended = true;
                if let Some(answer) = self.answers.get_mut(part.0 as usize) {
                    *answer = Some(finish(Some(&word), self.calls > 0));
                }
            }
        }
        for call in chunk.calls(self.calls) {
            let part = PartId(FIRST_CALL.saturating_add(u32::try_from(self.calls).unwrap_or(u32::MAX)));
            self.calls += 1;
            out.push(Event::PartStart { part, candidate: 0, shell: Box::new(PartKind::ToolCall(call)) });
            out.push(Event::PartEnd { part, truncated: false, ext: None });
        }
        let counts = chunk.usage();
        self.usage.input = counts.input.or(self.usage.input);
        self.usage.output = counts.output.or(self.usage.output);
        if let Some(metrics) = chunk.metrics {
            let metrics = usage::decode(metrics);
            self.usage.input = metrics.input.or(self.usage.input);
            self.usage.output = metrics.output.or(self.usage.output);
        }
        Ok(())
    }

    fn end(&mut self, out: &mut EventQueue) -> Result<(), Error> {
        if !self.ended {
            return Err(Error::truncated());
        }
        // A reason without a number is every answer's.
        let common = self.answers.iter().find_map(Clone::clone).unwrap_or_else(|| finish(None, self.calls > 0));
        let mut reasons =
            std::mem::take(&mut self.answers).into_iter().map(|own| own.unwrap_or_else(|| common.clone()));
        let first = reasons.next().unwrap_or_else(|| common.clone());
        let more: Vec<Finish> = reasons.collect();
        for number in 0..=more.len() {
            let part = PartId(u32::try_from(number).unwrap_or(u32::MAX));
            out.push(Event::PartEnd { part, truncated: false, ext: None });
        }
        let mut end = StreamFinish::new(first, std::mem::take(&mut self.usage));
        end.more = more;
        out.push(Event::Finish(Box::new(end)));
        Ok(())
    }
}

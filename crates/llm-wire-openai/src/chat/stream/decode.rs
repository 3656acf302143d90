//! A streamed answer from chunks.

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderMap;
use llm_core::{Error, ErrorKind, Event, Extensions, Finish, FinishReason, Origin, StreamFinish, Usage, Warning};
use llm_wire::json::malformed;
use llm_wire::{EventQueue, Frame, StreamDecoder};
use serde_json::Value;

use super::answer::{Answer, Sink};
use super::latest::Latest;
use super::template::{Template, Words};
use crate::chat::response::read_usage;
use crate::chat::sources;
use crate::chat::wire::{Chunk, ChunkChoice};
use crate::dialect::{Dialect, EndMarker};
use crate::json::{is_empty, read};
use crate::opening::Opening;
use crate::{FAMILY, error};

/// Reads the chunks of one stream. Plain text costs one allocation a chunk, the text itself.
///
/// The end is `[DONE]`, or what the dialect takes for it; only then comes [`Event::Finish`], because vendors send
/// usage, and some even calls, after a finish reason.
#[derive(Debug)]
pub struct Decoder {
    opening: Opening,
    dialect: Dialect,
    finished: bool,
    /// The server ignored that a stream was asked for, and has sent its answer at once.
    whole: bool,
    next_part: u32,
    answers: Vec<Answer>,
    usage: Usage,
    service_tier: Option<String>,
    fields: Latest,
    pub(super) template: Template,
}

impl Decoder {
    /// A decoder of a stream from `origin`; the warnings of the request go out with the start.
    pub fn new(origin: Arc<Origin>, warnings: Vec<Warning>, dialect: &Dialect) -> Self {
        Self {
            opening: Opening::new(origin, warnings),
            dialect: *dialect,
            finished: false,
            whole: false,
            next_part: 0,
            answers: Vec::new(),
            usage: Usage::default(),
            service_tier: None,
            fields: Latest::default(),
            template: Template::default(),
        }
    }

    /// With what the response's headers say: the request id and the rate limits.
    pub fn with_headers(mut self, headers: &HeaderMap) -> Self {
        self.opening.read(headers);
        self
    }

    fn chunk(&mut self, chunk: Chunk<'_>, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        if chunk.error.is_some_and(|raw| !is_empty(raw)) {
            return Err(self.complaint(frame.data));
        }
        let usage = read_usage(chunk.usage, chunk.x_groq, &self.dialect);
        let says_something = !chunk.choices.is_empty() || usage.is_some();
        // `MiniMax` reports an error in a chunk like any other, but for its verdict.
        if !says_something && !chunk.rest.0.is_empty() && !chunk.id.is_empty() {
            let data: Value = serde_json::from_slice(frame.data).unwrap_or_default();
            if let Some(error) = error::in_band(&data, &self.dialect) {
                return Err(error);
            }
        }
        if !says_something && chunk.id.is_empty() && chunk.model.is_empty() {
            return self.strange(frame, out);
        }
        self.whole |= &*chunk.object.0 == "chat.completion";
        self.fields.take(&chunk.rest);
        // Azure's first chunk names neither id nor model (`prompt_filter_results` only): the next one starts the answer.
        if says_something || !chunk.id.is_empty() {
            self.start(&chunk, out);
        }
        if let Some(tier) = chunk.service_tier.as_some()
            && self.service_tier.as_deref() != Some(tier)
        {
            self.service_tier = Some(tier.to_owned());
        }
        let words = Words::find(&chunk, frame.data);
        let mut place = 0;
        for choice in chunk.choices {
            place = self.choice(choice, out);
        }
        if let Some(words) = words {
            self.template.learn(frame.data, words, place);
        }
        if let Some(usage) = usage {
            self.usage.clone_from(&usage);
            out.push(Event::Usage(Box::new(usage)));
        }
        Ok(())
    }

    fn start(&mut self, chunk: &Chunk<'_>, out: &mut EventQueue) {
        let Some(mut start) = self.opening.start() else { return };
        start.id = chunk.id.as_some().map(str::to_owned);
        start.model = chunk.model.as_some().map(str::to_owned);
        start.created = chunk.created.0.filter(|created| *created != 0);
        start.system_fingerprint = chunk.system_fingerprint.as_some().map(str::to_owned);
        out.push(Event::Start(Box::new(start)));
    }

    /// Takes a choice; the place of its answer.
    fn choice(&mut self, choice: ChunkChoice<'_>, out: &mut EventQueue) -> usize {
        let number = choice.index.0.and_then(|index| u32::try_from(index).ok()).unwrap_or(0).min(MOST_ANSWERS);
        let place = self.answers.iter().position(|answer| answer.number == number).unwrap_or_else(|| {
            self.answers.push(Answer::new(number));
            self.answers.len() - 1
        });
        let sink = &mut Sink {
            out,
            next_part: &mut self.next_part,
            candidate: number,
            origin: &self.opening.origin,
            dialect: &self.dialect,
        };
        self.answers[place].push(choice, sink);
        place
    }

    /// Takes words of a chunk that is otherwise like the last.
    fn words(&mut self, text: Cow<'_, str>, out: &mut EventQueue) {
        let Some(answer) = self.answers.get_mut(self.template.answer()) else { return };
        let candidate = answer.number;
        answer.text(
            text,
            &mut Sink {
                out,
                next_part: &mut self.next_part,
                candidate,
                origin: &self.opening.origin,
                dialect: &self.dialect,
            },
        );
    }

    /// A frame that is no chunk: an error in another shape, or something new.
    fn strange(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let data: Value = serde_json::from_slice(frame.data).unwrap_or_default();
        if let Some(error) = error::in_band(&data, &self.dialect) {
            return Err(error);
        }
        if self.opening.is_over() {
            let word = frame.name.or_else(|| data["type"].as_str()).or_else(|| data["object"].as_str());
            out.push(Event::Unknown { kind: format!("{FAMILY}.{}", word.unwrap_or("chunk")), data });
        } else {
            // Azure's content filter speaks first; what it says is in the fields that are kept.
            if let Ok(chunk) = serde_json::from_slice::<Chunk<'_>>(frame.data) {
                self.fields.take(&chunk.rest);
            }
            out.push(Event::Ping);
        }
        Ok(())
    }

    /// The error that a frame reports.
    fn complaint(&self, data: &[u8]) -> Error {
        let value: Value = serde_json::from_slice(data).unwrap_or_default();
        error::in_band(&value, &self.dialect).unwrap_or_else(|| {
            Error::new(ErrorKind::Server, "the vendor reported an error inside its stream, in a form that is not known")
        })
    }

    fn finish(&mut self, out: &mut EventQueue) {
        let mut ext = Extensions::default();
        let fields = std::mem::take(&mut self.fields).into_map();
        let mut sources = sources::of(&fields);
        if !fields.is_empty() {
            ext.of_mut(FAMILY).extend(fields);
        }
        let mut answers = std::mem::take(&mut self.answers);
        answers.sort_by_key(|answer| answer.number);
        let mut ends = Vec::new();
        for mut answer in answers {
            let number = answer.number as usize;
            let sink = &mut Sink {
                out,
                next_part: &mut self.next_part,
                candidate: answer.number,
                origin: &self.opening.origin,
                dialect: &self.dialect,
            };
            ends.resize(number, unsaid());
            answer.cite(std::mem::take(&mut sources), sink);
            ends.push(answer.finish(&mut ext, sink));
        }
        let mut ends = ends.into_iter();
        let mut finish = StreamFinish::new(ends.next().unwrap_or_else(unsaid), std::mem::take(&mut self.usage));
        finish.more = ends.collect();
        finish.service_tier = self.service_tier.take();
        finish.ext = ext;
        self.finished = true;
        out.push(Event::Finish(Box::new(finish)));
    }

    /// True when the stream may end here without `[DONE]`.
    fn may_end(&self) -> bool {
        let finished = !self.answers.is_empty() && self.answers.iter().all(Answer::has_finish);
        finished && (self.whole || self.dialect.end_marker == EndMarker::DoneOrFinish)
    }
}

/// More answers than any vendor gives; a greater number is a server's mistake and must not fill the memory.
const MOST_ANSWERS: u32 = 1023;

fn unsaid() -> Finish {
    Finish { reason: FinishReason::Other("unknown".to_owned()), raw: None }
}

impl StreamDecoder for Decoder {
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let data = frame.data.trim_ascii();
        if self.finished || data.is_empty() {
            return Ok(());
        }
        if data == b"[DONE]" {
            if !self.opening.is_over() {
                let message = "reading the stream: it ended without an answer";
                return Err(Error::new(ErrorKind::Malformed, message));
            }
            self.finish(out);
            return Ok(());
        }
        if frame.name == Some("error") {
            return Err(self.complaint(data));
        }
        if let Some(text) = self.template.words(data) {
            self.words(text, out);
            return Ok(());
        }
        self.template.forget();
        let chunk = read(data).map_err(|error| malformed("a chunk of the stream", &error))?;
        self.chunk(chunk, Frame { name: frame.name, data }, out)
    }

    fn end(&mut self, out: &mut EventQueue) -> Result<(), Error> {
        if self.finished {
            return Ok(());
        }
        if self.may_end() {
            self.finish(out);
            return Ok(());
        }
        Err(Error::truncated())
    }

    fn is_done(&self) -> bool {
        self.finished
    }
}

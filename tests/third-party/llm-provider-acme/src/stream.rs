//! A streamed chat: lines of JSON, each with one thing in it, and `end` in the last one.

use std::sync::Arc;

use http::HeaderMap;
use llm_core::{Error, Event, Origin, StreamFinish, StreamStart, Warning};
use llm_wire::json::Text;
use llm_wire::{EventQueue, Frame, Parts, StreamDecoder, rate_limits, request_id};
use serde::Deserialize;

use crate::answer::{self, Call, Counts};
use crate::error::{self, Problem};

/// One line. A line with none of these is kept as an unknown event.
#[derive(Deserialize)]
struct Line<'a> {
    begin: Option<Begin>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    thought: Option<Text<'a>>,
    /// A tool call without its input.
    #[serde(borrow)]
    call: Option<Call<'a>>,
    /// A piece of the JSON of the call's input.
    #[serde(borrow)]
    input: Option<Text<'a>>,
    end: Option<End>,
    problem: Option<Problem>,
}

#[derive(Deserialize)]
struct Begin {
    id: Option<String>,
    model: Option<String>,
}

#[derive(Deserialize)]
struct End {
    ended: Option<String>,
    #[serde(default)]
    counts: Counts,
}

/// Turns the lines of one answer into events.
pub(crate) struct Decoder {
    /// What the first event says; taken by it.
    start: Option<Box<StreamStart>>,
    parts: Parts,
    done: bool,
}

impl Decoder {
    /// A decoder for one answer: who gives it, what could not be asked, and what the headers say.
    pub(crate) fn new(origin: Arc<Origin>, warnings: Vec<Warning>, headers: &HeaderMap) -> Self {
        let mut start = StreamStart::new(origin);
        start.warnings = warnings;
        start.request_id = request_id(headers);
        start.rate_limits = rate_limits(headers, None).summary();
        Self { start: Some(Box::new(start)), parts: Parts::default(), done: false }
    }

    fn say(&mut self, line: Line<'_>, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        if let Some(Text(text)) = line.text {
            self.parts.text(text.into_owned(), out);
        } else if let Some(Text(text)) = line.thought {
            self.parts.reasoning(text.into_owned(), out);
        } else if let Some(call) = line.call {
            self.parts.tool_call(call.id, call.tool, out);
        } else if let Some(Text(json)) = line.input {
            self.parts.arguments(json.into_owned(), out)?;
        } else if let Some(end) = line.end {
            self.parts.end(out);
            self.done = true;
            let finish = StreamFinish::new(answer::finish(end.ended), end.counts.usage());
            out.push(Event::Finish(Box::new(finish)));
        } else if line.begin.is_none() {
            let data = serde_json::from_slice(frame.data).map_err(|error| error::malformed("a line", &error))?;
            out.push(Event::Unknown { kind: "acme.line".to_owned(), data });
        }
        Ok(())
    }
}

impl StreamDecoder for Decoder {
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let mut line: Line<'_> =
            serde_json::from_slice(frame.data).map_err(|error| error::malformed("a line", &error))?;
        if let Some(problem) = line.problem {
            return Err(problem.in_band());
        }
        if let Some(mut start) = self.start.take() {
            if let Some(begin) = line.begin.take() {
                start.id = begin.id;
                start.model = begin.model;
                out.push(Event::Start(start));
                return Ok(());
            }
            out.push(Event::Start(start));
        }
        self.say(line, frame, out)
    }

    fn end(&mut self, _out: &mut EventQueue) -> Result<(), Error> {
        if self.done { Ok(()) } else { Err(Error::truncated()) }
    }

    fn is_done(&self) -> bool {
        self.done
    }
}

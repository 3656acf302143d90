//! From chunks to events: the stream as a whole. What one answer says is in `answer.rs`.

use std::sync::Arc;

use http::HeaderMap;
use llm_core::{Error, ErrorKind, Event, Finish, FinishReason, Origin, StreamFinish, StreamStart, Warning};
use llm_wire::{EventQueue, Frame, StreamDecoder, request_id};
use serde_json::{Map, Value};

use super::answer::{Answer, Facts, Numbers};
use crate::API;
use crate::error::in_band;
use crate::generate::response::{Counts, WireCandidate, WireResponse, WireUsage, add_more, blocked, finish, read_wire};
use crate::wire::{List, Str, parse_time};

/// The vendor makes at most 8 candidates; an index beyond this is nonsense.
const MOST_CANDIDATES: u32 = 64;

/// Reads a stream. There is no end marker: the stream is whole when every answer told why it ended.
#[derive(Debug)]
pub struct Decoder {
    origin: Arc<Origin>,
    warnings: Vec<Warning>,
    request_id: Option<String>,
    started: bool,
    numbers: Numbers,
    candidates: Vec<Answer>,
    counts: Counts,
    service_tier: Option<String>,
    /// What `usageMetadata` says beside counts.
    usage: Facts,
    blocked: Option<String>,
    facts: Facts,
}

impl Decoder {
    /// A decoder; `warnings` are those of encoding the request.
    pub fn new(origin: Arc<Origin>, warnings: Vec<Warning>) -> Self {
        Self {
            origin,
            warnings,
            request_id: None,
            started: false,
            numbers: Numbers::default(),
            candidates: Vec::new(),
            counts: Counts::default(),
            service_tier: None,
            usage: Facts::default(),
            blocked: None,
            facts: Facts::default(),
        }
    }

    /// With what the response's headers say.
    pub fn with_headers(mut self, headers: &HeaderMap) -> Self {
        self.request_id = request_id(headers);
        self
    }

    fn start(&mut self, wire: &mut WireResponse<'_>, out: &mut EventQueue) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let mut start = StreamStart::new(self.origin.clone());
        start.id = wire.id.take().map(Str::into_owned);
        start.model = wire.model.take().map(Str::into_owned);
        start.created = wire.created.take().and_then(|time| parse_time(&time));
        start.request_id = self.request_id.take();
        start.warnings = std::mem::take(&mut self.warnings);
        out.push(Event::Start(Box::new(start)));
    }

    fn usage(&mut self, wire: WireUsage<'_>, out: &mut EventQueue) {
        let counts = wire.counts();
        // Vertex AI's first chunks hold no counts yet; should the last one hold none, the newest stay.
        if counts != self.counts && counts != Counts::default() {
            self.counts = counts;
            out.push(Event::Usage(Box::new(counts.usage())));
        }
        if let Some(tier) = wire.tier()
            && self.service_tier.as_deref() != Some(tier)
        {
            self.service_tier = Some(tier.to_owned());
        }
        wire.other.into_iter().for_each(|(name, raw)| self.usage.keep(&name, raw));
    }

    fn candidate(&mut self, wire: &mut WireCandidate<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let index = wire.index.unwrap_or_default();
        let place = self.candidates.iter().position(|answer| answer.index == index).unwrap_or(self.candidates.len());
        if place == self.candidates.len() {
            if index >= MOST_CANDIDATES {
                return Err(Error::new(
                    ErrorKind::Malformed,
                    "reading the vendor's stream: the index of an answer is out of range",
                ));
            }
            self.candidates.push(Answer::new(index));
        }
        match self.candidates.get_mut(place) {
            Some(answer) => answer.chunk(wire, &mut self.numbers, out),
            None => Ok(()),
        }
    }

    /// What ext holds of it all.
    fn ext(&mut self) -> Map<String, Value> {
        let mut ext = std::mem::take(&mut self.facts).into_map();
        let mut answers = self.candidates.iter_mut();
        if let Some(first) = answers.next() {
            ext.append(&mut std::mem::take(&mut first.facts).into_map());
        }
        add_more(answers.map(|answer| std::mem::take(&mut answer.facts).into_map()), &mut ext);
        ext
    }
}

impl StreamDecoder for Decoder {
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let data = frame.data.trim_ascii();
        if data.is_empty() || data == b"[DONE]" {
            return Ok(());
        }
        let mut wire = WireResponse::default();
        read_wire(data, &mut wire)?;
        if let Some(error) = wire.error {
            return Err(in_band(error.get()));
        }
        self.start(&mut wire, out);
        for candidate in wire.candidates.iter_mut().flat_map(List::iter_mut) {
            self.candidate(candidate, out)?;
        }
        if let Some(usage) = wire.usage {
            self.usage(usage, out);
        }
        if let Some(feedback) = wire.feedback {
            self.blocked = blocked(feedback).or(self.blocked.take());
            self.facts.keep("promptFeedback", feedback);
        }
        wire.other.into_iter().for_each(|(name, raw)| self.facts.keep(&name, raw));
        Ok(())
    }

    fn end(&mut self, out: &mut EventQueue) -> Result<(), Error> {
        let ended = !self.candidates.is_empty() && self.candidates.iter().all(|answer| answer.finish.is_some());
        let whole = ended || self.blocked.is_some();
        for answer in &mut self.candidates {
            answer.end_words(out);
            // Of a call that was cut nothing is said: its arguments as far as they came look like all of them.
            if whole {
                answer.end_call(true, out);
            }
        }
        if !whole {
            return Err(Error::truncated());
        }
        let most = self.candidates.iter().map(|answer| answer.index).max().unwrap_or_default();
        for index in 0..=most {
            if !self.candidates.iter().any(|answer| answer.index == index) {
                self.candidates.push(Answer::new(index));
            }
        }
        self.candidates.sort_by_key(|answer| answer.index);
        let mut ends = self.candidates.iter().map(|answer| finish(answer.finish.as_deref(), answer.has_calls));
        let end = match (ends.next(), self.blocked.take()) {
            (Some(end), None) => end,
            (Some(end), Some(_)) if end.raw.is_some() => end,
            (_, Some(reason)) => Finish::new(FinishReason::ContentFilter, reason),
            (None, None) => finish(None, false),
        };
        let more = ends.collect();
        let mut usage = self.counts.usage();
        usage.extra.append(&mut std::mem::take(&mut self.usage).into_map());
        let mut whole = StreamFinish::new(end, usage);
        whole.more = more;
        whole.service_tier = self.service_tier.take();
        let ext = self.ext();
        if !ext.is_empty() {
            *whole.ext.of_mut(API) = ext;
        }
        out.push(Event::Finish(Box::new(whole)));
        Ok(())
    }
}

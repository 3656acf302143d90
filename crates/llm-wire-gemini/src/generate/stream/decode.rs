//! From chunks to events.
//!
//! Words that follow each other are one part. A part with a signature stays a part of its own, because the vendor wants
//! it back exactly as it came (ai.google.dev/gemini-api/docs/thought-signatures, read 2026-11); the last one of a turn
//! often has no words at all.

use std::sync::Arc;

use http::HeaderMap;
use llm_core::{
    Error, ErrorKind, Event, Finish, FinishReason, MediaData, Origin, Part, PartId, PartKind, StreamFinish,
    StreamStart, ToolCall, Usage, Visibility, Warning,
};
use llm_wire::{EventQueue, Frame, StreamDecoder, request_id};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::part_events::push_whole;
use super::partial_args::PartialArguments;
use crate::API;
use crate::error::in_band;
use crate::generate::part::{CallIds, WireCall, WirePart, read_call, read_part};
use crate::generate::response::{
    Counts, WireCandidate, WireResponse, WireUsage, add_more, blocked, citations, finish, read_wire,
};
use crate::wire::{Str, parse_time};

/// The vendor makes at most 8 candidates; an index beyond this is nonsense.
const MOST_CANDIDATES: u32 = 64;

/// Reads a stream. There is no end marker: the stream is whole when every answer told why it ended.
#[derive(Debug)]
pub struct Decoder {
    origin: Arc<Origin>,
    warnings: Vec<Warning>,
    request_id: Option<String>,
    started: bool,
    next_part: u32,
    calls: CallIds,
    candidates: Vec<Answer>,
    counts: Counts,
    /// The newest `usageMetadata`, read at the end.
    usage: String,
    blocked: Option<String>,
    facts: Facts,
}

/// One of the answers.
#[derive(Debug)]
struct Answer {
    index: u32,
    /// The part that goes on when words follow words.
    open: Option<(PartId, Words)>,
    call: Option<OpenCall>,
    has_calls: bool,
    /// The vendor's word for the end; a later one replaces it.
    finish: Option<String>,
    facts: Facts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    Text,
    Reasoning,
    /// Raw samples, which follow each other like words.
    Audio,
}

/// A call whose arguments come in pieces.
#[derive(Debug)]
struct OpenCall {
    part: PartId,
    arguments: PartialArguments,
}

/// Facts without a field of ours: the newest of each, as JSON.
#[derive(Debug, Default)]
struct Facts(Vec<(String, String)>);

impl Decoder {
    /// A decoder; `warnings` are those of encoding the request.
    pub fn new(origin: Arc<Origin>, warnings: Vec<Warning>) -> Self {
        Self {
            origin,
            warnings,
            request_id: None,
            started: false,
            next_part: 0,
            calls: CallIds::default(),
            candidates: Vec::new(),
            counts: Counts::default(),
            usage: String::new(),
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

    fn usage(&mut self, raw: &RawValue, out: &mut EventQueue) -> Result<(), Error> {
        self.usage.clear();
        self.usage.push_str(raw.get());
        let counts = WireUsage::of(raw)?.counts();
        if counts != self.counts {
            self.counts = counts;
            out.push(Event::Usage(Box::new(counts.usage())));
        }
        Ok(())
    }

    fn candidate(&mut self, mut wire: WireCandidate<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let index = wire.index.unwrap_or_default();
        let place = self.candidates.iter().position(|answer| answer.index == index);
        let mut answer = match place {
            Some(place) => self.candidates.swap_remove(place),
            None if index < MOST_CANDIDATES => Answer::new(index),
            None => return Err(malformed("an answer's index is out of range")),
        };
        // Sources come with the last words or after them, when the part they belong to is about to end.
        let mut sources = citations(wire.grounding, wire.citations);
        answer.cite(&mut sources, out);
        for part in wire.take_parts() {
            self.part(part, &mut answer, out)?;
        }
        answer.cite(&mut sources, out);
        if let Some(word) = &wire.finish
            && answer.finish.as_deref() != Some(&**word)
        {
            answer.finish = Some(word.to_string());
        }
        wire.take_facts().for_each(|(name, raw)| answer.facts.keep(&name, raw));
        self.candidates.push(answer);
        Ok(())
    }

    fn part(&mut self, wire: WirePart<'_>, answer: &mut Answer, out: &mut EventQueue) -> Result<(), Error> {
        if wire.is_plain_text() {
            let thought = wire.thought.unwrap_or_default();
            let Some(text) = wire.text.filter(|text| !text.is_empty()) else { return Ok(()) };
            let text = text.into_owned();
            if thought {
                let part = self.words(Words::Reasoning, answer, out);
                out.push(Event::ReasoningDelta { part, text });
            } else {
                let part = self.words(Words::Text, answer, out);
                out.push(Event::TextDelta { part, text });
            }
            return Ok(());
        }
        if let Some(raw) = wire.call
            && let Ok(call) = serde_json::from_str::<WireCall<'_>>(raw.get())
        {
            return self.call(call, wire, answer, out);
        }
        let Some(part) = read_part(wire, &mut self.calls) else { return Ok(()) };
        if let PartKind::Media(media) = &part.kind
            && let MediaData::Inline { bytes } = &media.data
            && is_samples(&media.media_type)
            && part.signature.is_none()
        {
            let bytes = bytes.clone();
            let id = self.audio(&part.kind, answer, out);
            out.push(Event::MediaDelta { part: id, bytes });
            return Ok(());
        }
        answer.end_words(out);
        push_whole(part, self.part_id(), answer.index, out);
        Ok(())
    }

    fn part_id(&mut self) -> PartId {
        self.next_part += 1;
        PartId(self.next_part - 1)
    }

    /// The open part of this kind, begun when there is none.
    fn words(&mut self, words: Words, answer: &mut Answer, out: &mut EventQueue) -> PartId {
        match answer.open {
            Some((part, open)) if open == words => part,
            _ => {
                let shell = match words {
                    Words::Reasoning => {
                        PartKind::Reasoning { text: String::new(), visibility: Visibility::Summary, encrypted: None }
                    }
                    _ => PartKind::Text { text: String::new(), citations: Vec::new() },
                };
                self.begin(words, shell, answer, out)
            }
        }
    }

    fn audio(&mut self, kind: &PartKind, answer: &mut Answer, out: &mut EventQueue) -> PartId {
        match answer.open {
            Some((part, Words::Audio)) => part,
            _ => {
                let mut shell = kind.clone();
                if let PartKind::Media(media) = &mut shell {
                    media.data = MediaData::Inline { bytes: bytes::Bytes::new() };
                }
                self.begin(Words::Audio, shell, answer, out)
            }
        }
    }

    fn begin(&mut self, words: Words, shell: PartKind, answer: &mut Answer, out: &mut EventQueue) -> PartId {
        answer.end_words(out);
        let part = self.part_id();
        answer.open = Some((part, words));
        out.push(Event::PartStart { part, candidate: answer.index, shell: Box::new(shell) });
        part
    }

    /// A call: whole, or a piece of one. A name begins a call; a piece that announces no further one ends it.
    fn call(
        &mut self,
        mut call: WireCall<'_>,
        mut wire: WirePart<'_>,
        answer: &mut Answer,
        out: &mut EventQueue,
    ) -> Result<(), Error> {
        let continues = call.will_continue == Some(true);
        let pieces = call.partial_args.take().unwrap_or_default();
        let named = call.name.as_deref().is_some_and(|name| !name.is_empty());
        if named || answer.call.is_none() {
            answer.end_call(false, out);
            if !named && call.id.is_none() && call.args.is_none() && pieces.is_empty() {
                return Ok(());
            }
            answer.end_words(out);
            answer.has_calls = true;
            let signature = wire.take_signature();
            let id = self.part_id();
            if !continues && pieces.is_empty() {
                let mut part = Part::new(read_call(call, &mut self.calls));
                part.signature = signature;
                push_whole(part, id, answer.index, out);
                return Ok(());
            }
            let shell = PartKind::ToolCall(ToolCall {
                id: self.calls.id(call.id.take()),
                name: call.name.take().map(Str::into_owned).unwrap_or_default(),
                ..ToolCall::default()
            });
            out.push(Event::PartStart { part: id, candidate: answer.index, shell: Box::new(shell) });
            if let Some(signature) = signature {
                out.push(Event::SignatureDelta { part: id, signature });
            }
            answer.call = Some(OpenCall { part: id, arguments: PartialArguments::default() });
        }
        if let Some(open) = &mut answer.call {
            if let Some(signature) = wire.take_signature() {
                out.push(Event::SignatureDelta { part: open.part, signature });
            }
            if let Some(args) = call.args {
                open.arguments.set(args.get());
            }
            pieces.iter().try_for_each(|piece| open.arguments.add(piece))?;
        }
        if !continues {
            answer.end_call(false, out);
        }
        Ok(())
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
        let mut wire = read_wire(data)?;
        if let Some(error) = wire.error {
            return Err(in_band(error.get()));
        }
        self.start(&mut wire, out);
        for candidate in wire.candidates.into_iter().flatten() {
            self.candidate(candidate, out)?;
        }
        if let Some(raw) = wire.usage {
            self.usage(raw, out)?;
        }
        if let Some(feedback) = wire.feedback {
            self.blocked = blocked(feedback).or(self.blocked.take());
            self.facts.keep("promptFeedback", feedback);
        }
        wire.other.into_iter().for_each(|(name, raw)| self.facts.keep(&name, raw));
        Ok(())
    }

    fn end(&mut self, out: &mut EventQueue) -> Result<(), Error> {
        for answer in &mut self.candidates {
            answer.end_words(out);
            answer.end_call(true, out);
        }
        let ended = !self.candidates.is_empty() && self.candidates.iter().all(|answer| answer.finish.is_some());
        if !ended && self.blocked.is_none() {
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
        let usage: Option<&RawValue> = serde_json::from_str(&self.usage).ok();
        let (usage, service_tier) = match usage {
            Some(raw) => WireUsage::of(raw)?.read(),
            None => (Usage::default(), None),
        };
        let mut whole = StreamFinish::new(end, usage);
        whole.more = more;
        whole.service_tier = service_tier;
        let ext = self.ext();
        if !ext.is_empty() {
            *whole.ext.of_mut(API) = ext;
        }
        out.push(Event::Finish(Box::new(whole)));
        Ok(())
    }
}

impl Answer {
    fn new(index: u32) -> Self {
        Self { index, open: None, call: None, has_calls: false, finish: None, facts: Facts::default() }
    }

    /// Gives the sources to the open text, if there is one. Those that find none are in ext.
    fn cite(&mut self, sources: &mut Vec<(usize, llm_core::Citation)>, out: &mut EventQueue) {
        if let Some((part, Words::Text)) = self.open {
            for (_, citation) in sources.drain(..) {
                out.push(Event::Citation { part, citation: Box::new(citation) });
            }
        }
    }

    fn end_words(&mut self, out: &mut EventQueue) {
        if let Some((part, _)) = self.open.take() {
            out.push(Event::PartEnd { part, truncated: false, ext: None });
        }
    }

    fn end_call(&mut self, truncated: bool, out: &mut EventQueue) {
        if let Some(OpenCall { part, arguments }) = self.call.take() {
            out.push(Event::ArgumentsDelta { part, json: arguments.into_json() });
            out.push(Event::PartEnd { part, truncated, ext: None });
        }
    }
}

impl Facts {
    fn keep(&mut self, name: &str, raw: &RawValue) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, json)) if json == raw.get() => {}
            Some((_, json)) => raw.get().clone_into(json),
            None => self.0.push((name.to_owned(), raw.get().to_owned())),
        }
    }

    fn into_map(self) -> Map<String, Value> {
        let facts = self.0.into_iter();
        facts.filter_map(|(name, json)| Some((name, serde_json::from_str(&json).ok()?))).collect()
    }
}

/// Raw audio without a header, which may be cut anywhere (`audio/L16;codec=pcm;rate=24000`).
fn is_samples(media_type: &str) -> bool {
    ["audio/l16", "audio/pcm"]
        .iter()
        .any(|samples| media_type.get(..samples.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(samples)))
}

fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::Malformed, format!("reading the vendor's stream: {what}"))
}

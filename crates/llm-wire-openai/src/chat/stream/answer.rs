//! One of the answers of a stream: which part each piece belongs to, and when parts begin and end.
//!
//! Words and reasoning end when the other begins, so that most streams hold one open part at a time; calls stay open,
//! because pieces of several may alternate.

use std::borrow::Cow;

use llm_core::{Citation, Event, Extensions, Finish, Origin, PartId, PartKind, Visibility};
use llm_wire::EventQueue;
use serde_json::{Map, Value, json};

use super::call::Calls;
use super::latest::Latest;
use crate::chat::kept::{self, ANNOTATIONS, CHOICES, LOGPROBS, MESSAGES};
use crate::chat::piece::{self, Audio, DETAILS, Piece};
use crate::chat::response::says_nothing;
use crate::chat::wire::{self, ChunkChoice, Content, Said};
use crate::dialect::Dialect;
use crate::json::{Raw, parse};
use crate::{FAMILY, chat::LOGPROBS_EVENT};

/// Where an answer's events go.
pub(super) struct Sink<'a> {
    pub(super) out: &'a mut EventQueue,
    pub(super) next_part: &'a mut u32,
    pub(super) candidate: u32,
    pub(super) origin: &'a Origin,
    pub(super) dialect: &'a Dialect,
}

impl Sink<'_> {
    pub(super) fn push(&mut self, event: Event) {
        self.out.push(event);
    }

    pub(super) fn start(&mut self, shell: PartKind) -> PartId {
        let part = PartId(*self.next_part);
        *self.next_part += 1;
        self.out.push(Event::PartStart { part, candidate: self.candidate, shell: Box::new(shell) });
        part
    }

    pub(super) fn end(&mut self, part: PartId, ext: Option<Extensions>) {
        self.out.push(Event::PartEnd { part, truncated: false, ext: ext.map(Box::new) });
    }

    pub(super) fn provider(&self) -> &str {
        &self.origin.provider
    }
}

/// The state of one answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) number: u32,
    text: Option<Words>,
    reasoning: Option<PartId>,
    /// It came in the newer of the two fields.
    newer: bool,
    /// Blocks of reasoning for the way back; their part stays open to the end.
    details: Vec<Value>,
    refusal: Option<PartId>,
    audio: Option<(PartId, Map<String, Value>)>,
    calls: Calls,
    /// The last finish reason that was not empty.
    finish: Option<String>,
    logprobs: Map<String, Value>,
    annotations: Vec<Value>,
    /// Sources were given with the words.
    cited: bool,
    choice_fields: Latest,
    message_fields: Latest,
}

#[derive(Clone, Copy, Debug)]
struct Words {
    part: PartId,
    ascii: bool,
}

impl Answer {
    pub(super) fn new(number: u32) -> Self {
        Self { number, ..Self::default() }
    }

    /// True once a finish reason has come.
    pub(super) fn has_finish(&self) -> bool {
        self.finish.is_some()
    }

    /// Takes what one chunk says of this answer.
    pub(super) fn push(&mut self, choice: ChunkChoice<'_>, sink: &mut Sink<'_>) {
        let said = match (choice.delta, choice.message) {
            (Some(delta), _) => Some(delta),
            (None, Some(message)) => parse(message),
            (None, None) => {
                self.text(choice.text.0, sink);
                None
            }
        };
        if let Some(logprobs) = choice.logprobs.filter(|raw| !says_nothing(raw)) {
            self.logprobs(logprobs, sink);
        }
        if let Some(said) = said {
            self.said(said, sink);
        }
        let word = choice.finish_reason.some().or_else(|| wire::finish_word(choice.finish_details?));
        if let Some(word) = word
            && self.finish.as_deref() != Some(&*word)
        {
            self.finish = Some(word.into_owned());
        }
        self.choice_fields.take(&choice.rest);
    }

    fn said(&mut self, mut said: Said<'_>, sink: &mut Sink<'_>) {
        let (reasoning, newer) = said.take_reasoning();
        if let Some(details) = said.reasoning_details {
            self.details(details, reasoning.is_none(), sink);
        }
        if let Some(text) = reasoning {
            self.newer = newer;
            self.reasoning(text, sink);
        }
        match said.content {
            Content::Nothing => {}
            Content::Text(text) => self.text(text, sink),
            Content::Parts(parts) => {
                parts.into_iter().filter_map(Piece::read).for_each(|piece| self.piece(piece, sink));
            }
        }
        if let Some(text) = said.refusal.some() {
            self.refusal(text, sink);
        }
        if let Some(images) = said.images {
            piece::images(images).for_each(|media| self.whole(PartKind::Media(media), sink));
        }
        if let Some(audio) = said.audio.and_then(Audio::read) {
            self.audio(&audio, sink);
        }
        for call in wire::calls(said.tool_calls, said.function_call) {
            self.end_words(sink);
            self.calls.push(call, sink);
        }
        if let Some(annotations) = said.annotations {
            self.annotations(annotations, sink);
        }
        self.message_fields.take(&said.rest);
    }

    /// Takes words, the answer itself.
    pub(super) fn text(&mut self, text: Cow<'_, str>, sink: &mut Sink<'_>) {
        if text.is_empty() {
            return;
        }
        self.end_reasoning(sink);
        let words = self.text.get_or_insert_with(|| {
            let shell = PartKind::Text { text: String::new(), citations: Vec::new() };
            Words { part: sink.start(shell), ascii: true }
        });
        words.ascii &= text.is_ascii();
        sink.push(Event::TextDelta { part: words.part, text: text.into_owned() });
    }

    fn reasoning(&mut self, text: Cow<'_, str>, sink: &mut Sink<'_>) {
        self.end_text(sink);
        let part = *self.reasoning.get_or_insert_with(|| sink.start(thoughts(Visibility::Full)));
        sink.push(Event::ReasoningDelta { part, text: text.into_owned() });
    }

    fn details(&mut self, details: Raw<'_>, hidden: bool, sink: &mut Sink<'_>) {
        let items: Vec<Value> = parse(details).unwrap_or_default();
        if items.is_empty() {
            return;
        }
        if self.reasoning.is_none() {
            let visibility = if hidden { Visibility::Redacted } else { Visibility::Full };
            self.reasoning = Some(sink.start(thoughts(visibility)));
        }
        for item in items {
            merge_detail(&mut self.details, item);
        }
    }

    fn refusal(&mut self, text: Cow<'_, str>, sink: &mut Sink<'_>) {
        self.end_words(sink);
        let part = *self.refusal.get_or_insert_with(|| sink.start(PartKind::Refusal { text: String::new() }));
        sink.push(Event::TextDelta { part, text: text.into_owned() });
    }

    fn audio(&mut self, audio: &Audio<'_>, sink: &mut Sink<'_>) {
        let (part, facts) =
            self.audio.get_or_insert_with(|| (sink.start(piece::sound(bytes::Bytes::new())), Map::new()));
        audio.write_into(facts);
        if let Some(bytes) = audio.bytes() {
            let part = *part;
            sink.push(Event::MediaDelta { part, bytes });
        }
    }

    fn piece(&mut self, piece: Piece<'_>, sink: &mut Sink<'_>) {
        match piece {
            Piece::Text(text) => self.text(text, sink),
            Piece::Reasoning(text) => self.reasoning(Cow::Owned(text), sink),
            Piece::Refusal(text) => self.refusal(text, sink),
            Piece::Whole(kind) => self.whole(kind, sink),
        }
    }

    fn whole(&mut self, kind: PartKind, sink: &mut Sink<'_>) {
        self.end_words(sink);
        let part = sink.start(kind);
        sink.end(part, None);
    }

    fn annotations(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) {
        let (citations, others) = piece::annotations(raw, self.text.is_some_and(|words| words.ascii));
        let Some(words) = self.text else {
            self.annotations.extend(parse::<Vec<Value>>(raw).unwrap_or_default());
            return;
        };
        self.cited |= !citations.is_empty();
        for citation in citations {
            sink.push(Event::Citation { part: words.part, citation: Box::new(citation) });
        }
        self.annotations.extend(others);
    }

    /// Probabilities come chunk by chunk; the lists in them are put together. A client that streams gets each piece.
    fn logprobs(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) {
        let Some(piece) = parse::<Map<String, Value>>(raw) else { return };
        sink.push(Event::Unknown {
            kind: LOGPROBS_EVENT.to_owned(),
            data: json!({ "index": self.number, LOGPROBS: piece }),
        });
        for (name, value) in piece {
            match (self.logprobs.get_mut(&name), value) {
                (Some(Value::Array(all)), Value::Array(more)) => all.extend(more),
                (Some(known), Value::Null) if !known.is_null() => {}
                (_, value) => {
                    self.logprobs.insert(name, value);
                }
            }
        }
    }

    fn end_words(&mut self, sink: &mut Sink<'_>) {
        self.end_text(sink);
        self.end_reasoning(sink);
    }

    fn end_text(&mut self, sink: &mut Sink<'_>) {
        if let Some(words) = self.text.take() {
            sink.end(words.part, None);
        }
    }

    fn end_reasoning(&mut self, sink: &mut Sink<'_>) {
        if self.details.is_empty()
            && let Some(part) = self.reasoning.take()
        {
            sink.end(part, self.newer.then(|| piece::named(sink.dialect)).flatten());
        }
    }

    /// Takes the sources of the answer as a whole, for words that have none of their own.
    pub(super) fn cite(&mut self, sources: Vec<Citation>, sink: &mut Sink<'_>) {
        let Some(words) = self.text.filter(|_| !self.cited) else { return };
        for citation in sources {
            sink.push(Event::Citation { part: words.part, citation: Box::new(citation) });
        }
    }

    /// Ends every part and says why the answer ended; what has no field goes to `ext`.
    pub(super) fn finish(mut self, ext: &mut Extensions, sink: &mut Sink<'_>) -> Finish {
        let finish = sink.dialect.decode_finish(self.finish.as_deref(), !self.calls.is_empty());
        let number = self.number as usize;
        self.end_text(sink);
        if let Some(part) = self.reasoning.take() {
            let details = std::mem::take(&mut self.details);
            let mut about = self.newer.then(|| piece::named(sink.dialect)).flatten();
            if !details.is_empty() {
                about.get_or_insert_default().set(sink.provider(), DETAILS, Value::Array(details));
            }
            sink.end(part, about);
        }
        if let Some(part) = self.refusal {
            sink.end(part, None);
        }
        if let Some((part, facts)) = self.audio {
            let mut about = Extensions::default();
            about.0.insert(FAMILY.to_owned(), facts);
            sink.end(part, Some(about));
        }
        self.calls.finish(&finish.reason, sink);
        if !self.logprobs.is_empty() {
            kept::insert(ext, CHOICES, number, LOGPROBS, Value::Object(self.logprobs));
        }
        for (name, value) in self.choice_fields.into_map() {
            kept::insert(ext, CHOICES, number, &name, value);
        }
        for (name, value) in self.message_fields.into_map() {
            kept::insert(ext, MESSAGES, number, &name, value);
        }
        if !self.annotations.is_empty() {
            kept::insert(ext, MESSAGES, number, ANNOTATIONS, Value::Array(self.annotations));
        }
        finish
    }
}

fn thoughts(visibility: Visibility) -> PartKind {
    PartKind::Reasoning { text: String::new(), visibility, encrypted: None }
}

/// Streams cut a block into pieces with the same type and number; put together they are what a whole answer holds.
fn merge_detail(all: &mut Vec<Value>, item: Value) {
    let same = |a: &Value, b: &Value| {
        a["type"] == b["type"]
            && a["index"] == b["index"]
            && (a["id"] == b["id"] || a["id"].is_null() || b["id"].is_null())
    };
    let Some(last) = all.last_mut().filter(|last| last.is_object() && same(last, &item)) else {
        all.push(item);
        return;
    };
    let (Some(last), Value::Object(item)) = (last.as_object_mut(), item) else { return };
    for (name, value) in item {
        match (last.get_mut(&name), value) {
            (Some(Value::String(text)), Value::String(more)) if matches!(&*name, "text" | "summary" | "data") => {
                text.push_str(&more);
            }
            (Some(known), Value::Null) if !known.is_null() => {}
            (_, value) => {
                last.insert(name, value);
            }
        }
    }
}

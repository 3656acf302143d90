//! One of the answers of a stream while it runs: its parts become events.
//!
//! Words that follow each other are one part. A part with a signature stays a part of its own, because the vendor wants
//! it back exactly as it came (ai.google.dev/gemini-api/docs/thought-signatures, read 2026-11); the last one of a turn
//! often has no words at all.

use bytes::Bytes;
use llm_core::{Citation, Error, Event, Extensions, MediaData, PartId, PartKind, ToolCall, Visibility};
use llm_wire::EventQueue;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::part_events::push_whole;
use super::partial_args::PartialArguments;
use crate::API;
use crate::generate::part::{CallIds, WireCall, WirePart, read_part};
use crate::generate::response::{WireCandidate, citations};
use crate::wire::Str;

/// Numbers of parts and ids of calls, which all answers of a stream share.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    next_part: u32,
    calls: CallIds,
}

impl Numbers {
    fn part(&mut self) -> PartId {
        self.next_part += 1;
        PartId(self.next_part - 1)
    }
}

/// One of the answers.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) index: u32,
    /// The part that goes on when words follow words.
    pub(super) open: Option<(PartId, Words)>,
    pub(super) call: Option<OpenCall>,
    pub(super) has_calls: bool,
    /// The vendor's word for the end; a later one replaces it.
    pub(super) finish: Option<String>,
    pub(super) facts: Facts,
    /// Sources that were given to the words.
    cited: Vec<Citation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    Text,
    Reasoning,
    /// Raw samples, which follow each other like words.
    Audio,
}

/// A call whose arguments come in pieces.
#[derive(Debug)]
pub(super) struct OpenCall {
    pub(super) part: PartId,
    pub(super) arguments: PartialArguments,
    /// What it says that has no field of ours.
    left: Map<String, Value>,
}

/// Facts without a field of ours: the newest of each, as JSON.
#[derive(Debug, Default)]
pub(super) struct Facts(Vec<(String, String)>);

impl Answer {
    pub(super) fn new(index: u32) -> Self {
        let facts = Facts::default();
        Self { index, open: None, call: None, has_calls: false, finish: None, facts, cited: Vec::new() }
    }

    /// Reads what a chunk says of this answer.
    pub(super) fn chunk(
        &mut self,
        wire: &mut WireCandidate<'_>,
        numbers: &mut Numbers,
        out: &mut EventQueue,
    ) -> Result<(), Error> {
        // Sources come with the last words or after them, when the part they belong to is about to end.
        let mut sources = citations(wire.grounding, wire.pages, wire.citations);
        self.cite(&mut sources, out);
        for part in wire.parts() {
            self.part(part, numbers, out)?;
        }
        self.cite(&mut sources, out);
        if let Some(word) = &wire.finish
            && self.finish.as_deref() != Some(&**word)
        {
            self.finish = Some(word.to_string());
        }
        wire.take_facts().for_each(|(name, raw)| self.facts.keep(&name, raw));
        Ok(())
    }

    fn part(&mut self, wire: &mut WirePart<'_>, numbers: &mut Numbers, out: &mut EventQueue) -> Result<(), Error> {
        if wire.is_plain_text() {
            let Some(text) = wire.text.take().filter(|text| !text.is_empty()) else { return Ok(()) };
            let text = text.into_owned();
            if wire.thought == Some(true) {
                let part = self.words(Words::Reasoning, numbers, out);
                out.push(Event::ReasoningDelta { part, text });
            } else {
                let part = self.words(Words::Text, numbers, out);
                out.push(Event::TextDelta { part, text });
            }
            return Ok(());
        }
        if let Some(raw) = wire.call
            && let Ok(call) = serde_json::from_str::<WireCall<'_>>(raw.get())
        {
            if !call.is_whole() {
                return self.call(call, wire.take_signature(), numbers, out);
            }
            self.end_call(false, out);
            self.has_calls = true;
        }
        let Some(part) = read_part(std::mem::take(wire), &mut numbers.calls) else { return Ok(()) };
        if let PartKind::Media(media) = &part.kind
            && let MediaData::Inline { bytes } = &media.data
            && is_samples(&media.media_type)
            && part.signature.is_none()
        {
            let bytes = bytes.clone();
            let id = self.audio(&part.kind, numbers, out);
            out.push(Event::MediaDelta { part: id, bytes });
            return Ok(());
        }
        self.end_words(out);
        push_whole(part, numbers.part(), self.index, out);
        Ok(())
    }

    /// The open part of this kind, begun when there is none.
    fn words(&mut self, words: Words, numbers: &mut Numbers, out: &mut EventQueue) -> PartId {
        match self.open {
            Some((part, open)) if open == words => part,
            _ => {
                let shell = match words {
                    Words::Reasoning => {
                        PartKind::Reasoning { text: String::new(), visibility: Visibility::Summary, encrypted: None }
                    }
                    _ => PartKind::Text { text: String::new(), citations: Vec::new() },
                };
                self.begin(words, shell, numbers, out)
            }
        }
    }

    fn audio(&mut self, kind: &PartKind, numbers: &mut Numbers, out: &mut EventQueue) -> PartId {
        if let Some((part, Words::Audio)) = self.open {
            return part;
        }
        let mut shell = kind.clone();
        if let PartKind::Media(media) = &mut shell {
            media.data = MediaData::Inline { bytes: Bytes::new() };
        }
        self.begin(Words::Audio, shell, numbers, out)
    }

    fn begin(&mut self, words: Words, shell: PartKind, numbers: &mut Numbers, out: &mut EventQueue) -> PartId {
        self.end_words(out);
        let part = numbers.part();
        self.open = Some((part, words));
        out.push(Event::PartStart { part, candidate: self.index, shell: Box::new(shell) });
        part
    }

    /// A piece of a call. A name begins a call; a piece that announces no further one ends it.
    fn call(
        &mut self,
        mut call: WireCall<'_>,
        signature: Option<String>,
        numbers: &mut Numbers,
        out: &mut EventQueue,
    ) -> Result<(), Error> {
        let continues = call.will_continue == Some(true);
        let pieces = call.partial_args.take().unwrap_or_default();
        if call.is_named() || self.call.is_none() {
            self.end_call(false, out);
            if !call.is_named() && call.id.is_none() && call.args.is_none() && pieces.is_empty() {
                return Ok(());
            }
            self.end_words(out);
            self.has_calls = true;
            let id = numbers.part();
            let left = call.left();
            let shell = PartKind::ToolCall(ToolCall {
                id: numbers.calls.id(call.id.take()),
                name: call.name.take().map(Str::into_owned).unwrap_or_default(),
                ..ToolCall::default()
            });
            out.push(Event::PartStart { part: id, candidate: self.index, shell: Box::new(shell) });
            self.call = Some(OpenCall { part: id, arguments: PartialArguments::default(), left });
        }
        if let Some(open) = &mut self.call {
            if let Some(signature) = signature {
                out.push(Event::SignatureDelta { part: open.part, signature });
            }
            if let Some(args) = call.args {
                open.arguments.set(args.get());
            }
            pieces.iter().try_for_each(|piece| open.arguments.add(piece))?;
        }
        if !continues {
            self.end_call(false, out);
        }
        Ok(())
    }

    /// Gives the sources to the open text, if there is one. Those that find none are in ext.
    fn cite(&mut self, sources: &mut Vec<(usize, Citation)>, out: &mut EventQueue) {
        if let Some((part, Words::Text)) = self.open {
            for (_, citation) in sources.drain(..) {
                // A later chunk may repeat what an earlier one said.
                if self.cited.contains(&citation) {
                    continue;
                }
                self.cited.push(citation.clone());
                out.push(Event::Citation { part, citation: Box::new(citation) });
            }
        }
    }

    pub(super) fn end_words(&mut self, out: &mut EventQueue) {
        if let Some((part, _)) = self.open.take() {
            out.push(Event::PartEnd { part, truncated: false, ext: None });
        }
    }

    pub(super) fn end_call(&mut self, truncated: bool, out: &mut EventQueue) {
        if let Some(OpenCall { part, arguments, left }) = self.call.take() {
            out.push(Event::ArgumentsDelta { part, json: arguments.into_json() });
            let ext = (!left.is_empty()).then(|| {
                let mut ext = Extensions::default();
                ext.set(API, "functionCall", left);
                Box::new(ext)
            });
            out.push(Event::PartEnd { part, truncated, ext });
        }
    }
}

impl Facts {
    pub(super) fn keep(&mut self, name: &str, raw: &RawValue) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, json)) if json == raw.get() => {}
            Some((_, json)) => raw.get().clone_into(json),
            None => self.0.push((name.to_owned(), raw.get().to_owned())),
        }
    }

    pub(super) fn into_map(self) -> Map<String, Value> {
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

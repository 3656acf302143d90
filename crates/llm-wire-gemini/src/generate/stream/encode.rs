//! From events to chunks, for a server that speaks the vendor's protocol.
//!
//! Words go out as they come. Calls, media and opaque parts have no form in pieces: they go out when they are whole.
//! A signature that comes after its words goes out in an empty part, as the vendor does it.

use std::borrow::Cow;

use llm_core::{Citation, Error, Event, Finish, MediaData, Part, PartId, PartKind, StreamFinish, Usage};
use llm_wire::StreamEncoder;

use crate::API;
use crate::error::encode_error;
use crate::generate::part::{Payload, WrittenPart, payload};
use crate::generate::response::{
    WrittenCandidate, WrittenResponse, WrittenUsage, grounding, has_block_reason, has_sources, more_of, word,
};

/// Writes a stream as server-sent events. There is no end marker: the last chunk says why the answer ended.
#[derive(Debug, Default)]
pub struct Encoder {
    /// Wire family of whoever answers.
    api: Cow<'static, str>,
    model: Option<String>,
    id: Option<String>,
    created: Option<u64>,
    usage: Usage,
    open: Vec<OpenPart>,
    /// Places of the parts of each answer so far, in order of their begin.
    places: Vec<(PartId, u32)>,
    citations: Vec<(PartId, Citation)>,
}

#[derive(Debug)]
struct OpenPart {
    id: PartId,
    candidate: u32,
    /// What is known of it, but for words that went out.
    part: Part,
    media: Vec<u8>,
}

impl Encoder {
    /// An encoder at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    fn chunk(&self, candidates: Vec<WrittenCandidate<'_>>, finish: Option<&StreamFinish>, out: &mut Vec<u8>) {
        let usage = finish.map_or(&self.usage, |finish| &finish.usage);
        let service_tier = finish.and_then(|finish| finish.service_tier.as_deref());
        let ext = finish.and_then(|finish| finish.ext.of(API));
        let response = WrittenResponse {
            ext: if candidates.is_empty() { ext } else { None },
            candidates,
            feedback: ext,
            usage: (*usage != Usage::default() || service_tier.is_some())
                .then_some(WrittenUsage { usage, service_tier }),
            model: self.model.as_deref(),
            id: self.id.as_deref(),
            created: self.created,
        };
        out.extend_from_slice(b"data: ");
        let start = out.len();
        response.write(out);
        // Arguments are written as the model wrote them, line ends between their tokens too; an event's data is one line.
        let data = out.get_mut(start..).unwrap_or_default();
        data.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        out.extend_from_slice(b"\r\n\r\n");
    }

    fn part(&self, candidate: u32, part: WrittenPart<'_>, out: &mut Vec<u8>) {
        let candidate =
            WrittenCandidate { index: candidate, parts: vec![part], finish: None, facts: None, grounding: None };
        self.chunk(vec![candidate], None, out);
    }

    fn words(&self, id: PartId, words: Payload<'_>, out: &mut Vec<u8>) {
        let candidate = self.places.iter().find(|(part, _)| *part == id).map_or(0, |(_, candidate)| *candidate);
        self.part(candidate, WrittenPart { payload: words, signature: None, ext: None }, out);
    }

    fn open(&mut self, id: PartId) -> Option<&mut OpenPart> {
        self.open.iter_mut().find(|open| open.id == id)
    }

    fn start(&mut self, id: PartId, candidate: u32, shell: &PartKind, out: &mut Vec<u8>) {
        self.places.push((id, candidate));
        match shell {
            PartKind::Text { text, .. } | PartKind::Refusal { text } if !text.is_empty() => {
                self.words(id, Payload::Text(text), out);
            }
            PartKind::Reasoning { text, encrypted: None, .. } if !text.is_empty() => {
                self.words(id, Payload::Thought(text), out);
            }
            _ => {}
        }
        self.open.push(OpenPart { id, candidate, part: Part::new(shell.clone()), media: Vec::new() });
    }

    fn end(&mut self, id: PartId, ext: Option<&llm_core::Extensions>, out: &mut Vec<u8>) {
        let Some(place) = self.open.iter().position(|open| open.id == id) else { return };
        let OpenPart { candidate, mut part, media, .. } = self.open.remove(place);
        if let PartKind::Media(shell) = &mut part.kind
            && !media.is_empty()
        {
            shell.data = MediaData::Inline { bytes: media.into() };
        }
        let ext = ext.and_then(|ext| ext.of(API)).filter(|ext| !ext.is_empty()).map(Cow::Borrowed);
        let signature = part.signature.as_deref();
        let payload = match &part.kind {
            // The words are out already.
            PartKind::Text { .. } | PartKind::Refusal { .. } => Payload::Text(""),
            PartKind::Reasoning { .. } => Payload::Thought(""),
            kind => match payload(kind, &[API]) {
                Ok(payload) => return self.part(candidate, WrittenPart { payload, signature, ext }, out),
                Err(_) => return,
            },
        };
        if signature.is_some() || ext.is_some() {
            self.part(candidate, WrittenPart { payload, signature, ext }, out);
        }
    }

    fn finish(&mut self, whole: &StreamFinish, out: &mut Vec<u8>) {
        let facts = whole.ext.of(API);
        let blocked = self.places.is_empty() && whole.more.is_empty() && facts.is_some_and(has_block_reason);
        let sourced = facts.is_some_and(has_sources);
        let ends = std::iter::once(&whole.finish).chain(&whole.more).zip(0..).filter(|_| !blocked);
        let candidates = ends.map(|(end, index): (&Finish, u32)| WrittenCandidate {
            index,
            parts: Vec::new(),
            finish: word(end, &self.api).map(Cow::Borrowed),
            facts: if index == 0 { facts } else { more_of(&whole.ext, index) },
            grounding: if sourced { None } else { grounding(&self.cited(index)) },
        });
        self.chunk(candidates.collect(), Some(whole), out);
    }

    /// The citations of one answer, each with the place of its part there.
    fn cited(&self, candidate: u32) -> Vec<(usize, &Citation)> {
        let parts = || self.places.iter().filter(move |(_, of)| *of == candidate);
        let cited = self.citations.iter();
        cited.filter_map(|(id, citation)| Some((parts().position(|(part, _)| part == id)?, citation))).collect()
    }
}

impl StreamEncoder for Encoder {
    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Start(start) => {
                self.api.clone_from(&start.origin.api);
                self.model = Some(start.model.clone().unwrap_or_else(|| start.origin.model.clone()));
                self.id.clone_from(&start.id);
                self.created = start.created;
            }
            Event::PartStart { part, candidate, shell } => self.start(*part, *candidate, shell, out),
            Event::TextDelta { part, text } => self.words(*part, Payload::Text(text), out),
            Event::ReasoningDelta { part, text } => self.words(*part, Payload::Thought(text), out),
            Event::SignatureDelta { part, signature } => {
                if let Some(open) = self.open(*part) {
                    open.part.signature.get_or_insert_default().push_str(signature);
                }
            }
            Event::ArgumentsDelta { part, json } => {
                if let Some(OpenPart { part: Part { kind: PartKind::ToolCall(call), .. }, .. }) = self.open(*part) {
                    call.arguments.push_str(json);
                }
            }
            Event::MediaDelta { part, bytes } => {
                if let Some(open) = self.open(*part) {
                    open.media.extend_from_slice(bytes);
                }
            }
            Event::Citation { part, citation } => self.citations.push((*part, Citation::clone(citation))),
            Event::PartEnd { part, ext, .. } => self.end(*part, ext.as_deref(), out),
            Event::Usage(usage) => self.usage = Usage::clone(usage),
            Event::Finish(whole) => self.finish(whole, out),
            // Lines that are no data confuse the vendor's own SDKs, which look for bare JSON there.
            _ => {}
        }
    }

    fn error(&mut self, error: &Error, out: &mut Vec<u8>) {
        let (_, body) = encode_error(error);
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&body);
        out.extend_from_slice(b"\r\n\r\n");
    }
}

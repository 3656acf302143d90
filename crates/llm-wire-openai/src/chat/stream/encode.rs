//! A streamed answer for OpenAI's clients.
//!
//! What every chunk repeats is written once; a chunk of text costs no allocation.

use bytes::BytesMut;
use llm_core::{
    Error, Event, Executor, Extensions, Media, MediaData, PartId, PartKind, StreamFinish, StreamStart, base64_text,
};
use llm_wire::StreamEncoder;
use serde::Serialize;
use serde_json::Value;

use super::shape::{Begin, Facts, Last, Object, json};
use crate::chat::LOGPROBS_EVENT;
use crate::chat::call::is_custom;
use crate::chat::kept::{ANNOTATIONS, LOGPROBS};
use crate::chat::piece::DETAILS;
use crate::chat::response::Annotation;
use crate::json::Added;
use crate::{FAMILY, error, media, usage};

/// Writes the chunks of one stream, as OpenAI's SDKs read them, `[DONE]` included.
///
/// The first chunk has the role, the last of each answer its finish reason; usage comes by itself at the end, when
/// asked for. An id, a time and a model that [`Event::Start`] lacks are written empty: set them on the event before.
#[derive(Debug)]
pub struct Encoder {
    include_usage: bool,
    provider: String,
    /// What every chunk begins with, up to its choices.
    head: Vec<u8>,
    /// The same for a chunk of the first answer's words, up to these.
    words: Vec<u8>,
    parts: Vec<(PartId, Shown)>,
    /// Calls begun, by answer.
    calls: Vec<u32>,
}

/// A part on the wire.
#[derive(Debug)]
struct Shown {
    candidate: u32,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Text,
    Refusal,
    Reasoning,
    Call {
        index: u32,
        empty: bool,
    },
    Audio,
    Image {
        media_type: String,
        bytes: BytesMut,
    },
    /// The protocol has no form for it.
    Hidden,
}

impl Encoder {
    /// An encoder; `include_usage` is what the client asked for in `stream_options`.
    pub fn new(include_usage: bool) -> Self {
        Self {
            include_usage,
            provider: String::new(),
            head: Vec::new(),
            words: Vec::new(),
            parts: Vec::new(),
            calls: Vec::new(),
        }
    }

    fn start(&mut self, start: &StreamStart, out: &mut Vec<u8>) {
        start.origin.provider.as_ref().clone_into(&mut self.provider);
        let head = &mut self.head;
        head.clear();
        head.extend_from_slice(b"data: {\"id\":");
        json(head, start.id.as_deref().unwrap_or(""));
        head.extend_from_slice(b",\"object\":\"chat.completion.chunk\",\"created\":");
        json(head, &start.created.unwrap_or(0));
        head.extend_from_slice(b",\"model\":");
        json(head, start.model.as_deref().unwrap_or(&start.origin.model));
        if let Some(fingerprint) = &start.system_fingerprint {
            head.extend_from_slice(b",\"system_fingerprint\":");
            json(head, fingerprint);
        }
        let mut words = std::mem::take(&mut self.words);
        words.clear();
        self.open(0, &mut words);
        words.extend_from_slice(b"\"content\":");
        self.words = words;
        self.role(0, out);
    }

    /// The first chunk of an answer.
    fn role(&mut self, candidate: u32, out: &mut Vec<u8>) {
        while self.calls.len() <= candidate as usize {
            let number = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
            self.calls.push(0);
            self.open(number, out);
            out.extend_from_slice(b"\"role\":\"assistant\",\"content\":\"\"");
            self.close(out);
        }
    }

    /// Begins a chunk, up to the inside of its delta.
    fn open(&self, candidate: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b",\"choices\":[{\"index\":");
        json(out, &candidate);
        out.extend_from_slice(b",\"delta\":{");
    }

    /// Ends a chunk that [`open`](Self::open) began.
    fn close(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"},\"logprobs\":null,\"finish_reason\":null}]");
        self.end_chunk(out);
    }

    fn end_chunk(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.include_usage { b",\"usage\":null}\n\n" } else { b"}\n\n" });
    }

    /// A chunk whose delta has one field.
    fn delta<T: Serialize + ?Sized>(&self, candidate: u32, name: &str, value: &T, out: &mut Vec<u8>) {
        self.open(candidate, out);
        json(out, name);
        out.push(b':');
        json(out, value);
        self.close(out);
    }

    fn part_start(&mut self, part: PartId, candidate: u32, shell: &PartKind, out: &mut Vec<u8>) {
        self.role(candidate, out);
        let form = match shell {
            PartKind::Text { text, citations } => {
                self.text(candidate, "content", text, out);
                if !citations.is_empty() {
                    let all: Vec<_> = citations.iter().map(Annotation).collect();
                    self.delta(candidate, ANNOTATIONS, &all, out);
                }
                Form::Text
            }
            PartKind::Refusal { text } => {
                self.text(candidate, "refusal", text, out);
                Form::Refusal
            }
            PartKind::Reasoning { text, .. } => {
                self.text(candidate, "reasoning_content", text, out);
                Form::Reasoning
            }
            PartKind::ToolCall(call) if call.executed_by == Executor::Client => {
                let index = self.calls[candidate as usize];
                self.calls[candidate as usize] += 1;
                let begin = Begin { index, id: &call.id, name: &call.name, arguments: &call.arguments };
                self.delta(candidate, "tool_calls", &[begin], out);
                Form::Call { index, empty: call.arguments.is_empty() }
            }
            PartKind::Media(sound) if sound.family() == "audio" => {
                if let MediaData::Inline { bytes } = &sound.data
                    && !bytes.is_empty()
                {
                    self.sound(candidate, bytes, out);
                }
                Form::Audio
            }
            PartKind::Media(image) if image.family() == "image" => {
                Form::Image { media_type: image.media_type.clone(), bytes: self.image_now(candidate, image, out) }
            }
            _ => Form::Hidden,
        };
        self.parts.push((part, Shown { candidate, form }));
    }

    fn text(&self, candidate: u32, field: &str, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        if candidate == 0 && field == "content" && !self.words.is_empty() {
            out.extend_from_slice(&self.words);
            json(out, text);
            self.close(out);
        } else {
            self.delta(candidate, field, text, out);
        }
    }

    fn sound(&self, candidate: u32, bytes: &[u8], out: &mut Vec<u8>) {
        self.delta(
            candidate,
            "audio",
            &[("data", base64_text::encode(bytes))].into_iter().collect::<Object<'_>>(),
            out,
        );
    }

    /// Writes an image that is whole already; the buffer is for one that is still to come.
    fn image_now(&self, candidate: u32, image: &Media, out: &mut Vec<u8>) -> BytesMut {
        let is_empty = matches!(&image.data, MediaData::Inline { bytes } if bytes.is_empty());
        if !is_empty && let Some(url) = media::to_url(image) {
            self.image(candidate, &url, out);
        }
        BytesMut::new()
    }

    fn image(&self, candidate: u32, url: &str, out: &mut Vec<u8>) {
        let image = serde_json::json!([{ "type": "image_url", "image_url": { "url": url } }]);
        self.delta(candidate, "images", &image, out);
    }

    fn shown(&self, part: PartId) -> Option<&Shown> {
        self.parts.iter().rev().find(|(known, _)| *known == part).map(|(_, shown)| shown)
    }

    fn shown_mut(&mut self, part: PartId) -> Option<&mut Shown> {
        self.parts.iter_mut().rev().find(|(known, _)| *known == part).map(|(_, shown)| shown)
    }

    fn arguments(&mut self, part: PartId, piece: &str, out: &mut Vec<u8>) {
        if piece.is_empty() {
            return;
        }
        let Some(Shown { candidate, form: Form::Call { index, empty } }) = self.shown_mut(part) else { return };
        *empty = false;
        let (candidate, index) = (*candidate, *index);
        self.open(candidate, out);
        out.extend_from_slice(b"\"tool_calls\":[{\"index\":");
        json(out, &index);
        out.extend_from_slice(b",\"function\":{\"arguments\":");
        json(out, piece);
        out.extend_from_slice(b"}}]");
        self.close(out);
    }

    fn media(&mut self, part: PartId, more: &[u8], out: &mut Vec<u8>) {
        match self.shown_mut(part) {
            Some(Shown { candidate, form: Form::Audio }) => {
                let candidate = *candidate;
                self.sound(candidate, more, out);
            }
            Some(Shown { form: Form::Image { bytes, .. }, .. }) => bytes.extend_from_slice(more),
            _ => {}
        }
    }

    fn part_end(&mut self, part: PartId, truncated: bool, ext: Option<&Extensions>, out: &mut Vec<u8>) {
        let Some(place) = self.parts.iter().position(|(known, _)| *known == part) else { return };
        let (_, Shown { candidate, form }) = self.parts.remove(place);
        let nothing = Extensions::default();
        let ext = ext.unwrap_or(&nothing);
        let own = ext.of(&self.provider);
        match form {
            Form::Call { index, empty } => {
                if empty && !truncated {
                    // Clients parse the arguments of every call.
                    self.parts.push((part, Shown { candidate, form: Form::Call { index, empty } }));
                    self.arguments(part, "{}", out);
                    self.parts.pop();
                }
                let added = Added::object(own);
                if !added.is_empty() && !is_custom(&added) {
                    self.delta(candidate, "tool_calls", &[Facts { index, added }], out);
                }
            }
            Form::Reasoning => {
                if let Some(details) = own.and_then(|own| own.get(DETAILS)) {
                    self.delta(candidate, DETAILS, details, out);
                }
            }
            Form::Audio => {
                if let Some(facts) = ext.of(FAMILY).filter(|facts| !facts.is_empty()) {
                    self.delta(candidate, "audio", facts, out);
                }
            }
            Form::Image { media_type, bytes } if !bytes.is_empty() => {
                if let Some(url) = media::to_url(&Media::inline(media_type, bytes.freeze())) {
                    self.image(candidate, &url, out);
                }
            }
            _ => {}
        }
    }

    /// Probabilities, as [`Decoder`](super::Decoder) hands them on.
    fn logprobs(&self, data: &Value, out: &mut Vec<u8>) {
        let candidate = data["index"].as_u64().and_then(|index| u32::try_from(index).ok()).unwrap_or(0);
        self.open(candidate, out);
        out.extend_from_slice(b"},\"logprobs\":");
        json(out, &data[LOGPROBS]);
        out.extend_from_slice(b",\"finish_reason\":null}]");
        self.end_chunk(out);
    }

    fn finish(&mut self, finish: &StreamFinish, out: &mut Vec<u8>) {
        for (number, end) in std::iter::once(&finish.finish).chain(&finish.more).enumerate() {
            out.extend_from_slice(&self.head);
            if number == 0 {
                if let Some(tier) = &finish.service_tier {
                    out.extend_from_slice(b",\"service_tier\":");
                    json(out, tier);
                }
                for (name, value) in finish.ext.of(FAMILY).into_iter().flatten() {
                    out.push(b',');
                    json(out, name);
                    out.push(b':');
                    json(out, value);
                }
            }
            out.extend_from_slice(b",\"choices\":[");
            json(out, &Last { number, finish: end, ext: &finish.ext });
            out.push(b']');
            self.end_chunk(out);
        }
        if self.include_usage && finish.usage != llm_core::Usage::default() {
            out.extend_from_slice(&self.head);
            out.extend_from_slice(b",\"choices\":[],\"usage\":");
            json(out, &usage::Encoded(&finish.usage));
            out.extend_from_slice(b"}\n\n");
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

impl StreamEncoder for Encoder {
    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Start(start) => self.start(start, out),
            Event::PartStart { part, candidate, shell } => self.part_start(*part, *candidate, shell, out),
            Event::TextDelta { part, text } => {
                let Some(Shown { candidate, form }) = self.shown(*part) else { return };
                let field = if matches!(form, Form::Refusal) { "refusal" } else { "content" };
                self.text(*candidate, field, text, out);
            }
            Event::ReasoningDelta { part, text } => {
                let Some(Shown { candidate, .. }) = self.shown(*part) else { return };
                self.text(*candidate, "reasoning_content", text, out);
            }
            Event::ArgumentsDelta { part, json } => self.arguments(*part, json, out),
            Event::MediaDelta { part, bytes } => self.media(*part, bytes, out),
            Event::Citation { part, citation } => {
                let Some(Shown { candidate, .. }) = self.shown(*part) else { return };
                self.delta(*candidate, ANNOTATIONS, &[Annotation(citation)], out);
            }
            Event::PartEnd { part, truncated, ext } => self.part_end(*part, *truncated, ext.as_deref(), out),
            Event::Ping => out.extend_from_slice(b": keep-alive\n\n"),
            Event::Unknown { kind, data } if kind == LOGPROBS_EVENT => self.logprobs(data, out),
            Event::Finish(finish) => self.finish(finish, out),
            // Signatures have no field here, and usage comes at the end.
            _ => {}
        }
    }

    fn error(&mut self, error: &Error, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: ");
        json(out, &error::envelope(error));
        out.extend_from_slice(b"\n\n");
    }
}

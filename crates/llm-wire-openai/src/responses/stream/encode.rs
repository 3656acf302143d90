//! A streamed answer for OpenAI's clients.
//!
//! This protocol says everything twice, piece by piece and whole, so the answer is kept while it passes. A piece of text
//! costs no allocation but for the room of the whole.

use llm_core::{Citation, Error, Event, Extensions, PartId, PartKind, StreamFinish, StreamStart, Usage};
use llm_wire::StreamEncoder;
use serde::Serialize;
use serde_json::{Value, json};

use super::ITEM_ADDED;
use super::shown::{Form, Items, Place};
use crate::error;
use crate::responses::FAMILY;
use crate::responses::out::annotation;
use crate::responses::response::{Answer, Head, Status};

/// Writes the events of one stream, as OpenAI's SDKs read them, the last one with the whole answer.
///
/// An id, a time and a model that [`Event::Start`] lacks are written empty: set them on the event before.
#[derive(Debug, Default)]
pub struct Encoder {
    id: String,
    created: u64,
    model: String,
    writer: Writer,
    items: Items,
}

/// Numbers the events.
#[derive(Debug, Default)]
pub(super) struct Writer {
    next: u64,
}

impl Writer {
    /// Begins an event, up to its second field.
    pub(super) fn open(&mut self, kind: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\ndata: {\"type\":\"");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\",\"sequence_number\":");
        json_into(out, &self.next);
        self.next += 1;
    }

    /// The item that the event is about, and where in it.
    pub(super) fn at(&self, place: &Place<'_>, out: &mut Vec<u8>) {
        self.field("item_id", place.item_id, out);
        self.field("output_index", &place.output_index, out);
        if let Some((name, index)) = place.inside {
            self.field(name, &index, out);
        }
    }

    /// One more field.
    #[expect(clippy::unused_self, reason = "only within an event")]
    pub(super) fn field<T: Serialize + ?Sized>(&self, name: &str, value: &T, out: &mut Vec<u8>) {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        json_into(out, value);
    }

    /// Ends an event.
    #[expect(clippy::unused_self, reason = "only within an event")]
    pub(super) fn close(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"}\n\n");
    }
}

/// Appends JSON. Writing to memory does not fail, and nothing here has keys that are no strings.
pub(super) fn json_into<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let _ = serde_json::to_writer(out, value);
}

impl Encoder {
    /// An encoder of one stream.
    pub fn new() -> Self {
        Self::default()
    }

    fn start(&mut self, start: &StreamStart, out: &mut Vec<u8>) {
        start.id.as_deref().unwrap_or_default().clone_into(&mut self.id);
        self.created = start.created.unwrap_or(0);
        start.model.as_deref().unwrap_or(&start.origin.model).clone_into(&mut self.model);
        self.items.answer.clone_from(&self.id);
        let status = Status { word: "in_progress", incomplete: None, error: None };
        for kind in ["response.created", "response.in_progress"] {
            self.answer(kind, status, &End::default(), out);
        }
    }

    /// An event with the answer as it is now.
    fn answer(&mut self, kind: &str, status: Status<'_>, end: &End<'_>, out: &mut Vec<u8>) {
        let output = self.items.whole();
        let answer = Answer {
            head: Head { id: &self.id, created: self.created, model: &self.model },
            status,
            output: &output,
            usage: end.usage,
            service_tier: end.service_tier,
            ext: end.ext.and_then(|ext| ext.of(FAMILY)),
        };
        self.writer.open(kind, out);
        self.writer.field("response", &answer, out);
        self.writer.close(out);
    }

    fn delta(&mut self, part: PartId, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let Some((shown, place)) = self.items.place(part) else { return };
        let (kind, with_logprobs) = match shown {
            Form::Text => ("response.output_text.delta", true),
            Form::Refusal => ("response.refusal.delta", false),
            Form::Summary => ("response.reasoning_summary_text.delta", false),
            Form::Thoughts => ("response.reasoning_text.delta", false),
            Form::Call { custom: false } => ("response.function_call_arguments.delta", false),
            Form::Call { custom: true } => ("response.custom_tool_call_input.delta", false),
            Form::Whole => return,
        };
        self.writer.open(kind, out);
        self.writer.at(&place, out);
        self.writer.field("delta", text, out);
        if with_logprobs {
            self.writer.field("logprobs", &[(); 0], out);
        }
        self.writer.close(out);
    }

    fn part_start(&mut self, part: PartId, shell: &PartKind, out: &mut Vec<u8>) {
        let Self { items, writer, .. } = self;
        items.start(part, shell, writer, out);
        match shell {
            PartKind::Text { text, citations } => {
                self.more(part, text, out);
                for citation in citations {
                    self.citation(part, citation, out);
                }
            }
            PartKind::Refusal { text } | PartKind::Reasoning { text, .. } => self.more(part, text, out),
            PartKind::ToolCall(call) => self.more(part, &call.arguments, out),
            _ => {}
        }
    }

    /// A piece of a part: said, and kept for the end.
    fn more(&mut self, part: PartId, text: &str, out: &mut Vec<u8>) {
        let Self { items, writer, .. } = self;
        items.append(part, text, writer, out);
        self.delta(part, text, out);
    }

    fn citation(&mut self, part: PartId, citation: &Citation, out: &mut Vec<u8>) {
        let Some(index) = self.items.cite(part, citation) else { return };
        let Some((Form::Text, place)) = self.items.place(part) else { return };
        self.writer.open("response.output_text.annotation.added", out);
        self.writer.at(&place, out);
        self.writer.field("annotation_index", &index, out);
        self.writer.field("annotation", &annotation(citation, self.items.text(part)), out);
        self.writer.close(out);
    }

    fn part_end(&mut self, part: PartId, truncated: bool, ext: Option<&Extensions>, out: &mut Vec<u8>) {
        if self.items.is_empty_call(part) && !truncated {
            // Clients parse the arguments of every call.
            self.more(part, "{}", out);
        }
        let Self { items, writer, .. } = self;
        items.end(part, ext, writer, out);
    }

    /// An event of this protocol that has no form between the two, as it came but for its numbers.
    fn own(&mut self, kind: &str, data: &Value, out: &mut Vec<u8>) {
        let Some(fields) = data.as_object().filter(|_| kind.starts_with("response.")) else { return };
        let item = fields.get("item_id").and_then(Value::as_str).and_then(|id| self.items.index(id));
        self.writer.open(kind, out);
        for (name, value) in fields.iter().filter(|(name, _)| !matches!(name.as_str(), "type" | "sequence_number")) {
            match (name.as_str(), item) {
                ("output_index", Some(index)) => self.writer.field(name, &index, out),
                _ => self.writer.field(name, value, out),
            }
        }
        self.writer.close(out);
    }

    fn finish(&mut self, finish: &StreamFinish, out: &mut Vec<u8>) {
        let Self { items, writer, .. } = self;
        items.close_all(writer, out);
        let status = Status::of(&finish.finish);
        let kind = match status.word {
            "incomplete" => "response.incomplete",
            "failed" => "response.failed",
            _ => "response.completed",
        };
        let end = End {
            usage: Some(&finish.usage).filter(|usage| **usage != Usage::default()),
            service_tier: finish.service_tier.as_deref(),
            ext: Some(&finish.ext),
        };
        self.answer(kind, status, &end, out);
    }
}

/// What is known at the end.
#[derive(Default)]
struct End<'a> {
    usage: Option<&'a Usage>,
    service_tier: Option<&'a str>,
    ext: Option<&'a Extensions>,
}

impl StreamEncoder for Encoder {
    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Start(start) => self.start(start, out),
            Event::PartStart { part, candidate: 0, shell } => self.part_start(*part, shell, out),
            Event::TextDelta { part, text } | Event::ReasoningDelta { part, text } => self.more(*part, text, out),
            Event::ArgumentsDelta { part, json } => self.more(*part, json, out),
            Event::SignatureDelta { part, signature } => self.items.sign(*part, signature),
            Event::MediaDelta { part, bytes } => self.items.bytes(*part, bytes),
            Event::Citation { part, citation } => {
                self.citation(*part, citation, out);
            }
            Event::PartEnd { part, truncated, ext } => self.part_end(*part, *truncated, ext.as_deref(), out),
            Event::Ping => out.extend_from_slice(b": keep-alive\n\n"),
            Event::Unknown { kind, data } if kind == ITEM_ADDED => {
                let Self { items, writer, .. } = self;
                items.announce(&data["item"], writer, out);
            }
            Event::Unknown { kind, data } => {
                if let Some(kind) = kind.strip_prefix(FAMILY).and_then(|rest| rest.strip_prefix('.')) {
                    self.own(kind, data, out);
                }
            }
            Event::Finish(finish) => self.finish(finish, out),
            // This protocol has one answer; usage comes at the end.
            _ => {}
        }
    }

    fn error(&mut self, error: &Error, out: &mut Vec<u8>) {
        let body = serde_json::to_value(error::envelope(error)).unwrap_or_default();
        let (code, message) = (body["error"]["code"].as_str().unwrap_or("server_error"), error.message());
        self.writer.open("error", out);
        self.writer.field("code", code, out);
        self.writer.field("message", message, out);
        self.writer.field("param", &error.param(), out);
        self.writer.field("x_llm", &body["error"]["x_llm"], out);
        self.writer.close(out);
        let status = Status { word: "failed", incomplete: None, error: Some((code, message)) };
        let ext = json!({ "x_llm": body["error"]["x_llm"] });
        let mut named = Extensions::default();
        if let Value::Object(fields) = ext {
            named.0.insert(FAMILY.to_owned(), fields);
        }
        self.answer("response.failed", status, &End { ext: Some(&named), ..End::default() }, out);
    }
}

//! The items of an answer as clients see them: which item each part is in, and what has been said of it so far.

use bytes::BytesMut;
use llm_core::{Citation, Executor, Extensions, MediaData, Message, Part, PartId, PartKind, Role, Visibility};
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::encode::Writer;
use crate::responses::piece::CONTENT;
use crate::responses::response::{items, made_up_id};
use crate::responses::{FAMILY, item, mark};

/// What the deltas of a part are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Refusal,
    Summary,
    Thoughts,
    Call {
        custom: bool,
    },
    /// It has none: it comes with the end of its item.
    Whole,
}

/// Where a delta belongs.
pub(super) struct Place<'a> {
    pub(super) item_id: &'a str,
    pub(super) output_index: u32,
    pub(super) inside: Option<(&'static str, u32)>,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Message,
    Reasoning,
    Call {
        custom: bool,
    },
    /// It comes at once with its end: steps of the vendor's tools, images.
    Other,
}

#[derive(Debug)]
struct Item {
    index: u32,
    id: String,
    kind: Kind,
    parts: Vec<Shown>,
    done: bool,
}

#[derive(Debug)]
struct Shown {
    id: PartId,
    part: Part,
    bytes: BytesMut,
    form: Form,
    /// The part of the content was announced.
    begun: bool,
    ended: bool,
}

/// All items of an answer.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// The answer's id, after which ids are made.
    pub(super) answer: String,
    all: Vec<Item>,
    /// JSON of each item that is whole, by its place.
    whole: Vec<Option<Box<RawValue>>>,
}

impl Items {
    /// The items that are whole, in order.
    pub(super) fn whole(&self) -> Whole<'_> {
        Whole(&self.whole)
    }

    /// The place of an item in the output.
    pub(super) fn index(&self, id: &str) -> Option<u32> {
        self.all.iter().find(|item| item.id == id).map(|item| item.index)
    }

    fn find(&self, part: PartId) -> Option<(&Item, usize)> {
        self.all.iter().rev().find_map(|item| Some((item, item.parts.iter().position(|shown| shown.id == part)?)))
    }

    fn find_mut(&mut self, part: PartId) -> Option<&mut Shown> {
        self.all.iter_mut().rev().find_map(|item| item.parts.iter_mut().find(|shown| shown.id == part))
    }

    /// How the deltas of a part are called, and where they belong.
    pub(super) fn place(&self, part: PartId) -> Option<(Form, Place<'_>)> {
        let (item, at) = self.find(part)?;
        Some((item.parts[at].form, item.place(at)))
    }

    /// The text of a part so far.
    pub(super) fn text(&self, part: PartId) -> &str {
        self.find(part).and_then(|(item, at)| item.parts[at].part.as_text()).unwrap_or_default()
    }

    /// An item begins, says the vendor, who gave it an id.
    pub(super) fn announce(&mut self, body: &Value, writer: &mut Writer, out: &mut Vec<u8>) {
        let kind = match body["type"].as_str() {
            Some("message") if body["role"] != "user" => Kind::Message,
            Some("reasoning") => Kind::Reasoning,
            Some("function_call") => Kind::Call { custom: false },
            Some("custom_tool_call") => Kind::Call { custom: true },
            _ => Kind::Other,
        };
        let id = body["id"].as_str().map(str::to_owned);
        self.close_messages(writer, out);
        let item = self.begin(kind, id);
        let mut shell = body.clone();
        shell["id"] = item.id.clone().into();
        item.added(&shell, writer, out);
    }

    fn begin(&mut self, kind: Kind, id: Option<String>) -> &mut Item {
        let index = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let prefix = match kind {
            Kind::Message => "msg",
            Kind::Reasoning => "rs",
            Kind::Call { custom: false } => "fc",
            Kind::Call { custom: true } => "ctc",
            Kind::Other => "ig",
        };
        let id = id.unwrap_or_else(|| made_up_id(prefix, &self.answer, self.all.len()));
        self.all.push(Item { index, id, kind, parts: Vec::new(), done: false });
        self.whole.push(None);
        let last = self.all.len() - 1;
        &mut self.all[last]
    }

    /// A part begins, in the item that was announced for it or in one of its own.
    pub(super) fn start(&mut self, id: PartId, shell: &PartKind, writer: &mut Writer, out: &mut Vec<u8>) {
        let (kind, form) = match shell {
            PartKind::Text { .. } => (Kind::Message, Form::Text),
            PartKind::Refusal { .. } => (Kind::Message, Form::Refusal),
            PartKind::Opaque { kind, .. } if kind.starts_with(CONTENT) => (Kind::Message, Form::Whole),
            PartKind::Reasoning { visibility: Visibility::Summary, .. } => (Kind::Reasoning, Form::Summary),
            PartKind::Reasoning { .. } => (Kind::Reasoning, Form::Thoughts),
            PartKind::ToolCall(call) if call.executed_by == Executor::Client => {
                (Kind::Call { custom: false }, Form::Call { custom: false })
            }
            PartKind::Opaque { kind, .. } if kind.starts_with(FAMILY) => (Kind::Other, Form::Whole),
            PartKind::Media(media) if media.family() == "image" => (Kind::Other, Form::Whole),
            // The protocol has no form for it.
            _ => return,
        };
        let part = Part::new(match shell {
            // Its words are appended as they are said.
            PartKind::Text { .. } => PartKind::Text { text: String::new(), citations: Vec::new() },
            PartKind::Refusal { .. } => PartKind::Refusal { text: String::new() },
            PartKind::Reasoning { visibility, encrypted, .. } => {
                PartKind::Reasoning { text: String::new(), visibility: *visibility, encrypted: encrypted.clone() }
            }
            PartKind::ToolCall(call) => {
                PartKind::ToolCall(llm_core::ToolCall { arguments: String::new(), ..call.clone() })
            }
            other => other.clone(),
        });
        let own_id = match shell {
            PartKind::Opaque { data, .. } => data["id"].as_str(),
            _ => None,
        };
        let at = self.waiting(kind, own_id).unwrap_or_else(|| {
            self.close_messages(writer, out);
            let item = self.begin(kind, own_id.map(str::to_owned));
            item.added(&beginning(&part, &item.id), writer, out);
            self.all.len() - 1
        });
        let item = &mut self.all[at];
        let form = match (form, item.kind) {
            (Form::Call { .. }, Kind::Call { custom }) => Form::Call { custom },
            (form, _) => form,
        };
        let begun = form == Form::Whole;
        item.parts.push(Shown { id, part, bytes: BytesMut::new(), form, begun, ended: false });
        if matches!(form, Form::Text | Form::Refusal) {
            item.part_added(item.parts.len() - 1, writer, out);
        }
    }

    /// The open item that a part of this kind belongs to.
    fn waiting(&self, kind: Kind, own_id: Option<&str>) -> Option<usize> {
        let fits = |item: &Item| match (kind, item.kind) {
            (Kind::Message, Kind::Message) => item.index as usize + 1 == self.all.len(),
            (Kind::Reasoning, Kind::Reasoning) | (Kind::Call { .. }, Kind::Call { .. }) => item.parts.is_empty(),
            (Kind::Other, Kind::Other) => item.parts.is_empty() && own_id.is_some_and(|id| id == item.id),
            _ => false,
        };
        self.all.iter().position(|item| !item.done && fits(item))
    }

    pub(super) fn append(&mut self, part: PartId, more: &str, writer: &mut Writer, out: &mut Vec<u8>) {
        let Some(item) = self.all.iter_mut().rev().find(|item| item.parts.iter().any(|shown| shown.id == part)) else {
            return;
        };
        let Some(at) = item.parts.iter().position(|shown| shown.id == part) else { return };
        if !item.parts[at].begun && !more.is_empty() {
            item.part_added(at, writer, out);
        }
        match &mut item.parts[at].part.kind {
            PartKind::Text { text, .. } | PartKind::Refusal { text } | PartKind::Reasoning { text, .. } => {
                text.push_str(more);
            }
            PartKind::ToolCall(call) => call.arguments.push_str(more),
            _ => {}
        }
    }

    pub(super) fn sign(&mut self, part: PartId, more: &str) {
        if let Some(shown) = self.find_mut(part) {
            shown.part.signature.get_or_insert_default().push_str(more);
        }
    }

    pub(super) fn bytes(&mut self, part: PartId, more: &[u8]) {
        if let Some(shown) = self.find_mut(part) {
            shown.bytes.extend_from_slice(more);
        }
    }

    /// Keeps a source; its place among those of the text.
    pub(super) fn cite(&mut self, part: PartId, citation: &Citation) -> Option<usize> {
        let PartKind::Text { citations, .. } = &mut self.find_mut(part)?.part.kind else { return None };
        citations.push(citation.clone());
        Some(citations.len() - 1)
    }

    pub(super) fn is_empty_call(&self, part: PartId) -> bool {
        let call = self.find(part).map(|(item, at)| &item.parts[at]);
        call.is_some_and(|shown| {
            shown.form == Form::Call { custom: false }
                && matches!(&shown.part.kind, PartKind::ToolCall(call) if call.arguments.is_empty())
        })
    }

    pub(super) fn end(&mut self, part: PartId, ext: Option<&Extensions>, writer: &mut Writer, out: &mut Vec<u8>) {
        let Some(at) = self.all.iter().rposition(|item| item.parts.iter().any(|shown| shown.id == part)) else {
            return;
        };
        let item = &mut self.all[at];
        let Some(place) = item.parts.iter().position(|shown| shown.id == part) else { return };
        if let Some(ext) = ext {
            item.parts[place].part.ext = ext.clone();
        }
        item.parts[place].end();
        item.part_done(place, writer, out);
        let goes_on = item.kind == Kind::Message && at + 1 == self.all.len();
        if !goes_on {
            self.close(at, writer, out);
        }
    }

    /// Messages end when something else begins, for more parts of theirs may come until then.
    fn close_messages(&mut self, writer: &mut Writer, out: &mut Vec<u8>) {
        for at in 0..self.all.len() {
            if self.all[at].kind == Kind::Message {
                self.close(at, writer, out);
            }
        }
    }

    /// Ends what is still open.
    pub(super) fn close_all(&mut self, writer: &mut Writer, out: &mut Vec<u8>) {
        for at in 0..self.all.len() {
            self.close(at, writer, out);
        }
    }

    /// Ends an item whose parts have all ended.
    fn close(&mut self, at: usize, writer: &mut Writer, out: &mut Vec<u8>) {
        let item = &mut self.all[at];
        if item.done || !item.parts.iter().all(|shown| shown.ended) {
            return;
        }
        item.done = true;
        let mut message = Message::new(Role::Assistant, item.parts.drain(..).map(|shown| shown.part).collect());
        for part in &mut message.content {
            // One item, whatever the parts say, and by the name that its beginning had.
            if let Some(fields) = part.ext.0.get_mut(FAMILY) {
                fields.remove("id");
                if let Some(Value::Object(facts)) = fields.get_mut(mark::MESSAGE) {
                    facts.remove("id");
                }
            }
        }
        let id = &item.id;
        let Some(written) = items(&message, "").into_iter().next().map(|item| item.answered(|_| id.into())) else {
            return;
        };
        let Ok(raw) = to_raw_value(&written) else { return };
        writer.open("response.output_item.done", out);
        writer.field("output_index", &item.index, out);
        writer.field("item", &raw, out);
        writer.close(out);
        self.whole[at] = Some(raw);
    }
}

impl Item {
    fn place(&self, at: usize) -> Place<'_> {
        let place = u32::try_from(at).unwrap_or(0);
        let inside = match self.parts.get(at).map(|shown| shown.form) {
            Some(Form::Text | Form::Refusal | Form::Whole) => Some(("content_index", place)),
            Some(Form::Thoughts) => Some(("content_index", 0)),
            Some(Form::Summary) => Some(("summary_index", 0)),
            Some(Form::Call { .. }) | None => None,
        };
        Place { item_id: &self.id, output_index: self.index, inside }
    }

    fn added(&self, body: &Value, writer: &mut Writer, out: &mut Vec<u8>) {
        writer.open("response.output_item.added", out);
        writer.field("output_index", &self.index, out);
        writer.field("item", body, out);
        writer.close(out);
    }

    /// Announces the part of the content or of the summary.
    fn part_added(&mut self, at: usize, writer: &mut Writer, out: &mut Vec<u8>) {
        let shown = &mut self.parts[at];
        shown.begun = true;
        let (kind, body) = match shown.form {
            Form::Text => {
                let body = json!({"type": "output_text", "text": "", "annotations": [], "logprobs": []});
                ("response.content_part.added", body)
            }
            Form::Refusal => ("response.content_part.added", json!({"type": "refusal", "refusal": ""})),
            Form::Thoughts => ("response.content_part.added", json!({"type": "reasoning_text", "text": ""})),
            Form::Summary => ("response.reasoning_summary_part.added", json!({"type": "summary_text", "text": ""})),
            Form::Call { .. } | Form::Whole => return,
        };
        writer.open(kind, out);
        writer.at(&self.place(at), out);
        writer.field("part", &body, out);
        writer.close(out);
    }

    /// Says once more, and whole, what was said.
    fn part_done(&self, at: usize, writer: &mut Writer, out: &mut Vec<u8>) {
        let (shown, place) = (&self.parts[at], self.place(at));
        let mut done = |kind: &str, name: &str, text: &str| {
            writer.open(kind, out);
            writer.at(&place, out);
            writer.field(name, text, out);
            writer.close(out);
        };
        match &shown.part.kind {
            PartKind::Text { text, .. } if shown.begun => done("response.output_text.done", "text", text),
            PartKind::Refusal { text } if shown.begun => done("response.refusal.done", "refusal", text),
            PartKind::Reasoning { text, .. } if shown.begun && shown.form == Form::Summary => {
                done("response.reasoning_summary_text.done", "text", text);
            }
            PartKind::Reasoning { text, .. } if shown.begun => done("response.reasoning_text.done", "text", text),
            PartKind::ToolCall(call) => match shown.form {
                Form::Call { custom: true } => {
                    return done("response.custom_tool_call_input.done", "input", &call.arguments);
                }
                _ => return done("response.function_call_arguments.done", "arguments", &call.arguments),
            },
            _ => return,
        }
        let kind = match shown.form {
            Form::Summary => "response.reasoning_summary_part.done",
            _ => "response.content_part.done",
        };
        writer.open(kind, out);
        writer.at(&place, out);
        writer.field("part", &shown.body(), out);
        writer.close(out);
    }
}

impl Shown {
    fn end(&mut self) {
        self.ended = true;
        if let (PartKind::Media(media), false) = (&mut self.part.kind, self.bytes.is_empty()) {
            media.data = MediaData::Inline { bytes: std::mem::take(&mut self.bytes).freeze() };
        }
        if self.form == (Form::Call { custom: true }) {
            item::mark_custom(&mut self.part.ext);
        }
    }

    /// The part of the content as it stands in its item.
    fn body(&self) -> Value {
        if let PartKind::Reasoning { text, .. } = &self.part.kind {
            let kind = if self.form == Form::Summary { "summary_text" } else { "reasoning_text" };
            return json!({ "type": kind, "text": text });
        }
        let message = Message::new(Role::Assistant, vec![self.part.clone()]);
        let body = items(&message, "").first().and_then(|item| serde_json::to_value(item).ok());
        body.map(|mut body| body["content"][0].take()).unwrap_or_default()
    }
}

/// The item around a part, before anything is said of it.
fn beginning(part: &Part, id: &str) -> Value {
    match &part.kind {
        PartKind::Reasoning { .. } => json!({"id": id, "type": "reasoning", "summary": []}),
        PartKind::ToolCall(call) => json!({"id": id, "type": "function_call", "status": "in_progress",
            "call_id": call.id, "name": call.name, "arguments": ""}),
        PartKind::Opaque { kind, data } if !kind.starts_with(CONTENT) => data.clone(),
        PartKind::Media(_) => {
            json!({"id": id, "type": "image_generation_call", "status": "in_progress", "result": null})
        }
        _ => json!({"id": id, "type": "message", "status": "in_progress", "role": "assistant", "content": []}),
    }
}

/// Items that are whole, as a list.
pub(super) struct Whole<'a>(&'a [Option<Box<RawValue>>]);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().flatten())
    }
}

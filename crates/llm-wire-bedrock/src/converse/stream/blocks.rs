//! The content blocks of a stream that are still open.
//!
//! Blocks of words begin with their first delta, the others with an event of their own. A block without a part of its own
//! (what the vendor's own tools were asked and answered) is collected and becomes one opaque part when it ends: opaque
//! parts have no deltas.

use llm_core::{Event, Media, MediaData, PartId, PartKind, ToolCall, Visibility, base64_text};
use llm_wire::EventQueue;
use llm_wire::json::Fields;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::block::opaque_kind;

/// One open block.
pub(super) struct OpenBlock {
    /// The vendor's number of it.
    pub(super) index: u32,
    pub(super) part: PartId,
    pub(super) state: State,
}

/// What is known of an open block.
pub(super) enum State {
    Text,
    Reasoning,
    /// Reasoning that only the vendor can read, in base64; told when it is whole.
    Redacted(String),
    /// A call and its arguments so far.
    Call(String),
    Image,
    /// The name of the block, its fields so far, the pieces of its `input`, its `content`.
    Opaque {
        name: String,
        fields: Map<String, Value>,
        input: String,
        content: Vec<Value>,
    },
}

impl OpenBlock {
    /// Opens a block that has an event for it, and says what is known of it.
    pub(super) fn open(index: u32, part: PartId, start: &RawValue, out: &mut EventQueue) -> Self {
        let mut kinds = Fields::read(start).unwrap_or_default();
        if let Some(mut fields) = kinds.take("toolUse").and_then(Fields::read)
            && !is_of_the_vendor(&mut fields)
        {
            let mut text = |name| fields.take_text(name).map(std::borrow::Cow::into_owned).unwrap_or_default();
            let call = ToolCall { id: text("toolUseId"), name: text("name"), ..ToolCall::default() };
            out.push(Event::PartStart { part, candidate: 0, shell: Box::new(PartKind::ToolCall(call)) });
            return Self { index, part, state: State::Call(String::new()) };
        }
        if let Some(mut image) = kinds.take("image").and_then(Fields::read) {
            let format = image.take_text("format").unwrap_or_default();
            let media_type = if format.is_empty() { "image/*".to_owned() } else { format!("image/{format}") };
            let data = MediaData::Inline { bytes: bytes::Bytes::new() };
            let media = Media { media_type, data, filename: None, detail: None };
            out.push(Event::PartStart { part, candidate: 0, shell: Box::new(PartKind::Media(media)) });
            return Self { index, part, state: State::Image };
        }
        let whole: Map<String, Value> = serde_json::from_str(start.get()).unwrap_or_default();
        let (name, fields) = match whole.into_iter().next() {
            Some((name, Value::Object(fields))) => (name, fields),
            Some((name, _)) => (name, Map::new()),
            None => ("unknown".to_owned(), Map::new()),
        };
        let state = State::Opaque { name, fields, input: String::new(), content: Vec::new() };
        Self { index, part, state }
    }

    /// Opens a block of words or of reasoning with its first delta.
    pub(super) fn implied(index: u32, part: PartId, state: State, out: &mut EventQueue) -> Self {
        let shell = match state {
            State::Reasoning => {
                PartKind::Reasoning { text: String::new(), visibility: Visibility::Full, encrypted: None }
            }
            State::Text => PartKind::Text { text: String::new(), citations: Vec::new() },
            state => return Self { index, part, state },
        };
        out.push(Event::PartStart { part, candidate: 0, shell: Box::new(shell) });
        Self { index, part, state }
    }

    /// Closes the block, whether the vendor did or the answer ended inside it.
    pub(super) fn close(self, out: &mut EventQueue) {
        let Self { part, state, .. } = self;
        let mut truncated = false;
        let shell = match state {
            State::Text | State::Reasoning | State::Image => None,
            State::Call(arguments) if arguments.is_empty() => {
                out.push(Event::ArgumentsDelta { part, json: "{}".to_owned() });
                None
            }
            State::Call(arguments) => {
                truncated = serde_json::from_str::<IgnoredAny>(&arguments).is_err();
                None
            }
            State::Redacted(data) => Some(PartKind::Reasoning {
                text: String::new(),
                visibility: Visibility::Redacted,
                encrypted: Some(data),
            }),
            State::Opaque { name, mut fields, input, content } => {
                if !input.is_empty() {
                    fields.insert("input".to_owned(), serde_json::from_str(&input).unwrap_or(Value::String(input)));
                }
                if !content.is_empty() {
                    fields.insert("content".to_owned(), Value::Array(content));
                }
                let kind = opaque_kind(&name);
                Some(PartKind::Opaque { kind, data: Map::from_iter([(name, Value::Object(fields))]).into() })
            }
        };
        if let Some(shell) = shell {
            out.push(Event::PartStart { part, candidate: 0, shell: Box::new(shell) });
        }
        out.push(Event::PartEnd { part, truncated, ext: None });
    }
}

fn is_of_the_vendor(call: &mut Fields<'_>) -> bool {
    call.take_text("type").is_some_and(|kind| kind == "server_tool_use")
}

/// Adds a piece of base64 to another: each is whole by itself.
pub(super) fn join_base64(data: &mut String, piece: &str) {
    match (base64_text::decode(data), base64_text::decode(piece)) {
        (Some(first), Some(second)) => *data = base64_text::encode(&[first, second].concat()),
        _ => data.push_str(piece),
    }
}

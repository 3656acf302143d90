//! The content blocks of a stream that are still open.
//!
//! A block without a part of its own (server tools, compaction) is collected and becomes one opaque part when it ends:
//! opaque parts have no deltas.

use llm_core::{Event, Executor, Extensions, Part, PartId, PartKind, ToolCall};
use llm_wire::EventQueue;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::API;
use crate::block::{self, opaque_kind};
use llm_wire::json::Path;

/// One open block.
pub(super) struct OpenBlock {
    /// The vendor's number of it.
    pub(super) index: u32,
    pub(super) part: PartId,
    pub(super) state: State,
    /// Its unknown fields, which go out with its end.
    ext: Option<Box<Extensions>>,
}

/// What is known of an open block.
pub(super) enum State {
    Text,
    Reasoning,
    /// A call: the arguments so far, and those that the block began with.
    Call {
        arguments: String,
        initial: String,
    },
    /// The fields so far, and the pieces of its `input`.
    Opaque {
        fields: Map<String, Value>,
        input: String,
    },
    /// A block without deltas.
    Whole,
}

impl OpenBlock {
    /// Opens a block, and says what is known of it.
    pub(super) fn open(index: u32, part: PartId, raw: &RawValue, out: &mut EventQueue) -> Self {
        let Part { kind, signature, ext, .. } = block::decode(raw, &Path::Root).unwrap_or_else(|_| block::opaque(raw));
        let mut ext = (!ext.is_empty()).then(|| Box::new(ext));
        let (shell, state) = match kind {
            PartKind::Opaque { data, .. } => {
                let fields = match data {
                    Value::Object(fields) => fields,
                    _ => Map::new(),
                };
                return Self { index, part, state: State::Opaque { fields, input: String::new() }, ext: ext.take() };
            }
            PartKind::ToolCall(ToolCall { id, name, arguments: initial, .. }) => {
                let call = ToolCall { id, name, executed_by: Executor::Client, ..ToolCall::default() };
                (PartKind::ToolCall(call), State::Call { arguments: String::new(), initial })
            }
            PartKind::Text { .. } => (kind, State::Text),
            PartKind::Reasoning { encrypted: None, .. } => (kind, State::Reasoning),
            kind => (kind, State::Whole),
        };
        out.push(Event::PartStart { part, candidate: 0, shell: Box::new(shell) });
        if let Some(signature) = signature {
            out.push(Event::SignatureDelta { part, signature });
        }
        Self { index, part, state, ext }
    }

    /// Closes the block, whether the vendor did or the answer ended inside it.
    pub(super) fn close(self, out: &mut EventQueue) {
        let Self { part, state, ext, .. } = self;
        let mut truncated = false;
        match state {
            State::Text | State::Reasoning | State::Whole => {}
            // No piece came: the block began with all there is, `{}` for a tool without arguments.
            State::Call { arguments, initial } if arguments.is_empty() => {
                out.push(Event::ArgumentsDelta { part, json: initial });
            }
            State::Call { arguments, .. } => truncated = serde_json::from_str::<IgnoredAny>(&arguments).is_err(),
            State::Opaque { mut fields, input } => {
                if !input.is_empty() {
                    let whole = serde_json::from_str(&input).unwrap_or(Value::String(input));
                    fields.insert("input".to_owned(), whole);
                }
                let kind = opaque_kind(fields.get("type").and_then(Value::as_str).unwrap_or("unknown"));
                let shell = Box::new(PartKind::Opaque { kind, data: Value::Object(fields) });
                out.push(Event::PartStart { part, candidate: 0, shell });
            }
        }
        out.push(Event::PartEnd { part, truncated, ext });
    }
}

/// Adds an unknown delta to an unknown block: texts grow, lists of citations get one more, the rest replaces.
pub(super) fn merge(fields: &mut Map<String, Value>, delta: Map<String, Value>) {
    for (name, piece) in delta {
        match (fields.get_mut(&name), piece) {
            _ if name == "type" => {}
            (Some(Value::String(text)), Value::String(more)) => text.push_str(&more),
            (_, citation) if name == "citation" => match fields.entry("citations").or_insert(Value::Null) {
                Value::Array(list) => list.push(citation),
                other => *other = Value::Array(vec![citation]),
            },
            (_, piece) => {
                fields.insert(name, piece);
            }
        }
    }
}

/// The settings under which the wire family keeps what has no field.
pub(super) fn settings(fields: Map<String, Value>) -> Extensions {
    let mut ext = Extensions::default();
    if !fields.is_empty() {
        ext.0.insert(API.to_owned(), fields);
    }
    ext
}

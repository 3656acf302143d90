//! The messages of a request: what stands among the items, and what apart from them.

use std::borrow::Cow;

use llm_core::{ChatRequest, Error, Message, Part, PartKind};
use serde_json::Value;

use crate::responses::out::{ItemOut, Writer};
use crate::responses::{FAMILY, item, mark};

/// The items, and what stands apart from them as `instructions`.
pub(super) struct Input<'a> {
    pub(super) items: Vec<ItemOut<'a>>,
    pub(super) instructions: Option<Cow<'a, str>>,
}

impl<'a> Input<'a> {
    pub(super) fn new(request: &'a ChatRequest, writer: &mut Writer<'_, '_>) -> Result<Self, Error> {
        let calls = request.messages.iter().flat_map(|message| &message.content);
        let custom: Vec<&str> = calls
            .filter_map(|part| match &part.kind {
                PartKind::ToolCall(call) if item::is_custom(&part.ext) => Some(call.id.as_str()),
                _ => None,
            })
            .collect();
        let mut input = Self { items: Vec::with_capacity(request.messages.len()), instructions: None };
        for message in &request.messages {
            match instructions(message).filter(|_| input.instructions.is_none()) {
                Some(text) => input.instructions = Some(text),
                None => writer.message(message, &custom, &mut input.items)?,
            }
        }
        Ok(input)
    }
}

/// The words of a message that stood in `instructions`; `None` for every other, and where it says more than words.
fn instructions(message: &Message) -> Option<Cow<'_, str>> {
    let marked = message.ext.value(FAMILY, mark::INSTRUCTIONS) == Some(&Value::Bool(true));
    match &message.content[..] {
        _ if !marked => None,
        [Part { kind: PartKind::Text { text, .. }, .. }] => Some(Cow::Borrowed(text)),
        parts => parts.iter().map(Part::as_text).collect::<Option<String>>().map(Cow::Owned),
    }
}

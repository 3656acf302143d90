//! Messages on their way in.

use std::collections::VecDeque;

use llm_core::{Error, Message, Part, PartKind, Role, ToolCall, ToolResult};
use serde_json::value::RawValue;

use super::request_decode::with_function;
use crate::API;
use crate::fields::{self, Fields};
use crate::image;

/// What was said so far, as far as later messages refer to it: calls without an answer, and how many calls had no id.
#[derive(Default)]
pub(super) struct History {
    open: VecDeque<(String, String)>,
    unnamed: usize,
}

impl History {
    pub(super) fn decode(&mut self, mut fields: Fields<'_>) -> Result<Message, Error> {
        let role = Role::from(fields.require::<String>("role", "text")?);
        let text: String = fields.take("content", "text")?.unwrap_or_default();
        let thinking: String = fields.take("thinking", "text")?.unwrap_or_default();
        let mut content = Vec::new();
        if !thinking.is_empty() {
            content.push(Part::reasoning(thinking));
        }
        if !text.is_empty() {
            content.push(Part::text(text));
        }
        for (path, raw) in fields.list("images")? {
            let media = serde_json::from_str(raw.get()).ok().and_then(|text: String| image::decode(&text));
            content.push(Part::media(media.ok_or_else(|| fields::invalid(path, "an image as base64 text"))?));
        }
        for (path, raw) in fields.list("tool_calls")? {
            content.push(self.call(Fields::of(raw, path)?)?);
        }
        if role == Role::Tool {
            let id: Option<String> = fields.take("tool_call_id", "text")?;
            let name: Option<String> = fields.take("tool_name", "text")?;
            let call_id = self.answered(id, name.as_deref());
            let result = ToolResult { call_id, name, content, ..ToolResult::default() };
            content = vec![Part::new(PartKind::ToolResult(result))];
        }
        let mut message = Message::new(role, content);
        let rest = fields.rest();
        if !rest.is_empty() {
            message.ext.of_mut(API).extend(rest);
        }
        Ok(message)
    }

    fn call(&mut self, mut fields: Fields<'_>) -> Result<Part, Error> {
        let id = fields.take::<String>("id", "text")?.filter(|id| !id.is_empty());
        fields.take::<String>("type", "text")?;
        let Some(mut function) = fields.object("function")? else { return Err(fields.wrong("function", "an object")) };
        let name: String = function.require("name", "text")?;
        let arguments: Option<&RawValue> = function.take("arguments", "an object")?;
        let arguments = arguments.map_or("{}", RawValue::get);
        if !arguments.starts_with('{') {
            return Err(function.wrong("arguments", "an object"));
        }
        let id = id.unwrap_or_else(|| {
            self.unnamed += 1;
            format!("call_{}", self.unnamed - 1)
        });
        self.open.push_back((id.clone(), name.clone()));
        let call = ToolCall { id, name, arguments: arguments.to_owned(), ..ToolCall::default() };
        let mut part = Part::new(PartKind::ToolCall(call));
        let rest = with_function(fields.rest(), function.rest());
        if !rest.is_empty() {
            part.ext.of_mut(API).extend(rest);
        }
        Ok(part)
    }

    /// The id of the call that a result answers: its own word, else the oldest open call of that name, else the oldest.
    fn answered(&mut self, id: Option<String>, name: Option<&str>) -> String {
        let is = |(open, called): &(String, String)| match (&id, name) {
            (Some(id), _) => open == id,
            (None, Some(name)) => called == name,
            (None, None) => true,
        };
        let found = self.open.iter().position(is).and_then(|at| self.open.remove(at));
        id.or(found.map(|(id, _)| id)).unwrap_or_default()
    }
}

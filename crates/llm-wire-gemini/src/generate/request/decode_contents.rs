//! `contents` as they come in: roles, calls and their results, which may lack ids.

use llm_core::{Error, Message, Part, PartKind, Role, ToolResult, ToolStatus};
use serde_json::value::RawValue;

use crate::API;
use crate::generate::part::{CallIds, NO_SIGNATURE, WirePart, media_of, read_part};
use crate::wire::{Fields, Str, invalid, keep, unquoted};

/// Mark in `ext.gemini` of a message that stood in one content with the message before it: words beside results of tools.
pub(super) const JOINED: &str = "joined";

/// The calls of a conversation so far.
#[derive(Debug, Default)]
pub(super) struct History {
    ids: CallIds,
    /// Id and name of the calls that have no result yet.
    open: Vec<(String, String)>,
}

impl History {
    /// One content as messages: results of tools each in a message of their own, all else in one.
    pub(super) fn messages(&mut self, mut content: Fields<'_>) -> Result<Vec<Message>, Error> {
        let role = content.text("role")?;
        let role = match role.as_deref() {
            None | Some("user" | "" | "function") => Role::User,
            Some("model") => Role::Assistant,
            Some("system") => Role::System,
            Some(_) => return Err(content.invalid("role", "it must be \"user\" or \"model\"")),
        };
        let mut messages: Vec<Message> = Vec::new();
        for (path, raw) in content.list("parts")? {
            let mut part: WirePart<'_> = serde_json::from_str(raw)
                .map_err(|_| invalid(&path, "it must be a part, its fields of the right types"))?;
            if let Some(raw) = part.response {
                let mut result = self.result(raw, &path)?;
                result.signature = part.take_signature();
                if !part.other.is_empty() {
                    keep(part.other, result.ext.of_mut(API));
                }
                messages.push(Message::new(Role::Tool, vec![result]));
                continue;
            }
            let Some(part) = self.part(part, &path)? else { continue };
            match messages.last_mut() {
                Some(last) if last.role == role => last.content.push(part),
                _ => messages.push(Message::new(role.clone(), vec![part])),
            }
        }
        if messages.is_empty() {
            messages.push(Message::new(role, vec![Part::text("")]));
        }
        let mut role_before = messages.first().map(|first| first.role.clone());
        for message in messages.iter_mut().skip(1) {
            // Results of tools join each other anyway.
            if message.role != Role::Tool || role_before != Some(Role::Tool) {
                message.ext.set(API, JOINED, true);
            }
            role_before = Some(message.role.clone());
        }
        let rest = content.rest();
        if let Some(first) = messages.first_mut()
            && !rest.is_empty()
        {
            *first.ext.of_mut(API) = rest;
        }
        Ok(messages)
    }

    fn part(&mut self, wire: WirePart<'_>, path: &str) -> Result<Option<Part>, Error> {
        if let Some(raw) = wire.inline.or(wire.file)
            && media_of(&wire).is_none()
        {
            let (name, what) = if wire.inline.is_some() {
                ("inlineData", "it must have a mimeType, and data in base64")
            } else {
                ("fileData", "it must have a fileUri")
            };
            let _ = raw;
            return Err(invalid(&format!("{path}.{name}"), what));
        }
        let is_call = wire.call.is_some();
        let Some(mut part) = read_part(wire, &mut self.ids) else { return Ok(None) };
        match &part.kind {
            PartKind::ToolCall(call) if call.name.is_empty() => {
                return Err(invalid(&format!("{path}.functionCall.name"), "a call needs the function's name"));
            }
            PartKind::ToolCall(call) => self.open.push((call.id.clone(), call.name.clone())),
            _ if is_call => return Err(invalid(&format!("{path}.functionCall"), "its fields have the wrong types")),
            _ => {}
        }
        part.signature = part.signature.filter(|signature| signature != NO_SIGNATURE);
        Ok(Some(part))
    }

    fn result(&mut self, raw: &RawValue, path: &str) -> Result<Part, Error> {
        let mut response = Fields::read(raw.get(), format!("{path}.functionResponse"))?;
        let name = response.text("name")?.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| response.invalid("name", "a result needs the function's name"))?;
        let given = response.text("id")?.filter(|id| !id.is_empty());
        let answer = response.take("response").unwrap_or("{}");
        if !answer.starts_with('{') {
            return Err(response.invalid("response", "it must be an object"));
        }
        let (status, text) = match wrapped(answer) {
            Some((status, text)) => (status, text),
            None => (ToolStatus::Ok, answer.to_owned()),
        };
        let mut content = Vec::new();
        let parts = response.list("parts")?;
        if !text.is_empty() || parts.is_empty() {
            content.push(Part::text(text));
        }
        for (path, raw) in parts {
            let part: Option<WirePart<'_>> = serde_json::from_str(raw).ok();
            let media = part.as_ref().and_then(media_of);
            content.push(Part::media(media.ok_or_else(|| invalid(&path, "it must be inlineData or fileData"))?));
        }
        let call_id = self.answered(given, &name);
        let mut part = Part::new(PartKind::ToolResult(ToolResult { call_id, name: Some(name), content, status }));
        let rest = response.rest();
        if !rest.is_empty() {
            part.ext.set(API, "functionResponse", rest);
        }
        Ok(part)
    }

    /// The id of the call that a result answers: as given, else the oldest open call of that name, else the oldest.
    fn answered(&mut self, given: Option<String>, name: &str) -> String {
        let mut position = |found: &dyn Fn(&(String, String)) -> bool| {
            self.open.iter().position(found).map(|at| self.open.remove(at).0)
        };
        match given {
            Some(id) => {
                position(&|call| call.0 == id);
                id
            }
            None => {
                position(&|call| call.1 == name).or_else(|| position(&|_| true)).unwrap_or_else(|| self.ids.id(None))
            }
        }
    }
}

/// The text of `{"result": text}` or `{"error": text}`, the forms in which we send what is no object.
pub(super) fn wrapped(json: &str) -> Option<(ToolStatus, String)> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wrapped<'a> {
        #[serde(borrow)]
        result: Option<&'a RawValue>,
        #[serde(borrow)]
        error: Option<&'a RawValue>,
    }
    let text = |raw: &RawValue| unquoted(raw.get()).map(|text| Str(text).into_owned());
    match serde_json::from_str(json).ok()? {
        Wrapped { result: Some(raw), error: None } => Some((ToolStatus::Ok, text(raw)?)),
        Wrapped { result: None, error: Some(raw) } => Some((ToolStatus::Error, text(raw)?)),
        Wrapped { .. } => None,
    }
}

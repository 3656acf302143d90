//! The messages of a request: which wire messages each becomes, and what each says.
//!
//! A message with results of tools becomes one wire message for each of them; reasoning, refusals and calls leave the
//! content for fields of their own.

use std::borrow::Cow;

use llm_core::{ChatRequest, Error, Executor, Message, Origin, Part, PartKind, Role, ToolResult, ToolStatus};
use serde_json::Value;

use super::out::{Content, Out};
use super::part::PartOut;
use super::tool_id;
use crate::FAMILY;
use crate::chat::call::CallOut;
use crate::chat::joined::{self, Joined};
use crate::chat::piece::{DETAILS, NAMED, REASONING, REASONING_CONTENT};
use crate::dialect::{Dialect, Flatten, NamePolicy, ReasoningReplay, SystemRole, ToolContent};
use crate::encoded::Notes;
use crate::json::Added;

/// The role as the vendor takes it.
pub(crate) fn system_role(role: &Role, taken_as: SystemRole) -> &str {
    match (role, taken_as) {
        (Role::System | Role::Developer, SystemRole::System) => "system",
        (Role::System | Role::Developer, SystemRole::Developer) => "developer",
        (Role::System | Role::Developer, SystemRole::User) => "user",
        (role, _) => role.as_str(),
    }
}

/// Makes the wire messages.
pub(super) struct Writer<'d, 'n> {
    pub(super) to: &'d Origin,
    pub(super) dialect: &'d Dialect,
    pub(super) notes: &'n mut Notes,
    /// The model may reason before it answers.
    pub(super) reasons: bool,
}

impl Writer<'_, '_> {
    pub(super) fn messages<'a>(&mut self, request: &'a ChatRequest) -> Result<Vec<Out<'a>>, Error> {
        let mut out = Vec::with_capacity(request.messages.len());
        let mut rest = &request.messages[..];
        if self.dialect.merge_leading_systems {
            let is_system = |message: &Message| matches!(message.role, Role::System | Role::Developer);
            let leading = rest.iter().take_while(|message| is_system(message)).count();
            if leading > 1 {
                let texts: Vec<String> = rest[..leading].iter().map(|message| message.text()).collect();
                self.notes.adapted("messages", "this vendor takes one system message; the first ones are joined");
                out.push(Out {
                    role: system_role(&Role::System, self.dialect.system_role),
                    content: Content::Owned(texts.join("\n\n")),
                    ..Out::default()
                });
                rest = &rest[leading..];
            }
        }
        for message in rest {
            self.message(message, &mut out)?;
        }
        if let (Some(last), Some(message)) = (out.last_mut(), rest.last())
            && message.role == Role::Assistant
            && last.calls.is_empty()
        {
            if self.dialect.drop_prefill {
                self.notes.unsupported("messages", "the model does not go on with an answer that was begun")?;
                out.pop();
            } else {
                last.prefill = self.dialect.prefill;
            }
        }
        if self.dialect.lone_calls {
            let (alone, changed) = super::alone::alone(out, self.dialect.null_content);
            if changed {
                let how = "this vendor takes one call at a time; several are sent one after the other";
                self.notes.adapted("messages.content.tool_call", how);
            }
            out = alone;
        }
        Ok(out)
    }

    fn message<'a>(&mut self, message: &'a Message, out: &mut Vec<Out<'a>>) -> Result<(), Error> {
        self.unsent(message)?;
        let results = message.content.iter().filter_map(|part| match &part.kind {
            PartKind::ToolResult(result) => Some((part, result)),
            _ => None,
        });
        let before = out.len();
        for (part, result) in results {
            out.push(self.result(part, result, message)?);
        }
        let has_results = out.len() > before;
        let out_of_results = match message.role {
            Role::Tool if has_results => {
                let others = message.content.iter().any(|part| !matches!(part.kind, PartKind::ToolResult(_)));
                if others {
                    self.notes.unsupported("messages.content", "only results can stand in a message of a tool")?;
                }
                return Ok(());
            }
            Role::Assistant => self.assistant(message)?,
            _ if has_results && message.content.iter().all(|part| matches!(part.kind, PartKind::ToolResult(_))) => None,
            _ => Some(self.plain(message)?),
        };
        out.extend(out_of_results);
        Ok(())
    }

    /// What no message of this protocol can say.
    fn unsent(&mut self, message: &Message) -> Result<(), Error> {
        self.notes.unknown_in(message)?;
        for part in &message.content {
            if part.signature.is_some() {
                self.notes.unsupported("messages.signature", "this protocol has no place for it")?;
            }
            if matches!(&part.kind, PartKind::Reasoning { encrypted: Some(_), .. }) {
                self.notes.unsupported("messages.encrypted", "only the vendor that encrypted it can read it")?;
            }
        }
        if message.name.is_some() && self.name(message).is_none() {
            self.notes.unsupported("messages.name", "this vendor takes no name of such a speaker")?;
        }
        Ok(())
    }

    fn name<'a>(&self, message: &'a Message) -> Option<&'a str> {
        message.name.as_deref().filter(|_| match self.dialect.message_name {
            NamePolicy::Keep => true,
            NamePolicy::UserOnly => message.role == Role::User,
            NamePolicy::ToolOnly | NamePolicy::Drop => false,
        })
    }

    /// A message of words and media.
    fn plain<'a>(&mut self, message: &'a Message) -> Result<Out<'a>, Error> {
        let parts = message.content.iter().filter(|part| !matches!(part.kind, PartKind::ToolResult(_)));
        let content = self.content(parts)?;
        Ok(Out {
            role: system_role(&message.role, self.dialect.system_role),
            content: if let Content::Absent = content { Content::Text("") } else { content },
            name: self.name(message),
            added: Added::new(&message.ext, self.to),
            ..Out::default()
        })
    }

    fn content<'a>(&mut self, parts: impl Iterator<Item = &'a Part>) -> Result<Content<'a>, Error> {
        let mut out = Vec::new();
        let mut only_text = None;
        let mut count = 0;
        for part in parts {
            // The usual message is one plain text: no list is made for it.
            let Some(part) = PartOut::new(part, self.to, self.dialect, self.notes)? else { continue };
            count += 1;
            match part.plain_text() {
                Some(text) if count == 1 => only_text = Some(text),
                _ => {
                    if let Some(text) = only_text.take() {
                        out.push(PartOut::of_text(text));
                    }
                    out.push(part);
                }
            }
        }
        if let Some(text) = only_text {
            return Ok(Content::Text(text));
        }
        if out.is_empty() {
            return Ok(Content::Absent);
        }
        let all_text = out.iter().all(|part| part.text().is_some());
        if self.dialect.flatten_text == Flatten::Never || (self.dialect.flatten_text == Flatten::TextOnly && !all_text)
        {
            return Ok(Content::Parts(out));
        }
        if !all_text {
            self.notes.unsupported("messages.content.media", "this vendor takes only text")?;
        }
        self.joined(&out)
    }

    /// Several texts as one.
    fn joined<'a>(&mut self, parts: &[PartOut<'_>]) -> Result<Content<'a>, Error> {
        if parts.iter().any(PartOut::says_more) {
            self.notes.unsupported("messages.content.ext", "this vendor takes one text, which has no marks inside")?;
        }
        Ok(Content::Owned(parts.iter().filter_map(PartOut::text).collect()))
    }

    fn assistant<'a>(&mut self, message: &'a Message) -> Result<Option<Out<'a>>, Error> {
        let parts = &message.content[..];
        let mut calls = Vec::new();
        let (mut refusal, mut details, mut thoughts, mut audio) = (false, None, false, None);
        for part in parts {
            match &part.kind {
                PartKind::ToolCall(call) if call.executed_by == Executor::Client => calls.push(CallOut {
                    id: tool_id::fit(&call.id, self.dialect.tool_ids),
                    call,
                    added: Added::new(&part.ext, self.to),
                }),
                PartKind::ToolCall(_) => {
                    let why = "a call that another vendor ran itself cannot be told here";
                    self.notes.unsupported("messages.content.tool_call", why)?;
                }
                PartKind::Refusal { .. } => refusal = true,
                PartKind::Reasoning { text, .. } => {
                    thoughts |= !text.is_empty();
                    details = details.or_else(|| Added::new(&part.ext, self.to).value(DETAILS));
                }
                PartKind::Media(media) if media.family() == "audio" => {
                    audio = audio.or_else(|| part.ext.value(FAMILY, "id").and_then(Value::as_str));
                }
                _ => {}
            }
        }
        let said_elsewhere = |part: &&Part| match &part.kind {
            PartKind::ToolCall(_) | PartKind::Refusal { .. } | PartKind::Reasoning { .. } => true,
            PartKind::Media(media) => audio.is_some() && media.family() == "audio",
            _ => false,
        };
        let mut content = self.content(parts.iter().filter(|part| !said_elsewhere(part)))?;
        let mut reasoning = [None, None];
        match self.dialect.reasoning_replay {
            _ if !thoughts => {}
            ReasoningReplay::Field(name) | ReasoningReplay::Required(name) => reasoning[0] = Some(name),
            ReasoningReplay::Named(name) => reasoning = came_in(parts).unwrap_or([Some(name), None]),
            ReasoningReplay::Tags => content = self.with_tags(parts, content)?,
            ReasoningReplay::Blocks => content = with_block(parts, content),
            // The blocks say it too.
            ReasoningReplay::Drop if details.is_some() => {}
            ReasoningReplay::Drop => {
                self.notes.unsupported("messages.reasoning", "this vendor takes no reasoning of earlier turns")?;
            }
        }
        let mut placeholder = false;
        if let ReasoningReplay::Required(name) = self.dialect.reasoning_replay
            && self.reasons
            && !thoughts
            && !calls.is_empty()
        {
            (reasoning[0], placeholder) = (Some(name), true);
        }
        if let Content::Absent = content {
            let says_nothing =
                calls.is_empty() && !refusal && audio.is_none() && reasoning[0].is_none() && details.is_none();
            if says_nothing && self.dialect.drop_empty_assistant {
                self.notes.adapted("messages", "this vendor takes no empty answers; they are left out");
                return Ok(None);
            }
            content = match (says_nothing, self.dialect.null_content) {
                (true, _) => Content::Text(""),
                (false, true) => Content::Null,
                (false, false) => Content::Absent,
            };
        }
        Ok(Some(Out {
            role: message.role.as_str(),
            content,
            name: self.name(message),
            calls,
            parts,
            reasoning,
            placeholder,
            details,
            refusal,
            audio,
            added: Added::new(&message.ext, self.to),
            ..Out::default()
        }))
    }

    /// Reasoning in tags before the words.
    fn with_tags<'a>(&mut self, parts: &'a [Part], content: Content<'a>) -> Result<Content<'a>, Error> {
        let Some(thoughts) = Joined::new(parts, joined::reasoning) else { return Ok(content) };
        let words = match content {
            Content::Text(text) => Cow::Borrowed(text),
            Content::Owned(text) => Cow::Owned(text),
            Content::Absent | Content::Null => Cow::Borrowed(""),
            Content::Parts(parts) => {
                self.notes
                    .unsupported("messages.reasoning", "reasoning stands in tags, which parts have no place for")?;
                return Ok(Content::Parts(parts));
            }
        };
        Ok(Content::Owned(format!("<think>{thoughts}</think>{words}")))
    }

    fn result<'a>(&mut self, part: &'a Part, result: &'a ToolResult, message: &'a Message) -> Result<Out<'a>, Error> {
        if result.status != ToolStatus::Ok {
            let how = "this protocol has no mark for a failed call; the result is sent as it is";
            self.notes.adapted("messages.content.status", how);
        }
        let only_text = self.dialect.tool_content != ToolContent::Parts;
        let taken = |part: &&Part| part.as_text().is_some() || !only_text;
        if !result.content.iter().all(|part| taken(&part)) {
            let why = "this vendor takes only text as the result of a tool";
            self.notes.unsupported("messages.content.tool_result", why)?;
        }
        let content = match self.content(result.content.iter().filter(taken))? {
            Content::Absent => Content::Text(""),
            Content::Parts(parts) if self.dialect.tool_content == ToolContent::Text => self.joined(&parts)?,
            content => content,
        };
        let ext = if part.ext.is_empty() { &message.ext } else { &part.ext };
        Ok(Out {
            role: "tool",
            content,
            name: result
                .name
                .as_deref()
                .filter(|_| matches!(self.dialect.message_name, NamePolicy::Keep | NamePolicy::ToolOnly)),
            tool_call_id: Some(tool_id::fit(&result.call_id, self.dialect.tool_ids)),
            added: Added::new(ext, self.to),
            ..Out::default()
        })
    }
}

/// The fields that reasoning came in, where that was said.
fn came_in(parts: &[Part]) -> Option<[Option<&'static str>; 2]> {
    match parts.iter().find_map(|part| part.ext.value(FAMILY, NAMED))?.as_str()? {
        REASONING => Some([Some(REASONING), None]),
        _ => Some([Some(REASONING), Some(REASONING_CONTENT)]),
    }
}

/// Reasoning as a part of its own before the words.
fn with_block<'a>(parts: &'a [Part], content: Content<'a>) -> Content<'a> {
    let mut out = vec![PartOut::of_thoughts(parts)];
    match content {
        Content::Text(text) => out.push(PartOut::of_text(text)),
        Content::Parts(words) => out.extend(words),
        // No vendor takes blocks of reasoning and only flat words.
        Content::Owned(_) | Content::Absent | Content::Null => {}
    }
    Content::Parts(out)
}

//! Messages on their way out.
//!
//! A message is one text, images, reasoning and calls. Each tool result is a message of its own. Ids of calls are sent:
//! servers since 2025-11 match results by them, older ones leave them unread and match by name.

use std::borrow::Cow;
use std::sync::Arc;

use llm_core::{
    Error, Executor, Media, MediaData, Message, Origin, Part, PartKind, Role, ToolCall, ToolResult, ToolStatus,
    Warnings, base64_text,
};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::{json, merge};

/// A message, as it is or with vendor-specific settings merged in.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Outgoing<'a> {
    Plain(Body<'a>),
    Merged(Map<String, Value>),
}

#[derive(Default, Serialize)]
pub(super) struct Body<'a> {
    role: &'a str,
    content: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<OutgoingCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OutgoingCall<'a> {
    Plain(Call<'a>),
    Merged(Map<String, Value>),
}

#[derive(Serialize)]
struct Call<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: Arguments<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Arguments<'a> {
    Object(&'a RawValue),
    /// What is no JSON object, in one.
    Wrapped {
        arguments: &'a str,
    },
}

/// Writes the conversation.
pub(super) fn encode<'a>(
    messages: &'a [Arc<Message>],
    to: &Origin,
    warnings: &mut Warnings,
) -> Result<Vec<Outgoing<'a>>, Error> {
    let mut out = Vec::with_capacity(messages.len());
    for (index, message) in messages.iter().enumerate() {
        let mut turn = Turn { message, history: &messages[..index], to, warnings, out: &mut out };
        turn.encode()?;
    }
    Ok(out)
}

/// One message on its way.
struct Turn<'a, 'b> {
    message: &'a Message,
    history: &'a [Arc<Message>],
    to: &'b Origin,
    warnings: &'b mut Warnings,
    out: &'b mut Vec<Outgoing<'a>>,
}

impl<'a> Turn<'a, '_> {
    fn encode(&mut self) -> Result<(), Error> {
        if self.message.name.is_some() {
            self.warnings.unsupported("messages.name", "ollama does not name speakers")?;
        }
        let (before, mut body) = (self.out.len(), None);
        for part in &self.message.content {
            self.facts(part)?;
            if let PartKind::ToolResult(result) = &part.kind {
                self.finish(body.take())?;
                let result = self.tool_result(result)?;
                self.finish(Some(result))?;
            } else {
                let body = body.get_or_insert_with(|| Body { role: self.role(), ..Body::default() });
                self.part(part, body)?;
            }
        }
        if body.is_none() && self.out.len() == before {
            body = Some(Body { role: self.role(), ..Body::default() });
        }
        self.finish(body)
    }

    fn role(&self) -> &'a str {
        match &self.message.role {
            Role::Developer => "system",
            role => role.as_str(),
        }
    }

    /// What stands beside a part and has no place on the wire.
    fn facts(&mut self, part: &Part) -> Result<(), Error> {
        if part.signature.is_some() {
            self.warnings.unsupported("messages.signature", "ollama signs nothing and takes no signature")?;
        }
        if let Some(cache) = part.cache {
            self.warnings.unsupported("messages.cache", "ollama keeps the prompt's prefix by itself")?;
            if cache.ttl.is_some() {
                self.warnings.unsupported("messages.cache.ttl", "ollama keeps the prompt's prefix by itself")?;
            }
        }
        let merges = matches!(part.kind, PartKind::ToolCall(_));
        if !merges && merge::entries(&part.ext, self.to).next().is_some() {
            self.warnings.unsupported("messages.ext", "only tool calls are objects in ollama's messages")?;
        }
        Ok(())
    }

    fn part(&mut self, part: &'a Part, body: &mut Body<'a>) -> Result<(), Error> {
        match &part.kind {
            PartKind::Text { text, citations } => {
                if !citations.is_empty() {
                    self.warnings.unsupported("messages.citations", "ollama takes text without sources")?;
                }
                self.append(&mut body.content, text);
            }
            PartKind::Refusal { text } => {
                self.warnings.adapted("messages.refusal", "sent as text");
                self.append(&mut body.content, text);
            }
            PartKind::Reasoning { text, encrypted, .. } => {
                if encrypted.is_some() {
                    self.warnings.unsupported("messages.signature", "ollama cannot read encrypted reasoning")?;
                }
                if !text.is_empty() {
                    append(body.thinking.get_or_insert_default(), text, "");
                }
            }
            PartKind::Media(media) => self.media(media, body)?,
            PartKind::ToolCall(call) if call.executed_by == Executor::Provider => {
                let why = "a call that another vendor ran itself cannot be told here";
                self.warnings.unsupported("messages.content", why)?;
            }
            PartKind::ToolCall(call) => body.tool_calls.push(self.tool_call(part, call)?),
            PartKind::Opaque { .. } | PartKind::Unknown(_) => {
                self.warnings.unsupported("messages.content", "ollama knows text, images and tool calls only")?;
            }
            // Taken before; the rest is what this version does not know.
            _ => self.warnings.unsupported("messages.content", "ollama does not know this part")?,
        }
        Ok(())
    }

    /// A person's paragraphs stay apart; what a model said goes back as it said it.
    fn append(&self, content: &mut Cow<'a, str>, text: &'a str) {
        append(content, text, if self.message.role == Role::Assistant { "" } else { "\n" });
    }

    fn media(&mut self, media: &'a Media, body: &mut Body<'a>) -> Result<(), Error> {
        if media.detail.is_some() {
            self.warnings.unsupported("messages.media.detail", "ollama has one way to look at an image")?;
        }
        if media.filename.is_some() {
            self.warnings.unsupported("messages.media.filename", "ollama does not name images")?;
        }
        match &media.data {
            MediaData::Inline { bytes } if media.family() == "image" => body.images.push(base64_text::encode(bytes)),
            MediaData::Url { url } if media.family() == "image" && url.starts_with("data:") => {
                match url.split_once(";base64,") {
                    Some((_, base64)) => body.images.push(base64.to_owned()),
                    None => self.warnings.unsupported("messages.media", "a data url must be base64 for ollama")?,
                }
            }
            MediaData::Text { text } => {
                self.warnings.adapted("messages.media", "the document is sent as text");
                self.append(&mut body.content, text);
            }
            MediaData::Url { .. } => {
                self.warnings.unsupported("messages.media", "ollama fetches no urls; send the bytes")?;
            }
            MediaData::File { .. } => self.warnings.unsupported("messages.media", "ollama keeps no files")?,
            _ => self.warnings.unsupported("messages.media", "ollama takes images only")?,
        }
        Ok(())
    }

    fn tool_call(&mut self, part: &'a Part, call: &'a ToolCall) -> Result<OutgoingCall<'a>, Error> {
        let arguments = if let Some(object) = json::object(&call.arguments) {
            Arguments::Object(object)
        } else {
            self.warnings.adapted("messages.tool_call.arguments", "they are no json object; sent as text in one");
            Arguments::Wrapped { arguments: &call.arguments }
        };
        let out = Call { id: &call.id, function: Function { name: &call.name, arguments } };
        let mut entries = merge::entries(&part.ext, self.to).peekable();
        if entries.peek().is_none() {
            return Ok(OutgoingCall::Plain(out));
        }
        let mut object = json::to_object("encoding a tool call for ollama", &out)?;
        entries.for_each(|entry| merge::merge(&mut object, entry));
        Ok(OutgoingCall::Merged(object))
    }

    fn tool_result(&mut self, result: &'a ToolResult) -> Result<Body<'a>, Error> {
        if result.status != ToolStatus::Ok {
            self.warnings.adapted("messages.tool_result.status", "ollama has no mark for it; the content must say it");
        }
        let name = result.name.as_deref().or_else(|| self.called(&result.call_id));
        let id = Some(result.call_id.as_str()).filter(|id| !id.is_empty());
        let mut body = Body { role: "tool", tool_name: name, tool_call_id: id, ..Body::default() };
        for part in &result.content {
            self.facts(part)?;
            match &part.kind {
                PartKind::Text { text, .. } => append(&mut body.content, text, "\n"),
                PartKind::Media(media) => self.media(media, &mut body)?,
                _ => self.warnings.unsupported("messages.tool_result.content", "ollama takes text and images")?,
            }
        }
        Ok(body)
    }

    /// The name of the tool that the call with this id asked for. Ids may repeat over a conversation; the last one counts.
    fn called(&self, id: &str) -> Option<&'a str> {
        self.history.iter().rev().flat_map(|message| message.content.iter().rev()).find_map(|part| match &part.kind {
            PartKind::ToolCall(call) if call.id == id => Some(call.name.as_str()),
            _ => None,
        })
    }

    fn finish(&mut self, body: Option<Body<'a>>) -> Result<(), Error> {
        let Some(body) = body else { return Ok(()) };
        let mut entries = merge::entries(&self.message.ext, self.to).peekable();
        let outgoing = if entries.peek().is_none() {
            Outgoing::Plain(body)
        } else {
            let mut object = json::to_object("encoding a message for ollama", &body)?;
            entries.for_each(|entry| merge::merge(&mut object, entry));
            Outgoing::Merged(object)
        };
        self.out.push(outgoing);
        Ok(())
    }
}

fn append<'a>(content: &mut Cow<'a, str>, text: &'a str, between: &str) {
    if content.is_empty() {
        *content = Cow::Borrowed(text);
    } else if !text.is_empty() {
        let content = content.to_mut();
        content.push_str(between);
        content.push_str(text);
    }
}

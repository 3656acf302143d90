//! Messages on their way out.

use std::borrow::Cow;

use llm_core::{
    Error, Executor, Media, MediaData, Message, Origin, Part, PartKind, Role, ToolResult, ToolStatus, Warnings,
    base64_text,
};
use llm_wire::json::{Object, Patch, Patched};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::API;
use crate::chat::{DOCUMENT, TOOL_PLAN};

/// A message.
#[derive(Default)]
pub(super) struct OutMessage<'a> {
    role: &'a str,
    content: Option<Content<'a>>,
    tool_plan: Option<&'a str>,
    tool_calls: Vec<Call<'a>>,
    tool_call_id: Option<&'a str>,
    patch: Patch<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    Parts(Vec<OutPart<'a>>),
}

/// A part with the settings for it.
struct OutPart<'a> {
    said: Said<'a>,
    patch: Patch<'a>,
}

enum Said<'a> {
    Text(&'a str),
    Thinking(&'a str),
    ImageUrl(ImageUrl<'a>),
    Document(Cow<'a, Value>),
    /// As it came.
    Opaque(&'a Value),
}

struct ImageUrl<'a> {
    url: Cow<'a, str>,
    detail: Option<&'a str>,
}

impl Patched for ImageUrl<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.field("url", &self.url)?;
        object.some("detail", self.detail)?;
        object.end()
    }
}

struct Call<'a> {
    id: &'a str,
    function: Function<'a>,
    patch: Patch<'a>,
}

struct Function<'a> {
    name: &'a str,
    arguments: &'a str,
}

impl Patched for Function<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.field("name", self.name)?;
        object.field("arguments", self.arguments)?;
        object.end()
    }
}

/// A document that the answer may cite.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    id: String,
    data: DocumentData<'a>,
}

#[derive(Serialize)]
struct DocumentData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    text: Cow<'a, str>,
}

/// What the messages of one request are written with.
pub(super) struct Scope<'a, 'w> {
    to: &'w Origin,
    warnings: &'w mut Warnings,
    told: Vec<&'static str>,
    pub(super) documents: Vec<Document<'a>>,
}

impl<'a, 'w> Scope<'a, 'w> {
    pub(super) fn new(to: &'w Origin, warnings: &'w mut Warnings) -> Self {
        Self { to, warnings, told: Vec::new(), documents: Vec::new() }
    }

    /// Says once what cannot be sent.
    fn drop(&mut self, field: &'static str, why: &str) -> Result<(), Error> {
        if self.told.contains(&field) {
            return Ok(());
        }
        self.told.push(field);
        self.warnings.unsupported(field, why)
    }

    /// Writes a message; results of tools are messages of their own.
    pub(super) fn message(&mut self, message: &'a Message, out: &mut Vec<OutMessage<'a>>) -> Result<(), Error> {
        if message.name.is_some() {
            self.drop("messages.name", "the vendor does not name speakers")?;
        }
        let is_ours = message.origin.as_ref().is_none_or(|origin| origin.is_target(&self.to.provider, &self.to.model));
        let patch = Patch::to(&message.ext, self.to);
        let mut said = OutMessage { role: role(&message.role), patch, ..OutMessage::default() };
        let mut parts = Vec::new();
        for part in &message.content {
            self.facts(part, is_ours)?;
            let patch = Patch::to(&part.ext, self.to);
            let mut push = |said| parts.push(OutPart { said, patch });
            match &part.kind {
                PartKind::Text { text, .. } | PartKind::Refusal { text } => push(Said::Text(text)),
                PartKind::Reasoning { text, .. } => match (is_ours, text.is_empty()) {
                    (true, false) => push(Said::Thinking(text)),
                    (true, true) => self.drop("messages.reasoning", "it cannot be read")?,
                    (false, _) => self.drop("messages.reasoning", "another model thought it")?,
                },
                PartKind::Media(media) => self.media(media)?.into_iter().for_each(push),
                PartKind::ToolCall(call) if call.executed_by == Executor::Provider => {
                    self.drop("messages.content", "a call that another vendor ran itself cannot be told here")?;
                }
                PartKind::ToolCall(call) => said.tool_calls.push(Call {
                    id: &call.id,
                    function: Function { name: &call.name, arguments: &call.arguments },
                    patch,
                }),
                PartKind::ToolResult(result) => {
                    let result = self.result(result, message)?;
                    out.push(result);
                }
                PartKind::Opaque { kind, data } if kind == TOOL_PLAN => said.tool_plan = data.as_str(),
                PartKind::Opaque { kind, data } if kind == DOCUMENT => push(Said::Document(Cow::Borrowed(data))),
                PartKind::Opaque { kind, data } if is_own(kind) => push(Said::Opaque(data)),
                _ => self.drop("messages.content", "only another vendor knows this part")?,
            }
        }
        let is_result = message.content.iter().any(|part| matches!(part.kind, PartKind::ToolResult(_)));
        if is_result && parts.is_empty() && said.tool_calls.is_empty() {
            return Ok(());
        }
        let has_more = !said.tool_calls.is_empty() || said.tool_plan.is_some();
        said.content = content(parts, has_more);
        out.push(said);
        Ok(())
    }

    /// Says what stands beside a part and has no field.
    fn facts(&mut self, part: &Part, is_ours: bool) -> Result<(), Error> {
        if part.signature.is_some() {
            let why = if is_ours { "the vendor signs nothing" } else { "another model signed it" };
            self.drop("messages.signature", why)?;
        }
        if let Some(hint) = part.cache {
            self.drop("messages.content.cache", "the vendor caches by itself")?;
            if hint.ttl.is_some() {
                self.drop("messages.content.cache.ttl", "the vendor caches by itself")?;
            }
        }
        Ok(())
    }

    fn result(&mut self, result: &'a ToolResult, message: &'a Message) -> Result<OutMessage<'a>, Error> {
        if result.status != ToolStatus::Ok {
            self.drop("messages.tool_result.status", "the vendor does not ask whether a tool failed")?;
        }
        let mut parts = Vec::new();
        for part in &result.content {
            let patch = Patch::to(&part.ext, self.to);
            let mut push = |said| parts.push(OutPart { said, patch });
            match &part.kind {
                PartKind::Text { text, .. } => push(Said::Text(text)),
                PartKind::Opaque { kind, data } if kind == DOCUMENT => push(Said::Document(Cow::Borrowed(data))),
                PartKind::Opaque { kind, data } if is_own(kind) => push(Said::Opaque(data)),
                PartKind::Media(media) if text_of(media).is_some() => {
                    let text = text_of(media).unwrap_or_default();
                    let data = serde_json::json!({ "data": { "title": media.filename, "text": text } });
                    push(Said::Document(Cow::Owned(data)));
                }
                _ => self.drop("messages.tool_result", "the vendor takes texts and documents as results")?,
            }
        }
        let content = content(parts, false);
        let patch = Patch::to(&message.ext, self.to);
        Ok(OutMessage { role: "tool", content, tool_call_id: Some(&result.call_id), patch, ..OutMessage::default() })
    }

    fn told_adapted(&mut self, field: &'static str, how: &str) {
        if !self.told.contains(&field) {
            self.told.push(field);
            self.warnings.adapted(field, how);
        }
    }

    /// An image stays in its message; a document of text goes beside the messages, where the answer can cite it.
    fn media(&mut self, media: &'a Media) -> Result<Option<Said<'a>>, Error> {
        if let Some(text) = text_of(media) {
            self.told_adapted("messages.content.media", "sent as a document beside the messages");
            let id = format!("doc:{}", self.documents.len());
            self.documents.push(Document { id, data: DocumentData { title: media.filename.as_deref(), text } });
            return Ok(None);
        }
        let url = match &media.data {
            _ if media.family() != "image" => None,
            MediaData::Url { url } => Some(Cow::Borrowed(url.as_str())),
            MediaData::Inline { bytes } => {
                Some(Cow::Owned(format!("data:{};base64,{}", media.media_type, base64_text::encode(bytes))))
            }
            _ => None,
        };
        if let Some(url) = url {
            if media.filename.is_some() {
                self.drop("messages.content.media.filename", "the vendor takes no names of images")?;
            }
            return Ok(Some(Said::ImageUrl(ImageUrl { url, detail: media.detail.as_deref() })));
        }
        if media.filename.is_some() {
            self.drop("messages.content.media.filename", "its file is not sent")?;
        }
        self.drop("messages.content.media", "the vendor takes images and documents of text")?;
        Ok(None)
    }
}

impl Serialize for OutMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, self.patch)?;
        object.fixed("role", self.role)?;
        object.some("content", self.content.as_ref())?;
        object.some("tool_plan", self.tool_plan)?;
        object.some("tool_calls", (!self.tool_calls.is_empty()).then_some(&self.tool_calls))?;
        object.fixed_if("tool_call_id", self.tool_call_id)?;
        object.end()
    }
}

impl Serialize for OutPart<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Said::Opaque(data) = self.said {
            return data.serialize(serializer);
        }
        let mut object = Object::new(serializer, self.patch)?;
        match &self.said {
            Said::Text(text) => {
                object.fixed("type", "text")?;
                object.field("text", text)?;
            }
            Said::Thinking(thinking) => {
                object.fixed("type", "thinking")?;
                object.field("thinking", thinking)?;
            }
            Said::ImageUrl(image) => {
                object.fixed("type", "image_url")?;
                object.nested("image_url", Some(image))?;
            }
            Said::Document(document) => {
                object.fixed("type", "document")?;
                object.field("document", document)?;
            }
            Said::Opaque(_) => {}
        }
        object.end()
    }
}

impl Serialize for Call<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, self.patch)?;
        object.fixed("id", self.id)?;
        object.fixed("type", "function")?;
        object.nested("function", Some(&self.function))?;
        object.end()
    }
}

/// Whether an opaque part is one of this vendor's messages.
fn is_own(kind: &str) -> bool {
    kind != TOOL_PLAN && kind.strip_prefix(API).is_some_and(|rest| rest.starts_with('.'))
}

/// The text of a document of text.
fn text_of(media: &Media) -> Option<Cow<'_, str>> {
    match &media.data {
        MediaData::Text { text } => Some(Cow::Borrowed(text)),
        MediaData::Inline { bytes } if media.family() == "text" => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        _ => None,
    }
}

/// One text is a string. Nothing is nothing only where the message has calls.
fn content(mut parts: Vec<OutPart<'_>>, has_more: bool) -> Option<Content<'_>> {
    match parts.as_slice() {
        [] if has_more => None,
        [] => Some(Content::Text("")),
        [OutPart { said: Said::Text(text), patch }] if patch.is_empty() => Some(Content::Text(text)),
        _ => Some(Content::Parts(std::mem::take(&mut parts))),
    }
}

fn role(role: &Role) -> &str {
    match role {
        Role::Developer => "system",
        other => other.as_str(),
    }
}

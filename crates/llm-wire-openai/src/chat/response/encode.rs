//! A whole answer for OpenAI's clients.

use std::borrow::Cow;

use llm_core::{Candidate, ChatResponse, Citation, Executor, Finish, Media, Message, Part, PartKind};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::FAMILY;
use crate::chat::call::CallOut;
use crate::chat::finish;
use crate::chat::joined::{self, Joined};
use crate::chat::kept::{self, ANNOTATIONS, CHOICES, LOGPROBS, MESSAGES};
use crate::chat::piece::DETAILS;
use crate::json::{Added, Fields};
use crate::{media, usage};

/// Writes a whole answer. Without an id, a time or a model of its own it gets placeholders: clients want these fields.
pub fn encode_response(response: &ChatResponse) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(capacity(response));
    match serde_json::to_writer(&mut bytes, &Answer(response)) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}

/// About the length of the answer, so that the buffer rarely grows.
fn capacity(response: &ChatResponse) -> usize {
    fn length(message: &Message) -> usize {
        let length = |part: &Part| match &part.kind {
            PartKind::Text { text, .. } | PartKind::Reasoning { text, .. } | PartKind::Refusal { text } => text.len(),
            PartKind::ToolCall(call) => call.arguments.len() * 5 / 4 + 100,
            _ => 200,
        };
        let words = message.content.iter().map(length).sum::<usize>();
        128 + words + words / 16
    }
    let more = response.more.iter().map(|candidate| length(&candidate.message));
    640 + length(&response.message) + more.sum::<usize>()
}

struct Answer<'a>(&'a ChatResponse);

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let response = self.0;
        let added = Added::object(response.ext.of(FAMILY));
        let mut fields = Fields::new(serializer.serialize_map(None)?, added);
        fields.put("id", response.id.as_deref().unwrap_or(""))?;
        fields.put("object", "chat.completion")?;
        fields.put("created", &response.created.unwrap_or(0))?;
        fields.put("model", response.model.as_deref().unwrap_or(&response.origin.model))?;
        fields.put("choices", &Choices(response))?;
        if response.usage != llm_core::Usage::default() {
            fields.put("usage", &usage::Encoded(&response.usage))?;
        }
        fields.put_some("service_tier", response.service_tier.as_deref())?;
        fields.put_some("system_fingerprint", response.system_fingerprint.as_deref())?;
        fields.end()
    }
}

struct Choices<'a>(&'a ChatResponse);

impl Serialize for Choices<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let response = self.0;
        let first = std::iter::once((&response.message, &response.finish));
        let more = response.more.iter().map(|Candidate { message, finish }| (message, finish));
        let choices = first.chain(more).enumerate();
        serializer.collect_seq(choices.map(|(number, (message, finish))| Choice { response, number, message, finish }))
    }
}

struct Choice<'a> {
    response: &'a ChatResponse,
    number: usize,
    message: &'a Message,
    finish: &'a Finish,
}

impl Serialize for Choice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let added = Added::object(kept::of(&self.response.ext, CHOICES, self.number));
        let mut fields = Fields::new(serializer.serialize_map(None)?, added);
        fields.put("index", &self.number)?;
        fields.put("message", &Said { response: self.response, number: self.number, message: self.message })?;
        fields.put(LOGPROBS, &())?;
        fields.put("finish_reason", finish::encode(self.finish))?;
        fields.put_some("native_finish_reason", finish::native(self.finish))?;
        fields.end()
    }
}

struct Said<'a> {
    response: &'a ChatResponse,
    number: usize,
    message: &'a Message,
}

impl Serialize for Said<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parts = &self.message.content[..];
        let origin = &*self.response.origin;
        let added = Added::object(kept::of(&self.response.ext, MESSAGES, self.number));
        let mut fields = Fields::new(serializer.serialize_map(None)?, added);
        fields.put("role", "assistant")?;
        let calls = Calls { parts, origin };
        match Joined::new(parts, joined::text) {
            Some(text) => fields.put("content", &text)?,
            None if calls.any() || Joined::new(parts, joined::refusal).is_some() => fields.put("content", &())?,
            None => fields.put("content", "")?,
        }
        fields.put("refusal", &Joined::new(parts, joined::refusal))?;
        fields.put_some("reasoning_content", Joined::new(parts, joined::reasoning))?;
        fields.put_some(DETAILS, parts.iter().find_map(|part| Added::new(&part.ext, origin).value(DETAILS)))?;
        if calls.any() {
            fields.put("tool_calls", &calls)?;
        }
        if parts.iter().any(|part| matches!(&part.kind, PartKind::Text { citations, .. } if !citations.is_empty())) {
            fields.put(ANNOTATIONS, &Annotations(parts))?;
        }
        let mut media = parts.iter().filter_map(|part| match &part.kind {
            PartKind::Media(media) => Some((part, media)),
            _ => None,
        });
        if let Some((part, sound)) = media.clone().find(|(_, media)| media.family() == "audio") {
            fields.put("audio", &Sound { facts: part.ext.of(FAMILY), media: sound })?;
        }
        if media.any(|(_, media)| media.family() == "image") {
            fields.put("images", &Images(parts))?;
        }
        fields.end()
    }
}

struct Calls<'a> {
    parts: &'a [Part],
    origin: &'a llm_core::Origin,
}

impl<'a> Calls<'a> {
    fn any(&self) -> bool {
        self.iter().next().is_some()
    }

    fn iter(&self) -> impl Iterator<Item = CallOut<'a>> {
        self.parts.iter().filter_map(|part| match &part.kind {
            PartKind::ToolCall(call) if call.executed_by == Executor::Client => {
                Some(CallOut { id: Cow::Borrowed(&call.id), call, added: Added::new(&part.ext, self.origin) })
            }
            _ => None,
        })
    }
}

impl Serialize for Calls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

struct Annotations<'a>(&'a [Part]);

impl Serialize for Annotations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let citations = self.0.iter().flat_map(|part| match &part.kind {
            PartKind::Text { citations, .. } => &citations[..],
            _ => &[],
        });
        serializer.collect_seq(citations.map(Annotation))
    }
}

/// A source: as the vendor of this protocol wrote it, else in OpenAI's form.
pub(crate) struct Annotation<'a>(pub(crate) &'a Citation);

impl Serialize for Annotation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Source<'a> {
            url: &'a str,
            title: &'a str,
            start_index: u32,
            end_index: u32,
            #[serde(skip_serializing_if = "Option::is_none")]
            content: Option<&'a str>,
        }
        if let Some(own) = self.0.ext.of(FAMILY) {
            return own.serialize(serializer);
        }
        let (start_index, end_index) = self.0.span.unwrap_or_default();
        let title = self.0.title.as_deref().unwrap_or("");
        let source = Source { url: &self.0.source, title, start_index, end_index, content: self.0.quote.as_deref() };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("type", "url_citation")?;
        map.serialize_entry("url_citation", &source)?;
        map.end()
    }
}

struct Sound<'a> {
    facts: Option<&'a Map<String, Value>>,
    media: &'a Media,
}

impl Serialize for Sound<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields::new(serializer.serialize_map(None)?, Added::object(self.facts));
        fields.put("id", "")?;
        fields.put("data", &media::inline_text(self.media))?;
        fields.put("transcript", "")?;
        fields.put("expires_at", &0)?;
        fields.end()
    }
}

struct Images<'a>(&'a [Part]);

impl Serialize for Images<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Url {
            url: String,
        }
        #[derive(Serialize)]
        struct Image {
            r#type: &'static str,
            image_url: Url,
        }
        let images = self.0.iter().filter_map(|part| match &part.kind {
            PartKind::Media(media) if media.family() == "image" => media::to_url(media),
            _ => None,
        });
        serializer.collect_seq(images.map(|url| Image { r#type: "image_url", image_url: Url { url } }))
    }
}

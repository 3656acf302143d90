//! The content of a message, and of a call's result.

use llm_core::{Citation, Media};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::json::{Added, Fields};
use crate::media::{Base64, Shown, audio_format};
use crate::responses::FAMILY;

/// Content: one plain text, or a list of parts.
pub(in crate::responses) enum Content<'a> {
    Text(&'a str),
    Parts(Vec<ContentOut<'a>>),
}

impl<'a> Content<'a> {
    /// A single text that says nothing else is a string.
    pub(in crate::responses) fn of(mut parts: Vec<ContentOut<'a>>) -> Self {
        match parts.as_slice() {
            [] => Self::Text(""),
            [ContentOut { body: Body::Text { text, sources: None, .. }, added }] if added.is_empty() => {
                Self::Text(text)
            }
            _ => {
                parts.shrink_to_fit();
                Self::Parts(parts)
            }
        }
    }
}

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Parts(parts) => parts.serialize(serializer),
        }
    }
}

/// One part.
pub(in crate::responses) struct ContentOut<'a> {
    pub(in crate::responses) body: Body<'a>,
    pub(in crate::responses) added: Added<'a>,
}

/// What a part says.
pub(in crate::responses) enum Body<'a> {
    /// The type is `input_text` or `output_text`; with `sources`, even none, it is said which they are.
    Text {
        kind: &'static str,
        text: &'a str,
        sources: Option<&'a [Citation]>,
    },
    Refusal(&'a str),
    Image(&'a Media),
    ImageId(&'a str, Option<&'a str>),
    File(&'a Media),
    FileUrl(&'a str, Option<&'a str>),
    FileId(&'a str),
    Audio(&'a Media, &'a [u8]),
    Own(&'a Value),
}

impl<'a> ContentOut<'a> {
    pub(in crate::responses) fn new(body: Body<'a>, added: Added<'a>) -> Self {
        Self { body, added }
    }
}

impl Serialize for ContentOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Body::Own(data) = self.body {
            return data.serialize(serializer);
        }
        let mut fields = Fields::new(serializer.serialize_map(None)?, self.added);
        match &self.body {
            Body::Text { kind, text, sources } => {
                fields.put("type", kind)?;
                fields.put("text", text)?;
                fields.put_some("annotations", sources.map(|citations| Annotations { citations, text }))?;
            }
            Body::Refusal(text) => {
                fields.put("type", "refusal")?;
                fields.put("refusal", text)?;
            }
            Body::Image(media) => {
                fields.put("type", "input_image")?;
                fields.put("image_url", &Shown(media))?;
                fields.put_some("detail", media.detail.as_deref())?;
            }
            Body::ImageId(id, detail) => {
                fields.put("type", "input_image")?;
                fields.put("file_id", id)?;
                fields.put_some("detail", *detail)?;
            }
            Body::File(media) => {
                fields.put("type", "input_file")?;
                fields.put_some("filename", media.filename.as_deref())?;
                fields.put("file_data", &Shown(media))?;
            }
            Body::FileUrl(url, filename) => {
                fields.put("type", "input_file")?;
                fields.put_some("filename", *filename)?;
                fields.put("file_url", url)?;
            }
            Body::FileId(id) => {
                fields.put("type", "input_file")?;
                fields.put("file_id", id)?;
            }
            Body::Audio(media, bytes) => {
                fields.put("type", "input_audio")?;
                fields.put("input_audio", &Audio { data: Base64(bytes), format: audio_format(&media.media_type) })?;
            }
            Body::Own(_) => {}
        }
        fields.end()
    }
}

#[derive(Serialize)]
struct Audio<'a> {
    data: Base64<'a>,
    format: &'a str,
}

struct Annotations<'a> {
    citations: &'a [Citation],
    text: &'a str,
}

impl Serialize for Annotations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.citations.len()))?;
        for citation in self.citations {
            list.serialize_element(&annotation(citation, self.text))?;
        }
        list.end()
    }
}

/// A source as this API writes it: in the vendor's own form where it came so.
pub(in crate::responses) fn annotation<'a>(citation: &'a Citation, text: &'a str) -> impl Serialize + 'a {
    Annotation { citation, text }
}

struct Annotation<'a> {
    citation: &'a Citation,
    text: &'a str,
}

impl Serialize for Annotation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(own) = self.citation.ext.of(FAMILY) {
            return own.serialize(serializer);
        }
        let characters = |bytes: u32| self.text.get(..bytes as usize).map_or(0, |before| before.chars().count());
        let (start, end) = self.citation.span.unwrap_or_default();
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("type", "url_citation")?;
        map.serialize_entry("url", &self.citation.source)?;
        map.serialize_entry("title", self.citation.title.as_deref().unwrap_or(""))?;
        map.serialize_entry("start_index", &characters(start))?;
        map.serialize_entry("end_index", &characters(end))?;
        map.end()
    }
}

//! One part of a message's content.

use llm_core::{CacheHint, Error, Media, MediaData, Origin, Part, PartKind};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::FAMILY;
use crate::chat::joined::{self, Joined};
use crate::dialect::{CacheForm, Dialect};
use crate::encoded::Notes;
use crate::json::{Added, Fields};
use crate::media::{Base64, Shown, audio_format};

/// A part as it is written.
#[derive(Debug)]
pub(super) struct PartOut<'a> {
    body: Body<'a>,
    cache: Option<CacheControl>,
    added: Added<'a>,
}

#[derive(Debug)]
enum Body<'a> {
    Text(&'a str),
    Image(&'a Media),
    Video(&'a Media),
    Audio(&'a Media, &'a [u8]),
    File(&'a Media),
    FileId(&'a str),
    Document(&'a Media),
    /// The reasoning among these parts.
    Thoughts(&'a [Part]),
    Own(&'a Value),
}

/// Anthropic's mark, which several vendors of this protocol pass on.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct CacheControl {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
}

impl CacheControl {
    pub(super) fn new(hint: CacheHint) -> Self {
        // The two that exist; anything longer than the first is the second.
        let ttl = hint.ttl.map(|ttl| if ttl.as_secs() > 300 { "1h" } else { "5m" });
        Self { r#type: "ephemeral", ttl }
    }
}

impl<'a> PartOut<'a> {
    /// The part, or `None` with a warning. Text is always possible; calls and results are no parts here.
    pub(super) fn new(
        part: &'a Part,
        to: &Origin,
        dialect: &Dialect,
        notes: &mut Notes,
    ) -> Result<Option<Self>, Error> {
        let body = match &part.kind {
            PartKind::Text { text, .. } => Body::Text(text),
            PartKind::Media(media) => match of_media(media, to, dialect) {
                Ok(body) => body,
                Err(why) => {
                    notes.unsupported("messages.content.media", why)?;
                    // Each is a wish of its own, and one that is not told of would be dropped in silence.
                    if media.filename.is_some() {
                        notes.unsupported("messages.content.media.filename", why)?;
                    }
                    if media.detail.is_some() {
                        notes.unsupported("messages.content.media.detail", why)?;
                    }
                    return Ok(None);
                }
            },
            PartKind::Opaque { kind, data } if kind.strip_prefix(FAMILY).is_some_and(|rest| rest.starts_with('.')) => {
                Body::Own(data)
            }
            PartKind::Opaque { .. } => {
                notes.unsupported("messages.content.opaque", "an item of another vendor has no meaning here")?;
                return Ok(None);
            }
            PartKind::Unknown(_) => {
                notes.unsupported("messages.content.unknown", "this version does not know the type of the part")?;
                return Ok(None);
            }
            _ => {
                notes.unsupported("messages.content", "this part cannot stand in a message of this role")?;
                return Ok(None);
            }
        };
        Ok(Some(Self { body, cache: cache(part, dialect, notes)?, added: Added::new(&part.ext, to) }))
    }

    /// Plain words.
    pub(super) fn of_text(text: &'a str) -> Self {
        Self { body: Body::Text(text), cache: None, added: Added::default() }
    }

    /// The reasoning of a message.
    pub(super) fn of_thoughts(parts: &'a [Part]) -> Self {
        Self { body: Body::Thoughts(parts), cache: None, added: Added::default() }
    }

    /// The words of a part that says nothing else.
    pub(super) fn plain_text(&self) -> Option<&'a str> {
        match self.body {
            Body::Text(text) if self.cache.is_none() && self.added.is_empty() => Some(text),
            _ => None,
        }
    }

    /// It says more than its words, which is lost where they are joined with others.
    pub(super) fn says_more(&self) -> bool {
        self.text().is_some() && self.plain_text().is_none()
    }

    /// The words of a part, whatever else it says.
    pub(super) fn text(&self) -> Option<&'a str> {
        match self.body {
            Body::Text(text) => Some(text),
            _ => None,
        }
    }
}

fn cache(part: &Part, dialect: &Dialect, notes: &mut Notes) -> Result<Option<CacheControl>, Error> {
    match (part.cache, dialect.cache) {
        (None, _) => Ok(None),
        (Some(hint), CacheForm::CacheControl) => Ok(Some(CacheControl::new(hint))),
        (Some(hint), CacheForm::None) => notes.cache(hint).map(|()| None),
    }
}

/// The form of a medium, or why there is none.
fn of_media<'a>(media: &'a Media, to: &Origin, dialect: &Dialect) -> Result<Body<'a>, &'static str> {
    let body = match (&media.data, media.family()) {
        (MediaData::Text { text }, _) => return Ok(Body::Text(text)),
        (MediaData::File { refs }, _) => match refs.get(&*to.provider).or_else(|| refs.get(&*to.api)) {
            Some(id) => Body::FileId(id),
            None => return Err("the file was not uploaded to this provider"),
        },
        (_, "image") => Body::Image(media),
        (_, "video") => Body::Video(media),
        (MediaData::Inline { bytes }, "audio") => Body::Audio(media, bytes),
        (MediaData::Inline { .. } | MediaData::Url { .. }, "application") if dialect.media.contains(&DOCUMENT) => {
            Body::Document(media)
        }
        (MediaData::Inline { .. }, _) => Body::File(media),
        (MediaData::Url { .. }, "application") if dialect.media.contains(&FILE_URL) => Body::File(media),
        _ => return Err("this protocol takes no url for this type of content"),
    };
    if dialect.media.contains(&body.kind()) { Ok(body) } else { Err("this vendor does not take this type of content") }
}

/// A file by its address, where its content would be.
const FILE_URL: &str = "file_url";

/// Mistral's form of a document.
const DOCUMENT: &str = "document_url";

impl Body<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Own(_) => "text",
            Self::Image(_) => "image_url",
            Self::Video(_) => "video_url",
            Self::Audio(..) => "input_audio",
            Self::File(_) | Self::FileId(_) => "file",
            Self::Document(_) => DOCUMENT,
            Self::Thoughts(_) => "thinking",
        }
    }
}

impl Serialize for PartOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Body::Own(data) = self.body {
            return data.serialize(serializer);
        }
        let kind = self.body.kind();
        let mut fields = Fields::new(serializer.serialize_map(None)?, self.added);
        fields.put("type", kind)?;
        match &self.body {
            Body::Text(text) => fields.put("text", text)?,
            Body::Image(media) | Body::Video(media) => {
                fields.put(kind, &Url { url: Shown(media), detail: media.detail.as_deref() })?;
            }
            Body::Audio(media, bytes) => {
                fields.put(kind, &Audio { data: Base64(bytes), format: audio_format(&media.media_type) })?;
            }
            Body::File(media) => {
                fields.put(kind, &File { file_data: Shown(media), filename: media.filename.as_deref() })?;
            }
            Body::FileId(file_id) => fields.put(kind, &FileId { file_id })?,
            Body::Document(media) => {
                fields.put(kind, &Shown(media))?;
                fields.put_some("document_name", media.filename.as_deref())?;
            }
            Body::Thoughts(parts) => {
                if let Some(text) = Joined::new(parts, joined::reasoning) {
                    fields.put(kind, &[Words { r#type: "text", text }])?;
                }
            }
            Body::Own(_) => {}
        }
        fields.put_some("cache_control", self.cache.as_ref())?;
        fields.end()
    }
}

#[derive(Serialize)]
struct Words<T> {
    r#type: &'static str,
    text: T,
}

#[derive(Serialize)]
struct Url<'a> {
    url: Shown<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[derive(Serialize)]
struct Audio<'a> {
    data: Base64<'a>,
    format: &'a str,
}

#[derive(Serialize)]
struct File<'a> {
    file_data: Shown<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
}

#[derive(Serialize)]
struct FileId<'a> {
    file_id: &'a str,
}

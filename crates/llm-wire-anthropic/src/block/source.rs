//! Where the content of an image or a document is, both ways.

use llm_core::{Media, MediaData, Origin, base64_text};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::API;
use llm_wire::json::{Fields, Object, Patch, Patched};

/// Where the content is, as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'a> {
    Base64 { media_type: &'a str, bytes: &'a [u8] },
    Text { text: &'a str },
    Url { url: &'a str },
    File { id: &'a str },
}

impl<'a> Source<'a> {
    /// The source of some media for one target; `None` when the vendor cannot have it (see [`unsupported_media`]).
    pub(crate) fn of(media: &'a Media, to: &Origin) -> Option<Self> {
        Some(match &media.data {
            MediaData::Inline { bytes } => {
                // Documents that are not PDF go as plain text; base64 is refused for them.
                let text = if media.family() == "text" { std::str::from_utf8(bytes).ok() } else { None };
                text.map_or(Self::Base64 { media_type: &media.media_type, bytes }, |text| Self::Text { text })
            }
            MediaData::Url { url } => Self::Url { url },
            MediaData::File { refs } => Self::File { id: refs.get(&*to.provider).or_else(|| refs.get(API))? },
            MediaData::Text { text } => Self::Text { text },
            _ => return None,
        })
    }

    /// Reads a source. What it does not know is left in the third part, for the settings of the part.
    pub(crate) fn read(raw: &RawValue, image: bool) -> Option<(String, MediaData, Map<String, Value>)> {
        let mut fields = Fields::read(raw)?;
        let any = || if image { "image/*" } else { "application/pdf" }.to_owned();
        let (media_type, data) = match &*fields.take_text("type")? {
            "base64" => {
                let media_type = fields.take_text("media_type")?.into_owned();
                (media_type, MediaData::Inline { bytes: base64_text::decode(&fields.take_text("data")?)? })
            }
            "text" => {
                let media_type = fields.take_text("media_type").map_or_else(|| "text/plain".into(), Into::into);
                (media_type, MediaData::Text { text: fields.take_text("data")?.into_owned() })
            }
            "url" => (any(), MediaData::Url { url: fields.take_text("url")?.into_owned() }),
            "file" => {
                let refs = [(API.to_owned(), fields.take_text("file_id")?.into_owned())].into();
                (any(), MediaData::File { refs })
            }
            _ => return None,
        };
        Some((media_type, data, fields.rest()))
    }
}

impl Patched for Source<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        match self {
            Self::Base64 { media_type, bytes } => {
                object.field("type", "base64")?;
                object.field("media_type", media_type)?;
                object.field("data", &base64_text::encode(bytes))?;
            }
            Self::Text { text } => {
                object.field("type", "text")?;
                object.field("media_type", "text/plain")?;
                object.field("data", text)?;
            }
            Self::Url { url } => {
                object.field("type", "url")?;
                object.field("url", url)?;
            }
            Self::File { id } => {
                object.field("type", "file")?;
                object.field("file_id", id)?;
            }
        }
        object.end()
    }
}

impl Serialize for Source<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.write(Patch::default(), serializer)
    }
}

/// Why some media cannot be sent; `None` when it can.
pub(crate) fn unsupported_media(media: &Media, to: &Origin) -> Option<&'static str> {
    match media.family() {
        "audio" => Some("the messages API takes no audio"),
        "video" => Some("the messages API takes no video"),
        _ if Source::of(media, to).is_none() => Some("the file was not uploaded to this provider"),
        _ => None,
    }
}

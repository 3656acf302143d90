//! From a part of a message to a part of the wire.

use std::borrow::Cow;

use llm_core::{Media, MediaData, PartKind, base64_text};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::OPAQUE;
use crate::wire::Merging;

/// A part to write.
#[derive(Debug)]
pub(crate) struct WrittenPart<'a> {
    pub(crate) payload: Payload<'a>,
    pub(crate) signature: Option<&'a str>,
    pub(crate) ext: Option<Cow<'a, Map<String, Value>>>,
}

/// What is in it.
#[derive(Debug)]
pub(crate) enum Payload<'a> {
    Text(&'a str),
    Thought(&'a str),
    Call { id: Option<&'a str>, name: &'a str, arguments: JsonObject<'a> },
    Response { id: Option<&'a str>, name: &'a str, response: JsonObject<'a>, parts: Vec<Blob<'a>> },
    Blob(Blob<'a>),
    Opaque(&'a Map<String, Value>),
}

/// Media to write.
#[derive(Debug)]
pub(crate) struct Blob<'a> {
    media_type: &'a str,
    data: BlobData<'a>,
    /// What other parts may call it by.
    pub(crate) name: Option<&'a str>,
}

#[derive(Debug)]
enum BlobData<'a> {
    Bytes(&'a [u8]),
    Base64(&'a str),
    File(&'a str),
}

/// Something that must be an object at the vendor.
#[derive(Debug)]
pub(crate) enum JsonObject<'a> {
    Empty,
    /// It is one.
    Object(&'a RawValue),
    /// It is made one of a single text.
    Wrapped(&'static str, Cow<'a, str>),
}

impl<'a> JsonObject<'a> {
    /// The arguments of a call. What is no object was cut off, or written by a model with other habits.
    pub(crate) fn of(json: &'a str) -> Self {
        match serde_json::from_str::<&RawValue>(json) {
            Ok(raw) if raw.get().starts_with('{') => Self::Object(raw),
            Ok(raw) if raw.get() == "null" => Self::Empty,
            _ if json.trim().is_empty() => Self::Empty,
            _ => Self::Wrapped("arguments", json.into()),
        }
    }
}

/// How a kind of part is written; the error says why it cannot be. `reader` are the names under which files may stand.
pub(crate) fn payload<'a>(kind: &'a PartKind, readers: &[&str]) -> Result<Payload<'a>, &'static str> {
    Ok(match kind {
        PartKind::Text { text, .. } | PartKind::Refusal { text } => Payload::Text(text),
        PartKind::Media(Media { data: MediaData::Text { text }, .. }) => Payload::Text(text),
        PartKind::Media(media) => Payload::Blob(blob(media, readers)?),
        PartKind::ToolCall(call) if call.executed_by == llm_core::Executor::Provider => {
            return Err("another vendor ran this tool itself");
        }
        PartKind::ToolCall(call) => {
            Payload::Call { id: vendors_id(&call.id), name: &call.name, arguments: JsonObject::of(&call.arguments) }
        }
        PartKind::Reasoning { encrypted: Some(_), .. } => return Err("encrypted reasoning of another vendor"),
        PartKind::Reasoning { text, .. } => Payload::Thought(text),
        PartKind::Opaque { kind, data: Value::Object(data) } if kind.starts_with(OPAQUE) => Payload::Opaque(data),
        PartKind::Opaque { .. } => return Err("an item that only another vendor understands"),
        PartKind::ToolResult(_) => return Err("a tool result has no place here"),
        _ => return Err("a part of a type that this version does not know"),
    })
}

/// Media as bytes or by address; plain text is no media to the vendor.
pub(crate) fn blob<'a>(media: &'a Media, readers: &[&str]) -> Result<Blob<'a>, &'static str> {
    let mut media_type = media.media_type.as_str();
    let data = match &media.data {
        MediaData::Inline { bytes } => BlobData::Bytes(bytes),
        MediaData::Url { url } => match url.strip_prefix("data:").and_then(|data| data.split_once(";base64,")) {
            Some((said, base64)) => {
                media_type = said;
                BlobData::Base64(base64)
            }
            None => BlobData::File(url),
        },
        MediaData::File { refs } => {
            let uri = readers.iter().find_map(|reader| refs.get(*reader));
            BlobData::File(uri.ok_or("the file was not uploaded to this vendor")?)
        }
        _ => return Err("media from a source that this version does not know"),
    };
    Ok(Blob { media_type, data, name: media.filename.as_deref() })
}

/// An id unless it was made up for a call that the vendor gave none.
pub(crate) fn vendors_id(id: &str) -> Option<&str> {
    let made_up = id.strip_prefix("call_").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    (!made_up && !id.is_empty()).then_some(id)
}

impl Serialize for WrittenPart<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Payload::Opaque(data) = self.payload {
            let ext = self.ext.iter().flat_map(|ext| ext.iter()).filter(|(name, _)| !data.contains_key(*name));
            data.iter().chain(ext).try_for_each(|(name, value)| map.serialize_entry(name, value))?;
            if let Some(signature) = self.signature {
                map.serialize_entry("thoughtSignature", signature)?;
            }
            return map.end();
        }
        let mut map = Merging::new(map, self.ext.as_deref());
        match &self.payload {
            Payload::Text(text) => map.field("text", text)?,
            Payload::Thought(text) => {
                map.field("text", text)?;
                map.field("thought", &true)?;
            }
            Payload::Call { id, name, arguments: args } => map.field("functionCall", &Call { id: *id, name, args })?,
            Payload::Response { id, name, response, parts } => {
                map.field("functionResponse", &FunctionResponse { id: *id, name, response, parts })?;
            }
            Payload::Blob(blob) => blob.field(&mut map)?,
            Payload::Opaque(_) => {}
        }
        map.optional("thoughtSignature", self.signature.as_ref())?;
        map.end()
    }
}

impl Blob<'_> {
    fn field<M: SerializeMap>(&self, map: &mut Merging<'_, M>) -> Result<(), M::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Inline<'a> {
            mime_type: &'a str,
            data: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            display_name: Option<&'a str>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct File<'a> {
            // The vendor looks by itself; a pattern (`image/*`) is no MIME type.
            #[serde(skip_serializing_if = "Option::is_none")]
            mime_type: Option<&'a str>,
            #[serde(rename = "fileUri")]
            address: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            display_name: Option<&'a str>,
        }
        let (mime_type, display_name) = (self.media_type, self.name);
        match self.data {
            BlobData::Bytes(bytes) => {
                map.field("inlineData", &Inline { mime_type, data: &base64_text::encode(bytes), display_name })
            }
            BlobData::Base64(data) => map.field("inlineData", &Inline { mime_type, data, display_name }),
            BlobData::File(address) => {
                let mime_type = Some(mime_type).filter(|given| !given.is_empty() && !given.contains('*'));
                map.field("fileData", &File { mime_type, address, display_name })
            }
        }
    }
}

impl Serialize for Blob<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = Merging::new(serializer.serialize_map(None)?, None);
        self.field(&mut map)?;
        map.end()
    }
}

impl Serialize for JsonObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => serializer.serialize_map(Some(0))?.end(),
            Self::Object(raw) => raw.serialize(serializer),
            Self::Wrapped(name, text) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(name, text)?;
                map.end()
            }
        }
    }
}

#[derive(Serialize)]
struct Call<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    name: &'a str,
    args: &'a JsonObject<'a>,
}

#[derive(Serialize)]
struct FunctionResponse<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    name: &'a str,
    response: &'a JsonObject<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    parts: &'a [Blob<'a>],
}

//! Images, documents, video and sound, both ways.

use std::borrow::Cow;

use llm_core::Error;
use llm_core::{Media, MediaData, Origin, Part, base64_text};
use llm_wire::json::{self, Fields, Object, Patch, Patched, Path, Text};
use serde::Serialize;
use serde::ser::Serializer;
use serde_json::value::RawValue;

use super::format;
use crate::API;

/// Some media as it is written.
pub(crate) struct WireMedia<'a> {
    /// The name of the block: `image`, `document`, `video`, `audio`.
    pub(crate) block: &'static str,
    pub(crate) format: &'static str,
    /// Documents have a name.
    pub(crate) name: Option<Cow<'a, str>>,
    source: Source<'a>,
}

/// Where the content is.
enum Source<'a> {
    Bytes(&'a [u8]),
    Text(&'a str),
    S3(&'a str),
}

/// Why some media cannot be sent.
const NO_URL: &str = "the vendor fetches nothing but s3:// addresses";
const NO_FILE: &str = "the file was not uploaded to this provider; its reference is an s3:// address";
const NO_FORMAT: &str = "the vendor does not take this format";

impl<'a> WireMedia<'a> {
    /// Some media for one target, or why it cannot be sent.
    pub(crate) fn of(media: &'a Media, to: &Origin) -> Result<Self, &'static str> {
        let block = format::block(media.family());
        let source = match &media.data {
            MediaData::Inline { bytes } => Source::Bytes(bytes),
            MediaData::Text { text } => Source::Text(text),
            MediaData::Url { url } if url.starts_with("s3://") => Source::S3(url),
            MediaData::Url { .. } => return Err(NO_URL),
            MediaData::File { refs } => match refs.get(&*to.provider).or_else(|| refs.get(API)) {
                Some(uri) if uri.starts_with("s3://") => Source::S3(uri),
                _ => return Err(NO_FILE),
            },
            _ => return Err("this version does not know where the content is"),
        };
        let by_name = || match source {
            Source::S3(uri) => format::of_name(block, uri),
            _ => None,
        };
        // Any other text is plain text to a model.
        let plain = (media.family() == "text" || matches!(source, Source::Text(_))).then_some("txt");
        let format = format::of_type(&media.media_type).or_else(by_name).or(plain).ok_or(NO_FORMAT)?;
        Ok(Self { block, format, name: None, source })
    }
}

/// A document's name as the vendor takes it: letters, digits, single blanks, `-`, `(`, `)`, `[`, `]`, and `_`, which the
/// reference does not name (recorded traffic, 2026-11); no ending.
pub(crate) fn document_name(filename: &str) -> String {
    let stem = match filename.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 5 => stem,
        _ => filename,
    };
    let mut name = String::with_capacity(stem.len());
    for c in stem.chars().take(200) {
        let c = if c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '(' | ')' | '[' | ']') { c } else { '-' };
        if !(c == ' ' && name.ends_with(' ')) {
            name.push(c);
        }
    }
    name
}

impl Patched for WireMedia<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.field("format", self.format)?;
        object.some("name", self.name.as_deref())?;
        object.nested("source", Some(&self.source))?;
        object.end()
    }
}

impl Patched for Source<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        match self {
            Self::Bytes(bytes) => object.field("bytes", &base64_text::encode(bytes))?,
            Self::Text(text) => object.field("text", text)?,
            Self::S3(uri) => object.nested("s3Location", Some(&Location(uri)))?,
        }
        object.end()
    }
}

struct Location<'a>(&'a str);

impl Patched for Location<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.field("uri", self.0)?;
        object.end()
    }
}

impl Serialize for WireMedia<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.write(Patch::default(), serializer)
    }
}

/// Reads a block of media; `None` when its source is of a kind that only the vendor knows.
pub(super) fn decode(block: &str, raw: &RawValue, at: &Path<'_>) -> Result<Option<Part>, Error> {
    let mut fields = json::object(raw, at)?;
    let place = at.field("source");
    let source = fields.take("source").ok_or_else(|| place.must_be("an object"))?;
    let mut source = json::object(source, &place)?;
    let format = fields.take_text("format");
    let (data, rest) = if let Some(raw) = source.take("bytes") {
        let text = json::string(raw, &place.field("bytes"))?;
        let bytes = base64_text::decode(&text).ok_or_else(|| place.field("bytes").must_be("base64"))?;
        (MediaData::Inline { bytes }, source.rest())
    } else if let Some(raw) = source.take("text") {
        (MediaData::Text { text: json::string(raw, &place.field("text"))?.into_owned() }, source.rest())
    } else if let Some((url, rest)) = source.take("s3Location").and_then(read_location) {
        let mut all = source.rest();
        if !rest.is_empty() {
            all.insert("s3Location".to_owned(), rest.into());
        }
        (MediaData::Url { url }, all)
    } else {
        return Ok(None);
    };
    let known = format.as_deref().map(|format| format::media_type(block, format));
    let media_type = match (known, &data) {
        (Some(Some(media_type)), _) => media_type.to_owned(),
        (None, MediaData::Text { .. }) => "text/plain".to_owned(),
        // A format of tomorrow.
        (Some(None), _) => return Ok(None),
        (None, _) => return Err(at.field("format").must_be("a string")),
    };
    let filename = if block == "document" { fields.take_text("name").map(Into::into) } else { None };
    let mut part = Part::media(Media { media_type, data, filename, detail: None });
    let mut settings = fields.rest();
    if !rest.is_empty() {
        settings.insert("source".to_owned(), rest.into());
    }
    if !settings.is_empty() {
        part.ext.0.insert(API.to_owned(), settings);
    }
    Ok(Some(part))
}

fn read_location(raw: &RawValue) -> Option<(String, serde_json::Map<String, serde_json::Value>)> {
    let mut fields = Fields::read(raw)?;
    let uri = fields.take("uri")?;
    let Text(uri) = serde_json::from_str(uri.get()).ok()?;
    Some((uri.into_owned(), fields.rest()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_documents_lose_what_the_vendor_refuses() {
        let check = |from, to| assert_eq!(document_name(from), to);
        check("report.pdf", "report");
        check("company_policy", "company_policy");
        check("a  b.tar.gz", "a b-tar");
        check("Größe (2) [x]", "Gr--e (2) [x]");
        check(".env", "-env");
    }
}

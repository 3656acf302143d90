//! What image is asked for: JSON for one from words, a form for one from others.

use bytes::Bytes;
use llm_core::{Error, ErrorKind, ImageDelivery, ImageRequest, Media, Origin};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::FAMILY;
use crate::dialect::Dialect;
use crate::encoded::{Notes, Payload};
use crate::json::{Added, Fields, Str, read_request, to_vec, wrong};
use crate::multipart::{self, Entry, Form};

/// Encodes a request for one target: as JSON, or as a form where there are images to start from.
/// Every field is in the body or in the warnings.
pub fn encode_request(request: &ImageRequest, to: &Origin, dialect: &Dialect) -> Result<Payload, Error> {
    let mut notes = Notes::new(request.on_unsupported);
    if request.aspect_ratio.is_some() {
        notes.unsupported("aspect_ratio", "this vendor asks for a size")?;
    }
    let mut given = Vec::new();
    for (field, path, value) in fields(request) {
        let Some(value) = value else { continue };
        if dialect.drops(field) || (field == USER && dialect.end_user.is_none()) {
            notes.unsupported(path, "this vendor does not know it")?;
        } else {
            given.push((field, value));
        }
    }
    let added = Added::new(&request.ext, to);
    if !request.images.is_empty() {
        return edit(request, &given, added, notes);
    }
    if request.mask.is_some() {
        notes.unsupported("mask", "there is no image to change")?;
    }
    let body = to_vec("encoding the request", &Body { given: &given, added }, 256 + request.prompt.len())?;
    Ok(Payload::json(body, notes.into_vec()))
}

/// The end user goes by the old name: images know no other (OpenAI's API reference, 2026).
const USER: &str = "user";

/// The fields of both forms: their names on the wire, in the request, and their values.
fn fields(request: &ImageRequest) -> [(&'static str, &'static str, Option<Value>); 12] {
    let text = |text: &Option<String>| text.clone().map(Value::from);
    let delivery = request.delivery.map(|delivery| match delivery {
        ImageDelivery::Inline => Value::from("b64_json"),
        ImageDelivery::Url => Value::from("url"),
    });
    [
        ("model", "model", Some(request.model.clone().into())),
        ("prompt", "prompt", Some(request.prompt.clone().into())),
        ("n", "count", request.count.map(Value::from)),
        ("size", "size", text(&request.size)),
        ("quality", "quality", text(&request.quality)),
        ("style", "style", text(&request.style)),
        ("background", "background", text(&request.background)),
        ("output_format", "format", text(&request.format)),
        ("output_compression", "compression", request.compression.map(Value::from)),
        ("seed", "seed", request.seed.map(Value::from)),
        ("response_format", "delivery", delivery),
        (USER, "end_user", text(&request.end_user)),
    ]
}

/// A form with the images to start from.
fn edit(
    request: &ImageRequest,
    given: &[(&'static str, Value)],
    added: Added<'_>,
    notes: Notes,
) -> Result<Payload, Error> {
    let mut form = Form::default();
    for (name, value) in given.iter().filter(|(name, _)| !added.has(name)) {
        form.text(name, words(value));
    }
    for (name, value) in added.fields() {
        form.text(name, words(value));
    }
    let field = if request.images.len() > 1 { "image[]" } else { "image" };
    for (field, media) in
        request.images.iter().map(|media| (field, media)).chain(request.mask.iter().map(|media| ("mask", media)))
    {
        let Some(bytes) = media.bytes() else {
            let message = "encoding the request: an image to start from must be inline, this vendor fetches none";
            return Err(Error::new(ErrorKind::Unsupported, message).with_param(if field == "mask" {
                "mask"
            } else {
                "images"
            }));
        };
        let extension = media.media_type.split_once('/').map_or("png", |(_, subtype)| subtype);
        let filename = media.filename.clone().unwrap_or_else(|| format!("image.{extension}"));
        form.file(field, &filename, &media.media_type, bytes);
    }
    Ok(Payload::form(form, notes.into_vec()))
}

fn words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

struct Body<'a> {
    given: &'a [(&'static str, Value)],
    added: Added<'a>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields::new(serializer.serialize_map(None)?, self.added);
        for (name, value) in self.given {
            fields.put(name, value)?;
        }
        fields.end()
    }
}

wire_object! {
    strict struct BodyIn<'a> {
        "model" => model: Option<Str<'a>>,
        "prompt" => prompt: Option<Str<'a>>,
        "n" => n: Option<u32>,
        "size" => size: Option<Str<'a>>,
        "quality" => quality: Option<Str<'a>>,
        "style" => style: Option<Str<'a>>,
        "background" => background: Option<Str<'a>>,
        "output_format" => format: Option<Str<'a>>,
        "output_compression" => compression: Option<u32>,
        "seed" => seed: Option<i64>,
        "response_format" => response_format: Option<Str<'a>>,
        "user" => user: Option<Str<'a>>,
    }
    skip: []
    rest: Map<String, Value>
}

/// Reads a client's request for an image from words. What is wrong with it is an `invalid_request` error that names the
/// field.
pub fn decode_request(body: &[u8]) -> Result<ImageRequest, Error> {
    let body: BodyIn<'_> = read_request(body)?;
    let Some(prompt) = body.prompt else { return Err(wrong("prompt", "is missing")) };
    let text = |text: Option<Str<'_>>| text.map(|text| text.0.into_owned());
    let mut request = ImageRequest::new(text(body.model).unwrap_or_default(), prompt.0);
    request.count = body.n;
    request.size = text(body.size);
    request.quality = text(body.quality);
    request.style = text(body.style);
    request.background = text(body.background);
    request.format = text(body.format);
    request.compression = body.compression;
    request.seed = body.seed;
    request.end_user = text(body.user);
    request.delivery = delivery(body.response_format.as_ref().map(|word| &*word.0))?;
    if !body.rest.is_empty() {
        request.ext.0.insert(FAMILY.to_owned(), body.rest);
    }
    Ok(request)
}

fn delivery(word: Option<&str>) -> Result<Option<ImageDelivery>, Error> {
    match word {
        None => Ok(None),
        Some("b64_json") => Ok(Some(ImageDelivery::Inline)),
        Some("url") => Ok(Some(ImageDelivery::Url)),
        Some(_) => Err(wrong("response_format", "must be url or b64_json")),
    }
}

/// Reads a client's form for an image from others. What is wrong with it is an `invalid_request` error that names the
/// field.
pub fn decode_edit(content_type: &str, body: &Bytes) -> Result<ImageRequest, Error> {
    let mut request = ImageRequest::default();
    for entry in multipart::read(content_type, body)? {
        let text = || Some(entry.text().to_owned());
        match &*entry.name {
            "image" | "image[]" => request.images.push(image(&entry)),
            "mask" => request.mask = Some(image(&entry)),
            "model" => entry.text().clone_into(&mut request.model),
            "prompt" => entry.text().clone_into(&mut request.prompt),
            "n" => request.count = Some(entry.number("n")?),
            "size" => request.size = text(),
            "quality" => request.quality = text(),
            "style" => request.style = text(),
            "background" => request.background = text(),
            "output_format" => request.format = text(),
            "output_compression" => request.compression = Some(entry.number("output_compression")?),
            "seed" => request.seed = Some(entry.number("seed")?),
            "response_format" => request.delivery = delivery(Some(entry.text()))?,
            "user" => request.end_user = text(),
            name => request.ext.set(FAMILY, name, entry.text()),
        }
    }
    if request.images.is_empty() {
        return Err(wrong("image", "is missing"));
    }
    Ok(request)
}

fn image(entry: &Entry) -> Media {
    let media_type = entry.media_type.clone().unwrap_or_else(|| "image/*".to_owned());
    Media { filename: entry.filename.clone(), ..Media::inline(media_type, entry.content.clone()) }
}

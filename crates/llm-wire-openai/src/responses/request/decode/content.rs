//! The content of a message, and of a call's result.

use llm_core::{Media, Part, PartKind};
use serde_json::Value;

use super::wire::{PartIn, Sniffed};
use crate::chat::request::decode::message::{self, Wrong, at, file_content, sound, uploaded};
use crate::json::{Place, Raw, Str, TextOr, parse};
use crate::media;
use crate::responses::FAMILY;
use crate::responses::piece::{self, CONTENT};

/// Reads one part of a body, whose errors say where in it they are.
pub(super) fn strictly<'a, T: serde::Deserialize<'a>>(raw: Raw<'a>) -> Result<T, Place> {
    serde_json::from_str(raw.get()).map_err(|error| Place::of(&error))
}

/// The parts of some content, which stands in `field`.
pub(super) fn parts(content: TextOr<'_, Raw<'_>>, field: &str) -> Result<Vec<Part>, Wrong> {
    message::parts(content, field, part)
}

fn part(raw: Raw<'_>) -> Result<Part, Wrong> {
    let Some(sniffed) = parse::<Sniffed<'_>>(raw) else { return Err(at("", "must be an object")) };
    let known = ["input_text", "output_text", "text", "refusal", "input_image", "input_file", "input_audio"];
    let kind = match sniffed.kind.as_some() {
        Some(kind) if known.contains(&kind) => kind,
        Some(kind) => return Ok(Part::opaque(format!("{CONTENT}{kind}"), strictly::<Value>(raw)?)),
        None => return Err(at(".type", "is missing")),
    };
    let mut part: PartIn<'_> = strictly(raw)?;
    let text = |text: Option<Str<'_>>, field: &str| text.map(|text| text.0.into_owned()).ok_or_else(|| missing(field));
    let body = match kind {
        "refusal" => PartKind::Refusal { text: text(part.refusal, ".refusal")? },
        "input_image" => PartKind::Media(image(&mut part)?),
        "input_file" => PartKind::Media(file(&mut part)?),
        "input_audio" => PartKind::Media(sound(part.input_audio)?),
        _ => {
            let text = text(part.text, ".text")?;
            let citations = part.annotations.map(|raw| piece::citations(raw, text.is_ascii())).unwrap_or_default();
            PartKind::Text { text, citations }
        }
    };
    let mut out = Part::new(body);
    // SDKs send an answer back with everything in it; what says nothing is left out.
    part.rest.retain(|_, value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
    if !part.rest.is_empty() {
        out.ext.0.insert(FAMILY.to_owned(), part.rest);
    }
    Ok(out)
}

fn missing(field: &str) -> Wrong {
    at(field, "is missing")
}

fn image(part: &mut PartIn<'_>) -> Result<Media, Wrong> {
    let mut media = match (part.image_url.take(), part.file_id.take()) {
        (Some(url), _) => media::of_url(&url.0, "image/*"),
        (None, Some(id)) => uploaded(id.0.into_owned(), FAMILY, "image/*"),
        (None, None) => return Err(at("", "needs image_url or file_id")),
    };
    media.detail = part.detail.take().map(|detail| detail.0.into_owned());
    Ok(media)
}

fn file(part: &mut PartIn<'_>) -> Result<Media, Wrong> {
    let filename = part.filename.take().map(|name| name.0.into_owned());
    let mut media = match (part.file_data.take(), part.file_url.take(), part.file_id.take()) {
        (Some(data), ..) => {
            file_content(&data.0, filename.as_deref()).ok_or_else(|| at(".file_data", "must be base64"))?
        }
        (None, Some(url), _) => Media::url("application/*", url.0.into_owned()),
        (None, None, Some(id)) => uploaded(id.0.into_owned(), FAMILY, "application/*"),
        (None, None, None) => return Err(at("", "needs file_data, file_url or file_id")),
    };
    media.filename = filename;
    Ok(media)
}

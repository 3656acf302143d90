//! The content of a message, and of a call's result.

use llm_core::{Media, Part, PartKind, base64_text};
use serde_json::Value;

use super::wire::{PartIn, Sniffed};
use crate::chat::request::decode::message::{Wrong, at, file_content, uploaded};
use crate::json::{Place, Raw, Str, TextOr, parse};
use crate::media;
use crate::responses::FAMILY;
use crate::responses::piece::{self, CONTENT};

/// Reads one part of a body, whose errors say where in it they are.
pub(super) fn strictly<'a, T: serde::Deserialize<'a>>(raw: Raw<'a>) -> Result<T, Place> {
    serde_json::from_str(raw.get()).map_err(|error| Place::of(&error))
}

/// What is wrong inside of an item.
#[derive(Debug)]
pub(super) struct Inside {
    pub(super) path: String,
    pub(super) what: String,
}

impl Inside {
    pub(super) fn new(path: &str, what: &str) -> Self {
        Self { path: path.to_owned(), what: what.to_owned() }
    }

    /// The same one step further out.
    pub(super) fn within(self, step: &str) -> Self {
        Self { path: format!("{step}{}", self.path), what: self.what }
    }
}

impl From<Place> for Inside {
    fn from(place: Place) -> Self {
        let dot = if place.path.is_empty() || place.path.starts_with('[') { "" } else { "." };
        Self { path: format!("{dot}{}", place.path), what: place.what }
    }
}

impl From<Wrong> for Inside {
    fn from(wrong: Wrong) -> Self {
        Self::new(&wrong.path, wrong.what)
    }
}

/// The parts of some content; an empty text has none.
pub(super) fn parts(content: TextOr<'_, Raw<'_>>) -> Result<Vec<Part>, Inside> {
    match content {
        TextOr::Text(text) if text.is_empty() => Ok(Vec::new()),
        TextOr::Text(text) => Ok(vec![Part::text(text)]),
        TextOr::List(list) => (0..)
            .zip(list)
            .map(|(number, raw)| part(raw).map_err(|wrong: Inside| wrong.within(&format!("[{number}]"))))
            .collect(),
    }
}

fn part(raw: Raw<'_>) -> Result<Part, Inside> {
    let Some(sniffed) = parse::<Sniffed<'_>>(raw) else { return Err(Inside::new("", "must be an object")) };
    let known = ["input_text", "output_text", "text", "refusal", "input_image", "input_file", "input_audio"];
    let kind = match sniffed.kind.as_some() {
        Some(kind) if known.contains(&kind) => kind,
        Some(kind) => return Ok(Part::opaque(format!("{CONTENT}{kind}"), strictly::<Value>(raw)?)),
        None => return Err(Inside::new(".type", "is missing")),
    };
    let mut part: PartIn<'_> = strictly(raw)?;
    let text = |text: Option<Str<'_>>, field: &str| text.map(|text| text.0.into_owned()).ok_or_else(|| missing(field));
    let body = match kind {
        "refusal" => PartKind::Refusal { text: text(part.refusal, ".refusal")? },
        "input_image" => PartKind::Media(image(&mut part)?),
        "input_file" => PartKind::Media(file(&mut part)?),
        "input_audio" => {
            let audio = part.input_audio.ok_or_else(|| missing(".input_audio"))?;
            let data = text(audio.data, ".input_audio.data")?;
            let format = text(audio.format, ".input_audio.format")?;
            let bytes = base64_text::decode(&data).ok_or_else(|| at(".input_audio.data", "must be base64"))?;
            PartKind::Media(Media::inline(media::audio_type(&format), bytes))
        }
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

fn missing(field: &str) -> Inside {
    Inside::new(field, "is missing")
}

fn image(part: &mut PartIn<'_>) -> Result<Media, Inside> {
    let mut media = match (part.image_url.take(), part.file_id.take()) {
        (Some(url), _) => media::of_url(&url.0, "image/*"),
        (None, Some(id)) => uploaded(id.0.into_owned(), FAMILY, "image/*"),
        (None, None) => return Err(Inside::new("", "needs image_url or file_id")),
    };
    media.detail = part.detail.take().map(|detail| detail.0.into_owned());
    Ok(media)
}

fn file(part: &mut PartIn<'_>) -> Result<Media, Inside> {
    let filename = part.filename.take().map(|name| name.0.into_owned());
    let mut media = match (part.file_data.take(), part.file_url.take(), part.file_id.take()) {
        (Some(data), ..) => {
            file_content(&data.0, filename.as_deref()).ok_or_else(|| at(".file_data", "must be base64"))?
        }
        (None, Some(url), _) => Media::url("application/*", url.0.into_owned()),
        (None, None, Some(id)) => uploaded(id.0.into_owned(), FAMILY, "application/*"),
        (None, None, None) => return Err(Inside::new("", "needs file_data, file_url or file_id")),
    };
    media.filename = filename;
    Ok(media)
}

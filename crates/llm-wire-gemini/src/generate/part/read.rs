//! From a part of the wire to a part of a message.

use llm_core::{Media, MediaData, Part, PartKind, ToolCall, Visibility, base64_text};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::wire::{WireBlob, WireCall, WireFile, WirePart};
use super::{OPAQUE, vendors_id};
use crate::API;
use crate::wire::{Others, Str, keep};

/// Makes up ids for calls that came without: `call_0`, `call_1`, …
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CallIds(u32);

impl CallIds {
    /// The vendor's id of a call, or the next made-up one.
    pub(crate) fn id(&mut self, given: Option<Str<'_>>) -> String {
        match given {
            Some(id) if !id.is_empty() => id.into_owned(),
            _ => {
                let id = format!("call_{}", self.0);
                self.0 += 1;
                id
            }
        }
    }
}

/// A part of a message; `None` when there is nothing in it. Payloads that are not known, or not in their known form,
/// become opaque parts.
pub(crate) fn read_part(mut wire: WirePart<'_>, calls: &mut CallIds) -> Option<Part> {
    let signature = wire.take_signature();
    let thought = wire.thought.unwrap_or_default();
    let payload = match &wire {
        WirePart { call: Some(raw), .. } => serde_json::from_str(raw.get()).ok().map(|mut call: WireCall<'_>| {
            let left = call.left();
            (read_call(call, calls), "functionCall", left)
        }),
        WirePart { inline: Some(raw), .. } => read_blob(raw).map(|(media, left)| (media, "inlineData", left)),
        WirePart { file: Some(raw), .. } => read_file(raw).map(|(media, left)| (media, "fileData", left)),
        _ => None,
    };
    let mut left = Map::new();
    let (kind, others) = match (payload, wire.text.take()) {
        (Some((kind, name, of_the_payload)), _) => {
            if !of_the_payload.is_empty() {
                left.insert(name.to_owned(), of_the_payload.into());
            }
            if thought {
                left.insert("thought".to_owned(), Value::Bool(true));
            }
            (kind, wire.other)
        }
        // The one text part of a turn's end: it carries the signature, and no words.
        (None, None) if signature.is_some() && !wire.has_payload() && wire.other.is_empty() => {
            (words(String::new(), thought), Vec::new())
        }
        (None, Some(text)) if !wire.has_payload() => {
            if text.is_empty() && signature.is_none() && wire.other.is_empty() {
                return None;
            }
            (words(text.into_owned(), thought), wire.other)
        }
        (None, _) => (opaque(wire, thought)?, Vec::new()),
    };
    let mut part = Part::new(kind);
    part.signature = signature;
    keep(others, &mut left);
    if !left.is_empty() {
        *part.ext.of_mut(API) = left;
    }
    Some(part)
}

fn words(text: String, thought: bool) -> PartKind {
    if thought {
        // The vendor calls them thought summaries (ai.google.dev/gemini-api/docs/thinking, read 2026-11).
        PartKind::Reasoning { text, visibility: Visibility::Summary, encrypted: None }
    } else {
        PartKind::Text { text, citations: Vec::new() }
    }
}

/// A whole function call.
fn read_call(call: WireCall<'_>, calls: &mut CallIds) -> PartKind {
    PartKind::ToolCall(ToolCall {
        id: calls.id(call.id),
        name: call.name.map(Str::into_owned).unwrap_or_default(),
        arguments: call.args.map_or("{}", RawValue::get).to_owned(),
        ..ToolCall::default()
    })
}

/// The media of a part that holds some in a readable form.
pub(crate) fn media_of(wire: &WirePart<'_>) -> Option<Media> {
    let read = wire.inline.and_then(read_blob).or_else(|| wire.file.and_then(read_file));
    match read {
        Some((PartKind::Media(media), _)) => Some(media),
        _ => None,
    }
}

fn read_blob(raw: &RawValue) -> Option<(PartKind, Map<String, Value>)> {
    let blob: WireBlob<'_> = serde_json::from_str(raw.get()).ok()?;
    let mut media = Media::inline(media_type(blob.media_type), base64_text::decode(&blob.data?)?);
    media.filename = blob.name.map(Str::into_owned);
    Some((PartKind::Media(media), rest(blob.other)))
}

fn read_file(raw: &RawValue) -> Option<(PartKind, Map<String, Value>)> {
    let file: WireFile<'_> = serde_json::from_str(raw.get()).ok()?;
    let media = Media {
        media_type: media_type(file.media_type),
        data: MediaData::Url { url: file.uri?.into_owned() },
        filename: file.name.map(Str::into_owned),
        detail: None,
    };
    Some((PartKind::Media(media), rest(file.other)))
}

impl WireCall<'_> {
    /// Whether it is all of a call, and not a piece of one.
    pub(crate) fn is_whole(&self) -> bool {
        let has_pieces = self.partial_args.as_ref().is_some_and(|pieces| !pieces.is_empty());
        self.is_named() && !has_pieces && self.will_continue != Some(true)
    }

    /// Whether it begins a call.
    pub(crate) fn is_named(&self) -> bool {
        self.name.as_deref().is_some_and(|name| !name.is_empty())
    }

    /// Takes what a call has no field of ours for: an id that looks made up among them, which is sent for that reason only.
    pub(crate) fn left(&mut self) -> Map<String, Value> {
        let mut left = rest(std::mem::take(&mut self.other));
        if let Some(id) = self.id.as_deref().filter(|id| !id.is_empty() && vendors_id(id).is_none()) {
            left.insert("id".to_owned(), id.into());
        }
        left
    }
}

fn media_type(given: Option<Str<'_>>) -> String {
    given.filter(|given| !given.is_empty()).map_or_else(|| "*/*".to_owned(), Str::into_owned)
}

/// The whole part as it came, but for its signature; `None` when it is empty.
fn opaque(wire: WirePart<'_>, thought: bool) -> Option<PartKind> {
    let known = [
        ("functionCall", wire.call),
        ("functionResponse", wire.response),
        ("inlineData", wire.inline),
        ("fileData", wire.file),
    ];
    let mut data = Map::new();
    let known = known.into_iter().filter_map(|(name, raw)| Some((Str(name.into()), raw?)));
    let all: Others<'_> = known.chain(wire.other).collect();
    let kind = format!("{OPAQUE}{}", crate::wire::camel_case(&all.first()?.0));
    keep(all, &mut data);
    if let Some(text) = wire.text {
        data.insert("text".to_owned(), text.into_owned().into());
    }
    if thought {
        data.insert("thought".to_owned(), Value::Bool(true));
    }
    Some(PartKind::Opaque { kind, data: Value::Object(data) })
}

fn rest(others: Others<'_>) -> Map<String, Value> {
    let mut left = Map::new();
    keep(others, &mut left);
    left
}

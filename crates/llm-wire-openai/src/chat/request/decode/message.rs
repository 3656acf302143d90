//! The messages of a request.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use llm_core::{
    CacheHint, Error, Extensions, Media, MediaData, Message, Part, PartKind, Role, ToolCall, ToolResult, base64_text,
};
use serde_json::{Map, Value};

use super::calls::Calls;
use super::wire::{AudioIn, CacheControlIn, CallIn, ContentIn, MessageIn, PartIn};
use super::wrong;
use crate::FAMILY;
use crate::chat::arguments::Arguments;
use crate::chat::piece::{self, NAMED, REASONING};
use crate::json::{Place, Str, TextOr};
use crate::media;

pub(super) fn read(messages: Vec<MessageIn<'_>>) -> Result<Vec<Arc<Message>>, Error> {
    let mut out = Vec::with_capacity(messages.len());
    let mut calls = Calls::default();
    for (number, message) in messages.into_iter().enumerate() {
        // A path is put together only for an error.
        let message = one(message)
            .and_then(|mut message| calls.name(&mut message).map(|()| message))
            .map_err(|Wrong { path, what }| wrong(&format!("messages[{number}]{path}"), &what))?;
        out.push(Arc::new(message));
    }
    Ok(out)
}

/// What is wrong inside of a message or an item, and where in it.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) path: String,
    pub(crate) what: Cow<'static, str>,
}

pub(crate) fn at(path: impl Into<String>, what: &'static str) -> Wrong {
    Wrong { path: path.into(), what: what.into() }
}

impl Wrong {
    /// The same one step further out.
    pub(crate) fn within(self, step: &str) -> Self {
        Self { path: format!("{step}{}", self.path), what: self.what }
    }
}

impl From<Place> for Wrong {
    fn from(place: Place) -> Self {
        let dot = if place.path.is_empty() || place.path.starts_with('[') { "" } else { "." };
        Self { path: format!("{dot}{}", place.path), what: place.what.into() }
    }
}

fn one(mut message: MessageIn<'_>) -> Result<Message, Wrong> {
    let Some(Str(role)) = message.role.take() else { return Err(at(".role", "is missing")) };
    let name = message.name.take().map(owned);
    let mut rest = std::mem::take(&mut message.rest);
    let mut out = match &*role {
        "system" => Message::new(Role::System, words(message.content)?),
        "developer" => Message::new(Role::Developer, words(message.content)?),
        "user" => Message::new(Role::User, words(message.content)?),
        "assistant" => Message::new(Role::Assistant, assistant(message)?),
        "tool" => {
            let call_id = message.tool_call_id.map(owned).unwrap_or_default();
            let content = results(message.content)?;
            let result = ToolResult { call_id, name: name.clone(), content, ..ToolResult::default() };
            Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))])
        }
        // The form before tools: a function's name stands for the call.
        "function" => {
            let Some(name) = name.clone() else { return Err(at(".name", "is missing")) };
            let content = results(message.content)?;
            let result = ToolResult { call_id: name.clone(), name: Some(name), content, ..ToolResult::default() };
            Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))])
        }
        _ => return Err(at(".role", "must be system, developer, user, assistant or tool")),
    };
    if out.role != Role::Tool {
        out.name = name;
    }
    // What SDKs add to an answer and no server wants back.
    rest.retain(|_, value| !value.is_null());
    keep(&mut out.ext, rest);
    Ok(out)
}

fn owned(text: Str<'_>) -> String {
    text.0.into_owned()
}

fn keep(ext: &mut Extensions, rest: Map<String, Value>) {
    if !rest.is_empty() {
        ext.of_mut(FAMILY).extend(rest);
    }
}

/// Content that must be there.
fn words(content: Option<ContentIn<'_>>) -> Result<Vec<Part>, Wrong> {
    content.map_or_else(|| Err(at(".content", "is missing")), |content| parts(content, ".content", part_of))
}

/// What a tool said, which may be nothing: `null` is allowed for functions, and clients write it for tools too.
fn results(content: Option<ContentIn<'_>>) -> Result<Vec<Part>, Wrong> {
    content.map_or_else(|| Ok(Vec::new()), |content| words(Some(content)))
}

/// The parts of some content, which stands in `field`; an empty text has none.
pub(crate) fn parts<T>(
    content: TextOr<'_, T>,
    field: &str,
    read: impl Fn(T) -> Result<Part, Wrong>,
) -> Result<Vec<Part>, Wrong> {
    match content {
        TextOr::Text(text) if text.is_empty() => Ok(Vec::new()),
        TextOr::Text(text) => Ok(vec![Part::text(text)]),
        TextOr::List(parts) => (0..)
            .zip(parts)
            .map(|(number, part)| read(part).map_err(|wrong| wrong.within(&format!("{field}[{number}]"))))
            .collect(),
    }
}

fn part_of(part: PartIn<'_>) -> Result<Part, Wrong> {
    let Some(Str(kind)) = part.kind else { return Err(at(".type", "is missing")) };
    let cache = part.cache_control.as_ref().map(cache_hint);
    let missing = |field: &str| at(format!(".{field}"), "is missing");
    let kind = match &*kind {
        "text" => PartKind::Text { text: owned(part.text.ok_or_else(|| missing("text"))?), citations: Vec::new() },
        "refusal" => PartKind::Refusal { text: owned(part.refusal.ok_or_else(|| missing("refusal"))?) },
        "image_url" | "video_url" => {
            let url = if kind == "image_url" { part.image_url } else { part.video_url };
            let url = url.ok_or_else(|| missing(&kind))?;
            let Some(address) = url.url else { return Err(at(format!(".{kind}.url"), "is missing")) };
            let mut media = media::of_url(&address, if kind == "image_url" { "image/*" } else { "video/*" });
            media.detail = url.detail;
            PartKind::Media(media)
        }
        "input_audio" => PartKind::Media(sound(part.input_audio)?),
        "file" if part.file.is_some() || !part.rest.contains_key("file_id") => {
            let file = part.file.ok_or_else(|| missing("file"))?;
            let filename = file.filename.map(owned);
            let mut media = match (file.file_data, file.file_id) {
                // OpenRouter takes an address, too (its page on PDFs, 2026).
                (Some(address), _) if address.0.starts_with("https://") || address.0.starts_with("http://") => {
                    Media::url("application/*", &*address.0)
                }
                (Some(data), _) => {
                    file_content(&data.0, filename.as_deref()).ok_or_else(|| at(".file.file_data", "must be base64"))?
                }
                (None, Some(id)) => uploaded(owned(id), FAMILY, "application/*"),
                (None, None) => return Err(at(".file", "needs file_data or file_id")),
            };
            media.filename = filename;
            PartKind::Media(media)
        }
        // Mistral's `{"type": "file", "file_id": …}` is one of these.
        kind => {
            let mut data = part.rest;
            data.insert("type".to_owned(), kind.into());
            if let Some(text) = part.text {
                data.insert("text".to_owned(), text.0.into());
            }
            return Ok(Part::opaque(format!("{FAMILY}.{kind}"), Value::Object(data)));
        }
    };
    let mut out = Part::new(kind);
    out.cache = cache;
    keep(&mut out.ext, part.rest);
    Ok(out)
}

pub(super) fn cache_hint(control: &CacheControlIn<'_>) -> CacheHint {
    let seconds = control.ttl.as_ref().and_then(|ttl| match &*ttl.0 {
        "5m" => Some(300),
        "1h" => Some(3600),
        _ => None,
    });
    CacheHint { ttl: seconds.map(Duration::from_secs) }
}

/// The sound in a part of type `input_audio`.
pub(crate) fn sound(audio: Option<AudioIn<'_>>) -> Result<Media, Wrong> {
    let missing = |field: &str| at(field, "is missing");
    let audio = audio.ok_or_else(|| missing(".input_audio"))?;
    let data = audio.data.ok_or_else(|| missing(".input_audio.data"))?;
    let format = audio.format.ok_or_else(|| missing(".input_audio.format"))?;
    let bytes = base64_text::decode(&data.0).ok_or_else(|| at(".input_audio.data", "must be base64"))?;
    Ok(Media::inline(media::audio_type(&format.0), bytes))
}

/// A data URI, or bare base64 as some clients send it.
pub(crate) fn file_content(data: &str, filename: Option<&str>) -> Option<Media> {
    let (media_type, data) = media::data_uri(data).unwrap_or_else(|| {
        let is_pdf = filename.is_none_or(|name| name.to_ascii_lowercase().ends_with(".pdf"));
        (if is_pdf { "application/pdf" } else { "application/octet-stream" }, data)
    });
    Some(Media::inline(media_type, base64_text::decode(data)?))
}

/// A file that the client uploaded to the provider itself.
pub(crate) fn uploaded(id: String, family: &str, media_type: &str) -> Media {
    Media {
        media_type: media_type.to_owned(),
        data: MediaData::File { refs: BTreeMap::from([(family.to_owned(), id)]) },
        filename: None,
        detail: None,
    }
}

fn assistant(message: MessageIn<'_>) -> Result<Vec<Part>, Wrong> {
    let mut out = Vec::new();
    let said = |text: Option<Str<'_>>| text.map(owned).filter(|text| !text.is_empty());
    let (older, newer) = (said(message.reasoning_content), said(message.reasoning));
    let named = newer.is_some().then(|| if older.is_some() { "both" } else { REASONING });
    if let Some(mut thoughts) = piece::reasoning(older.or(newer), message.reasoning_details, FAMILY) {
        if let Some(named) = named {
            thoughts.ext.set(FAMILY, NAMED, named);
        }
        out.push(thoughts);
    }
    if let Some(content) = message.content {
        out.extend(parts(content, ".content", part_of)?);
    }
    if let Some(Str(text)) = message.refusal.filter(|text| !text.0.is_empty()) {
        out.push(Part::new(PartKind::Refusal { text: text.into_owned() }));
    }
    if let Some(Str(id)) = message.audio.and_then(|audio| audio.id) {
        let mut sound = Part::new(piece::sound(bytes::Bytes::new()));
        sound.ext.set(FAMILY, "id", &*id);
        out.push(sound);
    }
    for (number, call) in message.tool_calls.into_iter().flat_map(|calls| calls.0).enumerate() {
        let place = |field: &str| at(format!(".tool_calls[{number}].{field}"), "is missing");
        out.push(call_of(call, place)?);
    }
    if let Some(function) = message.function_call {
        let name = function.name.map(owned).ok_or_else(|| at(".function_call.name", "is missing"))?;
        let arguments = function.arguments.map(|arguments| arguments.0).unwrap_or_default();
        out.push(Part::tool_call(name.clone(), name, arguments));
    }
    Ok(out)
}

fn call_of(call: CallIn<'_>, missing: impl Fn(&str) -> Wrong) -> Result<Part, Wrong> {
    let custom = call.kind.as_ref().is_some_and(|kind| kind.0 == "custom");
    let field = if custom { "custom" } else { "function" };
    let called = if custom { call.custom } else { call.function }.ok_or_else(|| missing(field))?;
    let arguments = if custom { called.input.map(|input| input.0) } else { called.arguments.map(|found| found.0) };
    let arguments = arguments.map(Cow::into_owned).unwrap_or_default();
    let truncated = !custom && Arguments::of(&arguments).is_cut();
    let mut part = Part::new(PartKind::ToolCall(ToolCall {
        id: call.id.map(owned).unwrap_or_default(),
        name: called.name.map(owned).ok_or_else(|| missing(&format!("{field}.name")))?,
        arguments,
        truncated,
        ..ToolCall::default()
    }));
    if custom {
        part.ext.set(FAMILY, "type", "custom");
    }
    keep(&mut part.ext, call.rest);
    Ok(part)
}

//! Messages as the vendor's `contents` and `systemInstruction`.
//!
//! The vendor knows the roles user and model. Tool results stand in a user content, all results of a turn in one, and
//! name the function that was called, which is looked up in the history by the call's id.

use std::borrow::Cow;
use std::collections::HashMap;

use llm_core::{
    ChatRequest, Error, Media, MediaData, Message, Origin, Part, PartKind, Role, ToolResult, ToolStatus, Warnings,
};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::decode_contents::JOINED;
use super::profile::Profile;
use crate::API;
use crate::generate::part::{self, JsonObject, NO_SIGNATURE, Payload, WrittenPart, payload, vendors_id};
use crate::wire::{Merging, settings};

/// The conversation in the vendor's form.
pub(super) struct Conversation<'a> {
    pub(super) contents: Vec<Content<'a>>,
    pub(super) system: Vec<WrittenPart<'a>>,
    /// What is said of the instructions beside their parts.
    pub(super) system_ext: Option<Cow<'a, Map<String, Value>>>,
}

/// One turn in the vendor's form.
pub(super) struct Content<'a> {
    role: &'static str,
    parts: Vec<WrittenPart<'a>>,
    ext: Option<Cow<'a, Map<String, Value>>>,
    /// It comes from tool messages only, so that the next one may join it.
    results: bool,
}

impl<'a> Conversation<'a> {
    pub(super) fn of(
        request: &'a ChatRequest,
        to: &'a Origin,
        profile: Profile,
        warnings: &mut Warnings,
    ) -> Result<Self, Error> {
        let mut writer = Writer {
            to,
            profile,
            warnings,
            warned: Vec::new(),
            calls: HashMap::new(),
            out: Self { contents: Vec::with_capacity(request.messages.len()), system: Vec::new(), system_ext: None },
        };
        for (index, message) in request.messages.iter().enumerate() {
            writer.message(index, message)?;
        }
        Ok(writer.out)
    }
}

/// What a result must know of its call.
#[derive(Clone, Copy)]
struct Called<'a> {
    name: &'a str,
    /// Its id is sent.
    has_id: bool,
}

struct Writer<'a, 'w> {
    to: &'a Origin,
    profile: Profile,
    warnings: &'w mut Warnings,
    /// Fields that were warned about and need no second warning.
    warned: Vec<&'static str>,
    /// Call id → the call, of all calls so far.
    calls: HashMap<&'a str, Called<'a>>,
    out: Conversation<'a>,
}

impl<'a> Writer<'a, '_> {
    fn message(&mut self, index: usize, message: &'a Message) -> Result<(), Error> {
        if message.name.is_some() {
            self.once("messages.name", "gemini has no names of speakers")?;
        }
        let role = match &message.role {
            Role::System | Role::Developer => return self.system(index, message),
            Role::Assistant => "model",
            Role::User | Role::Tool => "user",
            other => {
                let details = format!("gemini has no role {other}; sent as user");
                self.warnings.adapted(&format!("messages[{index}].role"), &details);
                "user"
            }
        };
        let origin = message.origin.as_ref().map(|origin| origin.is_target(&self.to.provider, &self.to.model));
        let mut parts = Vec::with_capacity(message.content.len());
        let mut first_call = true;
        for (place, part) in message.content.iter().enumerate() {
            let Some(mut written) = self.part(index, place, part, origin != Some(false))? else { continue };
            if matches!(written.payload, Payload::Call { .. }) {
                // A call without a signature is right only where this model made it so.
                if std::mem::take(&mut first_call) && written.signature.is_none() && origin != Some(true) {
                    written.signature = Some(NO_SIGNATURE);
                }
            }
            parts.push(written);
        }
        // Words of no length say nothing beside other parts; alone they are what the caller asks.
        let silent = message.content.iter().find(|part| matches!(&part.kind, PartKind::Text { .. }));
        if parts.is_empty() && silent.is_some() {
            parts.push(WrittenPart { payload: Payload::Text(""), signature: None, ext: None });
        }
        if parts.is_empty() {
            self.warnings.adapted(&format!("messages[{index}]"), "gemini takes no message without content; left out");
            return Ok(());
        }
        let results = message.role == Role::Tool;
        let joined = message.ext.value(API, JOINED).is_some();
        let ext = settings(&message.ext, API, &self.to.provider).filter(|_| !joined);
        match self.out.contents.last_mut() {
            Some(last) if joined && last.role == role => {
                last.parts.append(&mut parts);
                last.results &= results;
            }
            Some(last) if results && last.results && ext.is_none() => last.parts.append(&mut parts),
            _ => self.out.contents.push(Content { role, parts, ext, results }),
        }
        Ok(())
    }

    /// Instructions stand apart from the conversation, wherever they stood in it.
    fn system(&mut self, index: usize, message: &'a Message) -> Result<(), Error> {
        if !self.out.contents.is_empty() {
            let details = "gemini takes instructions only before the conversation; moved there";
            self.warnings.adapted(&format!("messages[{index}].role"), details);
        }
        self.out.system_ext = settings(&message.ext, API, &self.to.provider).or(self.out.system_ext.take());
        for (place, part) in message.content.iter().enumerate() {
            match &part.kind {
                PartKind::Text { .. } | PartKind::Opaque { .. } => {
                    let written = self.part(index, place, part, true)?;
                    self.out.system.extend(written);
                }
                _ => self.left_out(index, place, "gemini takes instructions as text only")?,
            }
        }
        Ok(())
    }

    /// One part; `None` when there is nothing to send of it.
    fn part(
        &mut self,
        index: usize,
        place: usize,
        part: &'a Part,
        may_sign: bool,
    ) -> Result<Option<WrittenPart<'a>>, Error> {
        if let Some(cache) = &part.cache {
            self.once("messages.cache", "gemini caches by itself; a cache made before is ext.gemini.cachedContent")?;
            if cache.ttl.is_some() {
                self.once("messages.cache.ttl", "gemini caches by itself")?;
            }
        }
        let mut payload = match &part.kind {
            PartKind::ToolResult(result) => self.result(index, place, result)?,
            kind => match payload(kind, &[&self.to.provider, API]) {
                Ok(payload) => payload,
                Err(why) => {
                    self.left_out(index, place, why)?;
                    return Ok(None);
                }
            },
        };
        self.inexact(index, place, part, &payload)?;
        if let Payload::Blob(blob) = &mut payload
            && !self.profile.vertex
        {
            blob.name = None;
        }
        let mut signature = part.signature.as_deref();
        if signature.is_some() && !may_sign {
            self.once("messages.signature", "another target made it")?;
            signature = None;
        }
        let ext = settings(&part.ext, API, &self.to.provider);
        if let PartKind::ToolCall(call) = &part.kind {
            let own = ext.as_deref().and_then(|ext| ext.get("functionCall")?.get("id"));
            let has_id = own.is_some() || vendors_id(&call.id).is_some();
            self.calls.insert(&call.id, Called { name: &call.name, has_id });
        }
        let empty = matches!(payload, Payload::Text("") | Payload::Thought("")) && signature.is_none() && ext.is_none();
        Ok((!empty).then_some(WrittenPart { payload, signature, ext }))
    }

    /// Warns of what the payload says less exactly than the part.
    fn inexact(&mut self, index: usize, place: usize, part: &Part, payload: &Payload<'_>) -> Result<(), Error> {
        let path = |field: &str| format!("messages[{index}].content[{place}]{field}");
        match (&part.kind, payload) {
            (PartKind::Refusal { .. }, _) => self.warnings.adapted(&path(""), "a refusal is sent as plain text"),
            (_, Payload::Call { arguments: JsonObject::Wrapped(name, _), .. }) => {
                let details = format!("no JSON object; sent as an object with the text under {name:?}");
                self.warnings.adapted(&path(".arguments"), &details);
            }
            (PartKind::Media(media), _) => {
                if media.filename.is_some() && (!self.profile.vertex || !matches!(payload, Payload::Blob(_))) {
                    self.warnings.unsupported(&path(".filename"), "the gemini api takes no file names")?;
                }
                if media.detail.as_deref().is_some_and(|detail| detail != "auto") {
                    let why = "set it for all media, in ext.gemini.generationConfig.mediaResolution";
                    self.warnings.unsupported(&path(".detail"), why)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn result(&mut self, index: usize, place: usize, result: &'a ToolResult) -> Result<Payload<'a>, Error> {
        let call = self.calls.get(&*result.call_id).copied();
        let known = result.name.as_deref().or(call.map(|call| call.name));
        if known.is_none() {
            let details = "no call of this id stands before it, and gemini wants the function's name; the id is sent";
            self.warnings.adapted(&format!("messages[{index}].content[{place}].name"), details);
        }
        let mut text = Cow::Borrowed("");
        let mut parts = Vec::new();
        for part in &result.content {
            match &part.kind {
                PartKind::Text { text: more, .. }
                | PartKind::Media(Media { data: MediaData::Text { text: more }, .. }) => {
                    if text.is_empty() {
                        text = Cow::Borrowed(more);
                    } else {
                        text.to_mut().push_str(more);
                    }
                }
                PartKind::Media(media) => match part::blob(media, &[&self.to.provider, API]) {
                    Ok(blob) => parts.push(blob),
                    Err(why) => self.left_out(index, place, why)?,
                },
                _ => self.left_out(index, place, "gemini takes text and media as the result of a tool")?,
            }
        }
        Ok(Payload::Response {
            id: Some(&*result.call_id).filter(|id| call.map_or_else(|| vendors_id(id).is_some(), |call| call.has_id)),
            name: known.unwrap_or(&result.call_id),
            response: response(text, result.status),
            parts,
        })
    }

    fn left_out(&mut self, index: usize, place: usize, why: &str) -> Result<(), Error> {
        self.warnings.unsupported(&format!("messages[{index}].content[{place}]"), why)
    }

    fn once(&mut self, field: &'static str, why: &str) -> Result<(), Error> {
        if self.warned.contains(&field) {
            return Ok(());
        }
        self.warned.push(field);
        self.warnings.unsupported(field, why)
    }
}

/// The vendor wants an object: a JSON object is sent as it is, all else as `{"result": text}` or `{"error": text}`.
/// A text that looks like the latter two is wrapped once more, so that reading it back gives the same text.
fn response(text: Cow<'_, str>, status: ToolStatus) -> JsonObject<'_> {
    if status != ToolStatus::Ok {
        return JsonObject::Wrapped("error", text);
    }
    if let Cow::Borrowed(json) = text
        && json.starts_with('{')
        && super::decode_contents::wrapped(json).is_none()
        && let Ok(raw) = serde_json::from_str::<&RawValue>(json)
        && raw.get().len() == json.len()
    {
        return JsonObject::Object(raw);
    }
    JsonObject::Wrapped("result", text)
}

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = Merging::new(serializer.serialize_map(None)?, self.ext.as_deref());
        map.field("role", &self.role)?;
        map.field("parts", &self.parts)?;
        map.end()
    }
}

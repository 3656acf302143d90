//! Messages as items: what each part of a message becomes, in the history of a request and in an answer for clients.

use std::borrow::Cow;

use llm_core::{
    Error, Executor, Media, MediaData, Message, Origin, Part, PartKind, Role, ToolCall, ToolResult, ToolStatus,
    Visibility,
};
use serde_json::{Map, Value};

use super::{Body, Content, ContentOut, ItemOut, MadeUp};

use crate::chat::request::{fit, system_role};
use crate::dialect::{Dialect, ReasoningReplay, ToolIds};
use crate::encoded::Notes;
use crate::json::Added;
use crate::responses::piece::CONTENT;
use crate::responses::{FAMILY, item, mark};

/// Makes the items.
pub(in crate::responses) struct Writer<'d, 'n> {
    pub(in crate::responses) to: &'d Origin,
    pub(in crate::responses) dialect: &'d Dialect,
    pub(in crate::responses) notes: &'n mut Notes,
    /// The items are an answer for clients: they are whole, and say what no vendor wants to hear again.
    pub(in crate::responses) for_client: bool,
}

/// What a part becomes.
enum Made<'a> {
    /// A part of a message; with these fields of the item around it, it begins an item of its own.
    Piece(ContentOut<'a>, Option<&'a Map<String, Value>>),
    Item(ItemOut<'a>),
    Nothing,
}

/// Whose message it is.
#[derive(Clone, Copy)]
struct Side<'a> {
    assistant: bool,
    /// The target itself said it, or nobody knows who: what belongs to items goes back.
    same: bool,
    custom: &'a [&'a str],
}

/// A message's item that is not closed yet.
#[derive(Default)]
struct Open<'a> {
    pieces: Vec<ContentOut<'a>>,
    facts: Option<&'a Map<String, Value>>,
}

impl Writer<'_, '_> {
    /// Writes the items of a message. `custom` are the ids of calls of custom tools.
    pub(in crate::responses) fn message<'a>(
        &mut self,
        message: &'a Message,
        custom: &[&str],
        out: &mut Vec<ItemOut<'a>>,
    ) -> Result<(), Error> {
        self.unsent(message)?;
        let same = self.for_client
            || message.origin.as_ref().is_none_or(|origin| origin.is_target(&self.to.provider, &self.to.model));
        let side = Side { assistant: message.role == Role::Assistant, same, custom };
        let before = out.len();
        let mut open = Open::default();
        for part in &message.content {
            match self.part(part, message, side)? {
                Made::Piece(piece, facts) => {
                    if facts.is_some() {
                        self.close(&mut open, message, out);
                        open.facts = facts;
                    }
                    open.pieces.push(piece);
                }
                Made::Item(item) => {
                    self.close(&mut open, message, out);
                    out.push(item);
                }
                Made::Nothing => {}
            }
        }
        self.close(&mut open, message, out);
        let is_empty = message.content.is_empty() && message.role != Role::Tool && !self.for_client;
        if out.len() == before && is_empty {
            out.push(self.item(message, Content::Text(""), None));
        }
        Ok(())
    }

    /// Ends the message's item, if one is open.
    fn close<'a>(&self, open: &mut Open<'a>, message: &'a Message, out: &mut Vec<ItemOut<'a>>) {
        let Open { pieces, facts } = std::mem::take(open);
        if !pieces.is_empty() {
            // The item of an answer has a list, even of one text.
            let in_list = facts.is_some() || self.for_client;
            let content = if in_list { Content::Parts(pieces) } else { Content::of(pieces) };
            out.push(self.item(message, content, facts));
        }
    }

    fn item<'a>(
        &self,
        message: &'a Message,
        content: Content<'a>,
        facts: Option<&'a Map<String, Value>>,
    ) -> ItemOut<'a> {
        let facts = match facts {
            Some(_) => Added::object(facts),
            None => Added::new(&message.ext, self.to).without(&[mark::INSTRUCTIONS]),
        };
        let role = system_role(&message.role, self.dialect.system_role);
        ItemOut::Message { role, content, made_up: MadeUp::default(), facts }
    }

    /// What no item can say.
    fn unsent(&mut self, message: &Message) -> Result<(), Error> {
        self.notes.unknown_in(message)?;
        for part in &message.content {
            if part.signature.is_some() && !matches!(part.kind, PartKind::Reasoning { .. }) {
                self.notes.unsupported("messages.signature", "only reasoning has one here")?;
            }
            if let Some(hint) = part.cache {
                self.notes.cache(hint)?;
            }
        }
        if message.name.is_some() {
            self.notes.unsupported("messages.name", "this protocol has no names of speakers")?;
        }
        Ok(())
    }

    fn part<'a>(&mut self, part: &'a Part, message: &'a Message, side: Side<'_>) -> Result<Made<'a>, Error> {
        match &part.kind {
            PartKind::Reasoning { text, visibility, encrypted } => {
                self.reasoning(part, text, *visibility, encrypted.as_deref(), side.same)
            }
            PartKind::ToolCall(call) => self.call(part, call, side.same),
            PartKind::ToolResult(result) => self.result(part, result, message, side),
            PartKind::Media(Media { data: MediaData::Inline { bytes }, media_type, .. })
                if self.for_client && media_type.starts_with("image/") =>
            {
                Ok(Made::Item(ItemOut::Image { bytes, made_up: MadeUp::default() }))
            }
            PartKind::Opaque { kind, data } => match kind.strip_prefix(FAMILY) {
                _ if kind.starts_with(CONTENT) => {
                    Ok(Made::Piece(ContentOut::new(Body::Own(data), Added::default()), item_facts(part, side)))
                }
                Some(rest) if rest.starts_with('.') => Ok(Made::Item(ItemOut::Own(data))),
                _ => self.nothing("messages.content.opaque", "an item of another vendor has no meaning here"),
            },
            PartKind::Unknown(_) => {
                self.nothing("messages.content.unknown", "this version does not know the type of the part")
            }
            _ => Ok(match self.body(part, side)? {
                Some(body) => {
                    let added = self.added(part, side.same).without(&[mark::MESSAGE]);
                    Made::Piece(ContentOut::new(body, added), item_facts(part, side))
                }
                None => Made::Nothing,
            }),
        }
    }

    fn nothing<'a>(&mut self, field: &'static str, why: &str) -> Result<Made<'a>, Error> {
        self.notes.unsupported(field, why)?;
        Ok(Made::Nothing)
    }

    /// What the vendor or the caller adds to a part. To another target goes none of it: the ids of items mean nothing
    /// there, and an item whose reasoning is missing is refused.
    fn added<'a>(&self, part: &'a Part, same: bool) -> Added<'a> {
        if same { Added::new(&part.ext, self.to) } else { Added::default() }
    }

    /// What a part of a message's content says; `None`, with a warning, where it cannot be said.
    fn body<'a>(&mut self, part: &'a Part, side: Side<'_>) -> Result<Option<Body<'a>>, Error> {
        let kind = if side.assistant { "output_text" } else { "input_text" };
        let media = match &part.kind {
            PartKind::Text { text, citations } => {
                let in_own_item = self.for_client || item_facts(part, side).is_some();
                let sources = (side.assistant && (in_own_item || !citations.is_empty())).then_some(&citations[..]);
                return Ok(Some(Body::Text { kind, text, sources }));
            }
            PartKind::Refusal { text } if side.assistant => return Ok(Some(Body::Refusal(text))),
            PartKind::Refusal { text } => return Ok(Some(Body::Text { kind, text, sources: None })),
            PartKind::Media(media) => media,
            _ => {
                self.notes.unsupported("messages.content", "this part cannot stand in a message of this role")?;
                return Ok(None);
            }
        };
        let body = match (&media.data, media.family()) {
            (MediaData::Text { text }, _) => Ok((Body::Text { kind, text, sources: None }, "")),
            _ if side.assistant => Err("an answer of the model has no place for it"),
            (MediaData::File { refs }, family) => {
                let names = [&*self.to.provider, &*self.to.api, crate::FAMILY];
                match names.into_iter().find_map(|name| refs.get(name)) {
                    Some(id) if family == "image" => Ok((Body::ImageId(id, media.detail.as_deref()), "image_url")),
                    Some(id) => Ok((Body::FileId(id), "file")),
                    None => Err("the file was not uploaded to this provider"),
                }
            }
            (_, "image") => Ok((Body::Image(media), "image_url")),
            (MediaData::Inline { bytes }, "audio") => Ok((Body::Audio(media, bytes), "input_audio")),
            (_, "video") => Err("this protocol takes no video"),
            (MediaData::Inline { .. }, _) => Ok((Body::File(media), "file")),
            (MediaData::Url { url }, _) => Ok((Body::FileUrl(url, media.filename.as_deref()), "file")),
            _ => Err("this protocol has no form for it"),
        };
        match body {
            Ok((body, form)) if form.is_empty() || self.dialect.media.contains(&form) => Ok(Some(body)),
            Ok(_) => {
                self.notes.unsupported("messages.content.media", "this vendor does not take this type of content")?;
                Ok(None)
            }
            Err(why) => {
                self.notes.unsupported("messages.content.media", why)?;
                Ok(None)
            }
        }
    }

    fn reasoning<'a>(
        &mut self,
        part: &'a Part,
        text: &'a str,
        visibility: Visibility,
        encrypted: Option<&'a str>,
        same: bool,
    ) -> Result<Made<'a>, Error> {
        let sealed = encrypted.or(part.signature.as_deref());
        if sealed.is_some() && !same {
            let field = if encrypted.is_some() { "messages.encrypted" } else { "messages.signature" };
            self.notes.unsupported(field, "only the target that made it can read it")?;
        }
        let (encrypted, facts) = (sealed.filter(|_| same), self.added(part, same));
        // Without either the vendor does not know which thoughts these are.
        let known = encrypted.is_some() || facts.has("id");
        let replayed = (self.for_client || self.dialect.reasoning_replay != ReasoningReplay::Drop) && !text.is_empty();
        if !known && !replayed {
            return match text {
                "" => Ok(Made::Nothing),
                _ => self.nothing("messages.reasoning", "this vendor takes no reasoning of other turns"),
            };
        }
        let is_summary = visibility == Visibility::Summary;
        Ok(Made::Item(ItemOut::Reasoning { text, is_summary, encrypted, made_up: MadeUp::default(), facts }))
    }

    fn call<'a>(&mut self, part: &'a Part, call: &'a ToolCall, same: bool) -> Result<Made<'a>, Error> {
        if call.executed_by != Executor::Client {
            let why = "a call that another vendor ran itself cannot be told here";
            return self.nothing("messages.content.tool_call", why);
        }
        let custom = item::is_custom(&part.ext);
        let text = match call.arguments.trim() {
            // Servers parse the arguments of every call.
            "" if !custom => "{}",
            _ => &call.arguments,
        };
        Ok(Made::Item(ItemOut::Call {
            id: self.call_id(&call.id),
            name: &call.name,
            text,
            custom,
            made_up: MadeUp::default(),
            facts: self.added(part, same),
        }))
    }

    fn result<'a>(
        &mut self,
        part: &'a Part,
        result: &'a ToolResult,
        message: &'a Message,
        side: Side<'_>,
    ) -> Result<Made<'a>, Error> {
        if result.status != ToolStatus::Ok {
            let how = "this protocol has no mark for a failed call; the result is sent as it is";
            self.notes.adapted("messages.content.status", how);
        }
        let inside = Side { assistant: false, ..side };
        let mut pieces = Vec::with_capacity(result.content.len());
        for piece in &result.content {
            if let Made::Piece(piece, _) = self.part(piece, message, inside)? {
                pieces.push(piece);
            }
        }
        let custom = side.custom.contains(&result.call_id.as_str()) || item::is_custom(&part.ext);
        let ext = if part.ext.is_empty() { &message.ext } else { &part.ext };
        Ok(Made::Item(ItemOut::Result {
            id: self.call_id(&result.call_id),
            content: Content::of(pieces),
            custom,
            facts: Added::new(ext, self.to),
        }))
    }

    /// Ids may be longer here than in chat completions.
    fn call_id<'a>(&self, id: &'a str) -> Cow<'a, str> {
        let rule = match self.dialect.tool_ids {
            ToolIds::AtMost(longest) => ToolIds::AtMost(longest.max(64)),
            rule => rule,
        };
        fit(id, rule)
    }
}

/// The fields of the item that begins with this part.
fn item_facts<'a>(part: &'a Part, side: Side<'_>) -> Option<&'a Map<String, Value>> {
    part.ext.value(FAMILY, mark::MESSAGE)?.as_object().filter(|_| side.same && side.assistant)
}

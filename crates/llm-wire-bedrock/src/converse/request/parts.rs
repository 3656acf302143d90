//! From the parts of one message to content blocks, with a warning for everything that has no block.

use std::borrow::Cow;

use llm_core::{CacheHint, Error, Executor, Media, Message, Origin, Part, PartKind, ToolStatus, Warnings};
use llm_wire::json::{Input, Patch};

use crate::API;
use crate::block::{Block, CachePoint, Content, WireMedia, document_name};
use crate::citation::WireCitations;

/// What the parts of a conversation are encoded with.
pub(super) struct Scope<'a, 'w> {
    pub(super) to: &'a Origin,
    pub(super) warnings: &'w mut Warnings,
    /// The caller was told of dropped signatures; once is enough.
    pub(super) told_of_signatures: bool,
}

/// Where a part stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) message: &'a Message,
    pub(super) message_index: usize,
    pub(super) part_index: usize,
    /// Among the instructions, which are texts only.
    pub(super) in_system: bool,
}

impl Place<'_> {
    pub(super) fn path(self, field: &str) -> String {
        format!("messages[{}].content[{}]{field}", self.message_index, self.part_index)
    }
}

/// The mark for the cache behind a part; reasoning has none.
pub(super) fn mark(part: &Part) -> Option<CacheHint> {
    part.cache.filter(|_| !matches!(part.kind, PartKind::Reasoning { .. }))
}

impl<'a> Scope<'a, '_> {
    /// A part that cannot be sent.
    fn leave_out(&mut self, place: Place<'_>, field: &str, why: &str) -> Result<Option<Block<'a>>, Error> {
        self.warnings.unsupported(&place.path(field), why).map(|()| None)
    }

    /// One part as a block; `None` when it is left out.
    pub(super) fn block(&mut self, part: &'a Part, place: Place<'a>) -> Result<Option<Block<'a>>, Error> {
        let content = match &part.kind {
            PartKind::Text { text, citations } => {
                let own = WireCitations { list: citations, own_only: true };
                if own.is_empty() && !citations.is_empty() {
                    self.leave_out(place, ".citations", "only citations that this vendor made can be sent back")?;
                }
                match (text.is_empty(), own.is_empty()) {
                    // The vendor refuses empty texts, though it sends them.
                    (true, true) => return Ok(None),
                    (_, false) => Content::Cited { text, citations: own },
                    (false, true) => Content::Text { text },
                }
            }
            PartKind::Refusal { text } if text.is_empty() => return Ok(None),
            PartKind::Refusal { text } => {
                self.warnings.adapted(&place.path(""), "the refusal is sent as text");
                Content::Text { text }
            }
            PartKind::Opaque { kind, data } => match (kind.split_once('.'), data.as_object()) {
                (Some((API, _)), Some(fields)) => Content::Opaque { fields },
                _ => return self.leave_out(place, "", "it is an item of another vendor"),
            },
            _ if place.in_system => return self.leave_out(place, "", "instructions are texts only"),
            PartKind::Media(media) => match self.media(media, place)? {
                Some(media) => Content::Media(media),
                None => return Ok(None),
            },
            PartKind::ToolCall(call) => {
                if call.executed_by == Executor::Provider {
                    return self.leave_out(place, "", "another vendor ran this tool itself");
                }
                let input = Input::read(&call.arguments).unwrap_or_else(|| {
                    self.warnings
                        .adapted(&place.path(".arguments"), "they are not a JSON object, so an empty one is sent");
                    Input::Empty
                });
                Content::ToolUse { id: wire_id(&call.id), name: &call.name, input }
            }
            PartKind::ToolResult(result) => {
                let mut content = Vec::with_capacity(result.content.len());
                for part in &result.content {
                    if part.cache.is_some() {
                        self.leave_out(place, ".cache", "a mark for the cache stands behind the whole result")?;
                    }
                    content.extend(self.block(part, place)?);
                }
                Content::ToolResult { id: wire_id(&result.call_id), content, failed: result.status != ToolStatus::Ok }
            }
            PartKind::Reasoning { .. } => return self.reasoning(part, place),
            _ => return self.leave_out(place, "", "this version does not know the type of the part"),
        };
        if part.signature.is_some() {
            self.drop_signature("the vendor signs reasoning only")?;
        }
        Ok(Some(Block { content, patch: Patch::to(&part.ext, self.to) }))
    }

    fn media(&mut self, media: &'a Media, place: Place<'_>) -> Result<Option<WireMedia<'a>>, Error> {
        let mut wire = match WireMedia::of(media, self.to) {
            Ok(wire) => wire,
            Err(why) => return self.leave_out(place, "", why).map(|_| None),
        };
        if media.detail.is_some() {
            self.leave_out(place, ".detail", "the vendor has no such choice")?;
        }
        if wire.block == "document" {
            wire.name = Some(self.name(media, place));
        } else if media.filename.is_some() {
            self.leave_out(place, ".filename", "only documents have a name")?;
        }
        Ok(Some(wire))
    }

    /// The vendor wants a name for every document, and no name twice.
    fn name(&mut self, media: &'a Media, place: Place<'_>) -> Cow<'a, str> {
        let Some(filename) = media.filename.as_deref().filter(|name| !name.trim().is_empty()) else {
            return format!("document-{}-{}", place.message_index, place.part_index).into();
        };
        let name = document_name(filename);
        if name == filename {
            return Cow::Borrowed(filename);
        }
        self.warnings.adapted(&place.path(".filename"), "the vendor takes letters, digits, blanks, -, _, () and []");
        Cow::Owned(name)
    }

    /// Reasoning goes back with its signature to the target that made it, and nowhere else.
    fn reasoning(&mut self, part: &'a Part, place: Place<'_>) -> Result<Option<Block<'a>>, Error> {
        let PartKind::Reasoning { text, encrypted, .. } = &part.kind else { return Ok(None) };
        let ours = |origin: &Origin| origin.is_target(&self.to.provider, &self.to.model);
        let foreign = place.message.origin.as_deref().is_some_and(|origin| !ours(origin));
        let content = match (encrypted, &part.signature) {
            (Some(_), _) | (_, Some(_)) if foreign => {
                self.drop_signature("reasoning that another target signed was left out")?;
                return Ok(None);
            }
            (Some(data), _) => Content::Redacted { data },
            (None, Some(signature)) => Content::Reasoning { text, signature: Some(signature) },
            (None, None) => return self.leave_out(place, "", "reasoning without a signature is refused"),
        };
        if part.cache.is_some() {
            self.leave_out(place, ".cache", "reasoning cannot be marked for the cache")?;
        }
        Ok(Some(Block { content, patch: Patch::to(&part.ext, self.to) }))
    }

    fn drop_signature(&mut self, why: &str) -> Result<(), Error> {
        if std::mem::replace(&mut self.told_of_signatures, true) {
            return Ok(());
        }
        self.warnings.unsupported("messages.signature", why)
    }

    /// A mark for the cache, with a warning where its time cannot be said.
    pub(super) fn cache(&mut self, hint: CacheHint, field: impl FnOnce() -> String) -> CachePoint {
        if !CachePoint::is_exact(hint) {
            self.warnings.adapted(&field(), "the vendor keeps a prompt for 5 minutes or for an hour");
        }
        hint.into()
    }
}

/// The vendor takes 64 letters, digits and `_.:-` as the id of a call (Converse reference, 2026-11).
fn wire_id(id: &str) -> Cow<'_, str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    llm_wire::tool_id(id, allowed, 64)
}

//! From the parts of one message to content blocks, with a warning for everything that has no block.

use std::borrow::Cow;

use llm_core::{CacheHint, Error, MediaData, Message, Origin, Part, PartKind, Role, ToolStatus, Warnings};

use crate::API;
use crate::block::{Block, CacheControl, Content, Source, unsupported_media};
use crate::citation::WireCitations;
use llm_wire::json::{Input, Patch};

/// What the parts of a conversation are encoded with.
pub(super) struct Scope<'a, 'w> {
    pub(super) to: &'a Origin,
    pub(super) warnings: &'w mut Warnings,
    /// Something stands in the conversation that only version 2023-06-01 takes.
    pub(super) needs_old_version: bool,
    /// The caller was told of dropped signatures; once is enough.
    pub(super) told_of_signatures: bool,
}

/// Where a part stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) message: &'a Message,
    pub(super) message_index: usize,
    pub(super) part_index: usize,
}

impl Place<'_> {
    fn path(self, field: &str) -> String {
        format!("messages[{}].content[{}]{field}", self.message_index, self.part_index)
    }
}

impl<'a> Scope<'a, '_> {
    /// A part that cannot be sent.
    fn leave_out(&mut self, place: Place<'_>, field: &str, why: &str) -> Result<Option<Block<'a>>, Error> {
        self.warnings.unsupported(&place.path(field), why).map(|()| None)
    }

    /// One part as a block; `None` when it is left out.
    pub(super) fn block(&mut self, part: &'a Part, place: Place<'_>) -> Result<Option<Block<'a>>, Error> {
        let content = match &part.kind {
            // The vendor refuses empty texts, though it sends them.
            PartKind::Text { text, .. } if text.is_empty() => return Ok(None),
            PartKind::Text { text, citations } => {
                let citations = WireCitations { list: citations, own_only: true };
                if citations.is_empty() && !citations.list.is_empty() {
                    self.leave_out(place, ".citations", "only citations that this vendor made can be sent back")?;
                }
                self.needs_old_version |= !citations.is_empty() && place.message.role != Role::Assistant;
                Content::Text { text, citations }
            }
            PartKind::Refusal { text } if text.is_empty() => return Ok(None),
            PartKind::Refusal { text } => {
                self.warnings.adapted(&place.path(""), "the refusal is sent as text");
                Content::Text { text, citations: WireCitations { list: &[], own_only: true } }
            }
            PartKind::Media(media) => {
                if let Some(why) = unsupported_media(media, self.to) {
                    return self.leave_out(place, "", why);
                }
                if media.detail.is_some() {
                    self.leave_out(place, ".detail", "the vendor has no such choice")?;
                }
                let Some(source) = Source::of(media, self.to) else { return Ok(None) };
                if matches!((&media.data, source), (MediaData::Inline { .. }, Source::Text { .. })) {
                    self.warnings.adapted(&place.path(""), "the document is sent as plain text");
                }
                if media.family() == "image" {
                    Content::Image { source }
                } else {
                    self.needs_old_version |= place.message.role == Role::Assistant;
                    Content::Document { source, title: media.filename.as_deref() }
                }
            }
            PartKind::ToolCall(call) => {
                if call.executed_by == llm_core::Executor::Provider {
                    return self.leave_out(place, "", "another vendor ran this tool itself");
                }
                let input = Input::read(&call.arguments).unwrap_or_else(|| {
                    self.warnings
                        .adapted(&place.path(".arguments"), "they are not a JSON object, so an empty one is sent");
                    Input::Empty
                });
                Content::ToolUse { server: false, id: wire_id(&call.id), name: &call.name, input }
            }
            PartKind::ToolResult(result) => {
                let mut content = Vec::with_capacity(result.content.len());
                for part in &result.content {
                    content.extend(self.block(part, place)?);
                }
                let blank = content.is_empty() && result.content.iter().any(|part| part.as_text() == Some(""));
                let is_error = result.status != ToolStatus::Ok;
                Content::ToolResult { id: wire_id(&result.call_id), content, blank, is_error }
            }
            PartKind::Reasoning { .. } => return self.reasoning(part, place),
            PartKind::Opaque { kind, data } => match (kind.split_once('.'), data.as_object()) {
                (Some((API, _)), Some(fields)) => Content::Opaque { fields },
                _ => return self.leave_out(place, "", "it is an item of another vendor"),
            },
            _ => return self.leave_out(place, "", "this version does not know the type of the part"),
        };
        if part.signature.is_some() {
            self.drop_signature("the vendor signs reasoning only")?;
        }
        let cache = part.cache.map(|hint| self.cache(hint, || place.path(".cache")));
        Ok(Some(Block { content, cache, patch: Patch::to(&part.ext, self.to) }))
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
            (None, Some(signature)) => Content::Thinking { text, signature },
            (None, None) => return self.leave_out(place, "", "reasoning without this vendor's signature is refused"),
        };
        if part.cache.is_some() {
            self.leave_out(place, ".cache", "reasoning cannot be marked for the cache")?;
        }
        Ok(Some(Block { content, cache: None, patch: Patch::to(&part.ext, self.to) }))
    }

    fn drop_signature(&mut self, why: &str) -> Result<(), Error> {
        if std::mem::replace(&mut self.told_of_signatures, true) {
            return Ok(());
        }
        self.warnings.unsupported("messages.signature", why)
    }

    /// A cache mark, with a warning where its time cannot be said.
    pub(super) fn cache(&mut self, hint: CacheHint, field: impl FnOnce() -> String) -> CacheControl {
        if !CacheControl::is_exact(hint) {
            self.warnings.adapted(&field(), "the vendor keeps a prompt for 5 minutes or for an hour");
        }
        hint.into()
    }
}

/// The vendor takes `[a-zA-Z0-9_-]+` as the id of a call.
fn wire_id(id: &str) -> Cow<'_, str> {
    llm_wire::tool_id(id, |byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-', usize::MAX)
}

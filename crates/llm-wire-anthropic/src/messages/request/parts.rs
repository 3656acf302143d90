//! From the parts of one message to content blocks, with a warning for everything that has no block.

use std::borrow::Cow;

use llm_core::{Error, MediaData, Part, PartKind, Role, ToolStatus};
use llm_wire::Citations;
use llm_wire::json::{Input, Patch};
use llm_wire::turns::{Place, Scope, Thought};

use crate::API;
use crate::block::{Block, CACHE_MARK, Content, Source, unsupported_media};
use crate::citation::WireCitations;

/// What is found out of the parts while they are encoded.
#[derive(Default)]
pub(super) struct Parts {
    /// Something stands in the conversation that only version 2023-06-01 takes.
    pub(super) needs_old_version: bool,
}

impl Parts {
    /// One part as a block; `None` when it is left out.
    pub(super) fn block<'a>(
        &mut self,
        scope: &mut Scope<'a, '_>,
        part: &'a Part,
        place: Place<'a>,
    ) -> Result<Option<Block<'a>>, Error> {
        let content = match &part.kind {
            // The vendor refuses empty texts, though it sends them.
            PartKind::Text { text, .. } if text.is_empty() => return Ok(None),
            PartKind::Text { text, citations } => {
                let citations = WireCitations(Citations::own(citations, API));
                if citations.0.are_foreign() {
                    scope.leave_out::<()>(
                        place,
                        ".citations",
                        "only citations that this vendor made can be sent back",
                    )?;
                }
                self.needs_old_version |= !citations.0.is_empty() && place.message.role != Role::Assistant;
                Content::Text { text, citations }
            }
            PartKind::Refusal { text } if text.is_empty() => return Ok(None),
            PartKind::Refusal { text } => {
                scope.warnings.adapted(&place.path(""), "the refusal is sent as text");
                Content::Text { text, citations: WireCitations(Citations::all(&[])) }
            }
            PartKind::Media(media) => {
                if let Some(why) = unsupported_media(media, scope.to) {
                    return scope.leave_out(place, "", why);
                }
                if media.detail.is_some() {
                    scope.leave_out::<()>(place, ".detail", "the vendor has no such choice")?;
                }
                let Some(source) = Source::of(media, scope.to) else { return Ok(None) };
                if matches!((&media.data, source), (MediaData::Inline { .. }, Source::Text { .. })) {
                    scope.warnings.adapted(&place.path(""), "the document is sent as plain text");
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
                    return scope.leave_out(place, "", "another vendor ran this tool itself");
                }
                let input = Input::read(&call.arguments).unwrap_or_else(|| {
                    scope
                        .warnings
                        .adapted(&place.path(".arguments"), "they are not a JSON object, so an empty one is sent");
                    Input::Empty
                });
                Content::ToolUse { server: false, id: wire_id(&call.id), name: &call.name, input }
            }
            PartKind::ToolResult(result) => {
                let mut content = Vec::with_capacity(result.content.len());
                for part in &result.content {
                    content.extend(self.block(scope, part, place)?);
                }
                let blank = content.is_empty() && result.content.iter().any(|part| part.as_text() == Some(""));
                let is_error = result.status != ToolStatus::Ok;
                Content::ToolResult { id: wire_id(&result.call_id), content, blank, is_error }
            }
            PartKind::Reasoning { .. } => {
                let content = match scope.thought(part, place)? {
                    Some(Thought::Signed { text, signature }) => Content::Thinking { text, signature },
                    Some(Thought::Sealed { data }) => Content::Redacted { data },
                    None => return Ok(None),
                };
                return Ok(Some(Block { content, cache: None, patch: Patch::to(&part.ext, scope.to) }));
            }
            PartKind::Opaque { kind, data } => match (kind.split_once('.'), data.as_object()) {
                (Some((API, _)), Some(fields)) => Content::Opaque { fields },
                _ => return scope.leave_out(place, "", "it is an item of another vendor"),
            },
            _ => return scope.leave_out(place, "", "this version does not know the type of the part"),
        };
        if part.signature.is_some() {
            scope.drop_signature("the vendor signs reasoning only")?;
        }
        let cache = part.cache.map(|hint| scope.cache(CACHE_MARK, hint, || place.path(".cache")));
        Ok(Some(Block { content, cache, patch: Patch::to(&part.ext, scope.to) }))
    }
}

/// The vendor takes `[a-zA-Z0-9_-]+` as the id of a call.
fn wire_id(id: &str) -> Cow<'_, str> {
    llm_wire::tool_id(id, |byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-', usize::MAX)
}

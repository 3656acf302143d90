//! From the parts of one message to content blocks, with a warning for everything that has no block.

use std::borrow::Cow;

use llm_core::{CacheHint, Error, Executor, Media, Part, PartKind, ToolStatus};
use llm_wire::Citations;
use llm_wire::json::{Input, Patch};
use llm_wire::turns::{Place, Scope, Thought};

use crate::API;
use crate::block::{Block, CACHE_MARK, Content, WireMedia, document_name};
use crate::citation::WireCitations;

/// The mark for the cache behind a part; reasoning has none.
fn mark(part: &Part) -> Option<CacheHint> {
    part.cache.filter(|_| !matches!(part.kind, PartKind::Reasoning { .. }))
}

/// Adds a part's block, and behind it its mark for the cache.
pub(super) fn add<'a>(
    scope: &mut Scope<'a, '_>,
    part: &'a Part,
    place: Place<'a>,
    into: &mut Vec<Block<'a>>,
) -> Result<(), Error> {
    let Some(block) = block(scope, part, place)? else { return Ok(()) };
    into.push(block);
    if let Some(hint) = mark(part) {
        into.push(Block::new(Content::CachePoint(scope.cache(CACHE_MARK, hint, || place.path(".cache")))));
    }
    Ok(())
}

/// One part as a block; `None` when it is left out.
fn block<'a>(scope: &mut Scope<'a, '_>, part: &'a Part, place: Place<'a>) -> Result<Option<Block<'a>>, Error> {
    let content = match &part.kind {
        PartKind::Text { text, citations } => {
            let own = Citations::own(citations, API);
            if own.are_foreign() {
                scope.leave_out::<()>(place, ".citations", "only citations that this vendor made can be sent back")?;
            }
            match (text.is_empty(), own.is_empty()) {
                // The vendor refuses empty texts, though it sends them.
                (true, true) => return Ok(None),
                (_, false) => Content::Cited { text, citations: WireCitations(own) },
                (false, true) => Content::Text { text },
            }
        }
        PartKind::Refusal { text } if text.is_empty() => return Ok(None),
        PartKind::Refusal { text } => {
            scope.warnings.adapted(&place.path(""), "the refusal is sent as text");
            Content::Text { text }
        }
        PartKind::Opaque { kind, data } => match (kind.split_once('.'), data.as_object()) {
            (Some((API, _)), Some(fields)) => Content::Opaque { fields },
            _ => return scope.leave_out(place, "", "it is an item of another vendor"),
        },
        _ if place.in_system => return scope.leave_out(place, "", "instructions are texts only"),
        PartKind::Media(media) => match media_block(scope, media, place)? {
            Some(media) => Content::Media(media),
            None => return Ok(None),
        },
        PartKind::ToolCall(call) => {
            if call.executed_by == Executor::Provider {
                return scope.leave_out(place, "", "another vendor ran this tool itself");
            }
            let input = Input::read(&call.arguments).unwrap_or_else(|| {
                scope
                    .warnings
                    .adapted(&place.path(".arguments"), "they are not a JSON object, so an empty one is sent");
                Input::Empty
            });
            Content::ToolUse { id: wire_id(&call.id), name: &call.name, input }
        }
        PartKind::ToolResult(result) => {
            let mut content = Vec::with_capacity(result.content.len());
            for part in &result.content {
                if part.cache.is_some() {
                    scope.leave_out::<()>(place, ".cache", "a mark for the cache stands behind the whole result")?;
                }
                content.extend(block(scope, part, place)?);
            }
            Content::ToolResult { id: wire_id(&result.call_id), content, failed: result.status != ToolStatus::Ok }
        }
        PartKind::Reasoning { .. } => {
            let content = match scope.thought(part, place)? {
                Some(Thought::Signed { text, signature }) => Content::Reasoning { text, signature: Some(signature) },
                Some(Thought::Sealed { data }) => Content::Redacted { data },
                None => return Ok(None),
            };
            return Ok(Some(Block { content, patch: Patch::to(&part.ext, scope.to) }));
        }
        _ => return scope.leave_out(place, "", "this version does not know the type of the part"),
    };
    if part.signature.is_some() {
        scope.drop_signature("the vendor signs reasoning only")?;
    }
    Ok(Some(Block { content, patch: Patch::to(&part.ext, scope.to) }))
}

fn media_block<'a>(
    scope: &mut Scope<'_, '_>,
    media: &'a Media,
    place: Place<'_>,
) -> Result<Option<WireMedia<'a>>, Error> {
    let mut wire = match WireMedia::of(media, scope.to) {
        Ok(wire) => wire,
        Err(why) => return scope.leave_out(place, "", why),
    };
    if media.detail.is_some() {
        scope.leave_out::<()>(place, ".detail", "the vendor has no such choice")?;
    }
    if wire.block == "document" {
        wire.name = Some(name(scope, media, place));
    } else if media.filename.is_some() {
        scope.leave_out::<()>(place, ".filename", "only documents have a name")?;
    }
    Ok(Some(wire))
}

/// The vendor wants a name for every document, and no name twice.
fn name<'a>(scope: &mut Scope<'_, '_>, media: &'a Media, place: Place<'_>) -> Cow<'a, str> {
    let Some(filename) = media.filename.as_deref().filter(|name| !name.trim().is_empty()) else {
        return format!("document-{}-{}", place.message_index, place.part_index).into();
    };
    let name = document_name(filename);
    if name == filename {
        return Cow::Borrowed(filename);
    }
    scope.warnings.adapted(&place.path(".filename"), "the vendor takes letters, digits, blanks, -, _, () and []");
    Cow::Owned(name)
}

/// The vendor takes 64 letters, digits and `_.:-` as the id of a call (Converse reference, 2026-11).
fn wire_id(id: &str) -> Cow<'_, str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    llm_wire::tool_id(id, allowed, 64)
}

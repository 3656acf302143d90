//! A part that came whole, as the events of a streamed one.

use bytes::Bytes;
use llm_core::{Event, Media, MediaData, Part, PartId, PartKind};
use llm_wire::EventQueue;

/// Pushes the start, the content, the signature and the end of a part.
pub(super) fn push_whole(part: Part, id: PartId, candidate: u32, out: &mut EventQueue) {
    let Part { mut kind, signature, ext, .. } = part;
    let content = take_content(&mut kind, id);
    out.push(Event::PartStart { part: id, candidate, shell: Box::new(kind) });
    if let Some(content) = content {
        out.push(content);
    }
    if let Some(signature) = signature {
        out.push(Event::SignatureDelta { part: id, signature });
    }
    out.push(Event::PartEnd { part: id, truncated: false, ext: (!ext.is_empty()).then(|| Box::new(ext)) });
}

/// Takes the content out of a part, so that what is left is its shell.
fn take_content(kind: &mut PartKind, part: PartId) -> Option<Event> {
    use std::mem::take;
    let event = match kind {
        PartKind::Text { text, .. } if !text.is_empty() => Event::TextDelta { part, text: take(text) },
        PartKind::Reasoning { text, .. } if !text.is_empty() => Event::ReasoningDelta { part, text: take(text) },
        PartKind::ToolCall(call) => Event::ArgumentsDelta { part, json: take(&mut call.arguments) },
        PartKind::Media(Media { data: MediaData::Inline { bytes }, .. }) => {
            Event::MediaDelta { part, bytes: std::mem::replace(bytes, Bytes::new()) }
        }
        _ => return None,
    };
    Some(event)
}

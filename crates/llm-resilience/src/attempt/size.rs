//! About how many bytes a request is, for the cap on what is sent twice.

use llm_core::{ChatRequest, Content, Media, MediaData, PartKind, Request, Tool};

/// Whether a request is larger than `most` bytes. Reads lengths only, and stops when it knows.
pub(super) fn exceeds(request: &Request, most: u64) -> bool {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut left = most;
    let mut fits = |bytes: usize| match left.checked_sub(bytes) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let fits = match request {
        Request::Chat(chat) | Request::ChatStream(chat) | Request::CountTokens(chat) => chat_fits(chat, &mut fits),
        other => {
            let mut all = true;
            other.each_content(&mut |content| {
                all = all
                    && fits(match content {
                        Content::Text(text) => text.len(),
                        Content::Media(media) => media_len(media),
                    });
            });
            all
        }
    };
    !fits
}

fn chat_fits(chat: &ChatRequest, fits: &mut impl FnMut(usize) -> bool) -> bool {
    chat.messages.iter().flat_map(|message| &message.content).all(|part| kind_fits(&part.kind, fits))
        && chat.tools.iter().all(|tool| match &**tool {
            Tool::Function(function) => {
                fits(function.name.len() + function.description.as_ref().map_or(0, String::len))
            }
            _ => true,
        })
}

fn kind_fits(kind: &PartKind, fits: &mut impl FnMut(usize) -> bool) -> bool {
    match kind {
        PartKind::Text { text, .. } | PartKind::Reasoning { text, .. } | PartKind::Refusal { text } => fits(text.len()),
        PartKind::ToolCall(call) => fits(call.name.len() + call.arguments.len()),
        PartKind::ToolResult(result) => result.content.iter().all(|part| kind_fits(&part.kind, fits)),
        PartKind::Media(media) => fits(media_len(media)),
        _ => true,
    }
}

/// It travels as base64 almost everywhere: four bytes for three.
fn media_len(media: &Media) -> usize {
    match &media.data {
        MediaData::Inline { bytes } => bytes.len().div_ceil(3) * 4,
        _ => 0,
    }
}

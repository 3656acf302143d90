//! What wire crates ask of a chat request before they write it.

use llm_core::{ChatRequest, Error, MediaData, PartKind, Warnings};

/// Warns of those of these fields that a request sets and a protocol has no place for.
pub fn absent(request: &ChatRequest, fields: &[&str], warnings: &mut Warnings) -> Result<(), Error> {
    let set = fields.iter().filter(|field| is_set(request, field));
    set.into_iter().try_for_each(|field| warnings.unsupported(field, "the vendor has no such parameter"))
}

/// Fields that some protocol lacks.
fn is_set(request: &ChatRequest, field: &str) -> bool {
    let sampling = &request.sampling;
    match field {
        "sampling.presence_penalty" => sampling.presence_penalty.is_some(),
        "sampling.frequency_penalty" => sampling.frequency_penalty.is_some(),
        "sampling.seed" => sampling.seed.is_some(),
        "sampling.candidates" => sampling.candidates.is_some_and(|candidates| candidates != 1),
        "sampling.logprobs" => sampling.logprobs.is_some(),
        "metadata" => !request.metadata.is_empty(),
        "end_user" => request.end_user.is_some(),
        // A name that is not here would hide a field without a word.
        _ => true,
    }
}

/// About as many bytes as a body will have, so that its buffer grows once at most.
pub fn size_hint(request: &ChatRequest) -> usize {
    let part = |kind: &PartKind| match kind {
        PartKind::Text { text, .. } => text.len() + text.len() / 16,
        PartKind::Media(media) => match &media.data {
            MediaData::Inline { bytes } => bytes.len() / 3 * 4,
            MediaData::Text { text } => text.len(),
            _ => 128,
        },
        PartKind::ToolCall(call) => call.arguments.len(),
        _ => 256,
    };
    let parts = request.messages.iter().flat_map(|message| &message.content);
    parts.map(|p| part(&p.kind) + 64).sum::<usize>() + request.tools.len() * 512 + 256
}

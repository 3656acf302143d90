//! Tokens by a rule that anybody can check by hand: a token is a word between white space, or one media part.

use llm_core::{ChatRequest, Part, PartKind};

/// Words of a text.
pub(crate) fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// Tokens of a request: all its messages. Definitions of tools and schemas are not counted.
pub(crate) fn request(request: &ChatRequest) -> u64 {
    request.messages.iter().flat_map(|message| &message.content).map(part).sum()
}

fn part(part: &Part) -> u64 {
    match &part.kind {
        PartKind::Text { text, .. } | PartKind::Refusal { text } | PartKind::Reasoning { text, .. } => words(text),
        PartKind::ToolCall(call) => words(&call.arguments),
        PartKind::ToolResult(result) => result.content.iter().map(self::part).sum(),
        PartKind::Media(_) => 1,
        _ => 0,
    }
}

//! How many tokens a request will take, guessed before it is sent.

use crate::chat::ChatRequest;
use crate::part::PartKind;
use crate::request::{Content, Request};
use crate::tool::Tool;

/// The tokens that a request is thought to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenEstimate {
    /// Input tokens.
    pub input: u64,
    /// The longest answer that the request allows; `None` when it says nothing.
    pub max_output: Option<u64>,
}

impl TokenEstimate {
    /// So many input tokens, and an answer of at most so many.
    pub fn new(input: u64, max_output: Option<u64>) -> Self {
        Self { input, max_output }
    }
}

/// Guesses the tokens of a request. Better ones know the model's tokenizer or learn from real usage.
pub trait TokenEstimator: Send + Sync + 'static {
    /// The tokens that `request` is thought to take at this model.
    fn estimate(&self, model: &str, request: &Request) -> TokenEstimate;
}

/// A guess from the length of the texts alone: three bytes a token, which is more than most texts have.
///
/// It errs upwards, so that a limit or a context window holds. Reads lengths, allocates nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct BytesEstimator;

/// Bytes of text that make one token.
const BYTES_PER_TOKEN: u64 = 3;
/// What a message costs beside its text: role and separators.
const PER_MESSAGE: u64 = 4;
/// What a tool costs beside its schema.
const PER_TOOL: u64 = 8;
/// An image, audio or document: near what vendors charge for a large image (OpenAI 1,445 for 1024 × 1024 in high detail,
/// Anthropic about 1,600 for 1.15 megapixels; their pages, 2026).
const PER_MEDIA: u64 = 1600;

impl TokenEstimator for BytesEstimator {
    fn estimate(&self, _model: &str, request: &Request) -> TokenEstimate {
        match request {
            Request::Chat(chat) | Request::ChatStream(chat) => {
                TokenEstimate::new(chat_input(chat), chat.sampling.max_output_tokens.map(u64::from))
            }
            // Vendors count neither among the tokens of a minute.
            Request::CountTokens(_) | Request::Models => TokenEstimate::new(0, Some(0)),
            other => {
                let (mut bytes, mut fixed) = (0, 0);
                other.each_content(&mut |content| match content {
                    Content::Text(text) => bytes += text_len(text),
                    Content::Media(_) => fixed += PER_MEDIA,
                });
                if let Request::Rerank(rerank) = other {
                    // The query is read again with each document.
                    let again = rerank.documents.len().saturating_sub(1);
                    bytes += text_len(&rerank.query).saturating_mul(u64::try_from(again).unwrap_or(u64::MAX));
                }
                TokenEstimate::new(tokens(bytes) + fixed, max_output(other))
            }
        }
    }
}

/// The longest answer of an operation other than chat: none where the answer is no text, sound or image.
fn max_output(request: &Request) -> Option<u64> {
    matches!(request, Request::Embed(_) | Request::Rerank(_) | Request::Moderate(_)).then_some(0)
}

fn chat_input(chat: &ChatRequest) -> u64 {
    let (mut bytes, mut fixed) = (0, 0);
    for message in &chat.messages {
        fixed += PER_MESSAGE;
        for part in &message.content {
            match &part.kind {
                PartKind::Text { text, .. } | PartKind::Reasoning { text, .. } | PartKind::Refusal { text } => {
                    bytes += text_len(text);
                }
                PartKind::ToolCall(call) => bytes += text_len(&call.name) + text_len(&call.arguments),
                PartKind::ToolResult(result) => {
                    for part in &result.content {
                        match part.as_text() {
                            Some(text) => bytes += text_len(text),
                            None => fixed += PER_MEDIA,
                        }
                    }
                }
                PartKind::Media(_) => fixed += PER_MEDIA,
                _ => {}
            }
        }
    }
    for tool in &chat.tools {
        fixed += PER_TOOL;
        if let Tool::Function(function) = &**tool {
            bytes += text_len(&function.name) + text_len(function.description.as_deref().unwrap_or_default());
            bytes += json_len(&function.schema);
        }
    }
    tokens(bytes) + fixed
}

fn text_len(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

fn tokens(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN)
}

/// About how long a value is as JSON.
fn json_len(value: &serde_json::Value) -> u64 {
    use serde_json::Value as V;
    match value {
        V::Null | V::Bool(_) | V::Number(_) => 4,
        V::String(text) => text_len(text) + 2,
        V::Array(items) => items.iter().map(|item| json_len(item) + 1).sum::<u64>() + 2,
        V::Object(fields) => fields.iter().map(|(name, value)| text_len(name) + json_len(value) + 4).sum::<u64>() + 2,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::rerank::RerankRequest;
    use crate::speech::SpeechRequest;

    #[test]
    fn text_counts_by_its_bytes_and_messages_have_a_price_of_their_own() {
        let mut chat = ChatRequest::new("m").with_user("a".repeat(300));
        let estimate = |chat: &ChatRequest| BytesEstimator.estimate("m", &Request::Chat(Arc::new(chat.clone())));
        assert_eq!(estimate(&chat), TokenEstimate::new(104, None));
        chat = chat.with_user("b");
        chat.sampling.max_output_tokens = Some(50);
        assert_eq!(estimate(&chat), TokenEstimate::new(101 + 8, Some(50)));
        assert_eq!(BytesEstimator.estimate("m", &Request::Models), TokenEstimate::new(0, Some(0)));
        assert_eq!(BytesEstimator.estimate("m", &Request::CountTokens(Arc::new(chat))), TokenEstimate::new(0, Some(0)));
    }

    #[test]
    fn a_query_counts_once_with_each_document() {
        let rerank = RerankRequest::new("m", "x".repeat(30), ["y".repeat(30), "z".repeat(30)]);
        let estimate = BytesEstimator.estimate("m", &Request::Rerank(Arc::new(rerank)));
        assert_eq!(estimate, TokenEstimate::new(40, Some(0)));
        let speech = SpeechRequest::new("m", "x".repeat(30), "v");
        let estimate = BytesEstimator.estimate("m", &Request::Speech(Arc::new(speech)));
        assert_eq!(estimate, TokenEstimate::new(10, None));
    }
}

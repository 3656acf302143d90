//! What watsonx does differently from OpenAI's chat API.
//!
//! Sources, read 2026-11: IBM's Java SDK (`TextChatRequest`, `WatsonxError`), LiteLLM 1.106.2.

use llm_core::{ErrorKind, FinishReason};
use llm_wire_openai::Dialect;
use llm_wire_openai::dialect::{Reading, ReasoningReplay, StreamUsage, ToolContent};

/// Chats.
pub(crate) const DIALECT: Dialect = Dialect {
    drop: &["top_k", "parallel_tool_calls", "service_tier", "metadata"],
    end_user: None,
    media: &["image_url", "input_audio", "video_url"],
    tool_content: ToolContent::Text,
    reasoning_replay: ReasoningReplay::Drop,
    stream_usage: StreamUsage::Unasked,
    embed_dimensions: None,
    finish: &[
        ("eos_token", FinishReason::Stop),
        ("stop_sequence", FinishReason::Stop),
        ("max_tokens", FinishReason::Length),
        ("token_limit", FinishReason::Length),
    ],
    errors: &[
        ("token_quota_reached", ErrorKind::QuotaExhausted),
        ("authentication_token_expired", ErrorKind::Auth),
        ("authentication_token_not_valid", ErrorKind::Auth),
        ("authorization_rejected", ErrorKind::Permission),
        ("user_authorization_failed", ErrorKind::Permission),
        ("model_not_supported", ErrorKind::NotFound),
        ("model_no_support_for_function", ErrorKind::InvalidRequest),
    ],
    error_messages: &[(
        400,
        Reading::Starts("invalid input argument for model * the number of input tokens"),
        ErrorKind::ContextLength,
    )],
    ..Dialect::COMPATIBLE
};

/// Prompts.
pub(crate) const PROMPTS: Dialect =
    Dialect { drop: &["presence_penalty", "frequency_penalty", "n", "logprobs", "user"], ..DIALECT };

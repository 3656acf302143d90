#![doc = include_str!("../README.md")]

use llm_core::{ErrorKind, ModelCard, Support};
use llm_wire_openai::dialect::{ReasoningRequest, ToolContent};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! {
    VENDOR,
    // Limits: LiteLLM 1.106.2 (2026-11).
    models: [ModelCard::new("novita", "openai/gpt-oss-120b").with_limits(131_072, 32_768).with_reasoning(Support::Yes)],
}

const VENDOR: Vendor = Vendor {
    id: "novita",
    name: "Novita AI",
    aliases: &["novita-ai"],
    // The older address ends in /v3/openai.
    base_url: "https://api.novita.ai/openai/v1",
    base_url_env: &["NOVITA_API_BASE"],
    key_env: &["NOVITA_API_KEY"],
    default_model: Some("openai/gpt-oss-120b"),
    dialect: Dialect {
        // Fields and parts: novita.ai/docs/api-reference/model-apis-llm-create-chat-completion (2026).
        drop: &["parallel_tool_calls", "service_tier", "metadata"],
        media: &["image_url", "video_url", "input_audio"],
        tool_content: ToolContent::TextParts,
        // A switch without a number (the same page).
        reasoning: ReasoningRequest::EnableOnly,
        // Reasons in its page on error codes (2026).
        errors: &[("NOT_ENOUGH_BALANCE", ErrorKind::QuotaExhausted), ("FAILED_TO_AUTH", ErrorKind::Auth)],
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

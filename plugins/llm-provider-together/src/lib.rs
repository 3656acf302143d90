#![doc = include_str!("../README.md")]

use llm_core::{ErrorKind, ModelCard, Support};
use llm_wire_openai::dialect::{EndMarker, Paths, Reading, ToolContent};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! {
    VENDOR,
    // The window: LiteLLM 1.106.2 (2026-11).
    models: [ModelCard::new("together", "openai/gpt-oss-120b").with_limits(131_072, 131_072).with_reasoning(Support::Yes)],
}

const VENDOR: Vendor = Vendor {
    id: "together",
    name: "Together AI",
    aliases: &["together-ai"],
    // The older address, api.together.xyz, still answers (traffic of 2025).
    base_url: "https://api.together.ai/v1",
    base_url_env: &["TOGETHER_BASE_URL", "TOGETHER_AI_API_BASE"],
    key_env: &["TOGETHER_API_KEY", "TOGETHER_AI_API_KEY"],
    default_model: Some("openai/gpt-oss-120b"),
    dialect: Dialect {
        // The vendor's SDK 3.1.1 (2026-11).
        paths: Paths {
            images: Some("/images/generations"),
            rerank: Some("/rerank"),
            speech: Some("/audio/speech"),
            transcriptions: Some("/audio/transcriptions"),
            translations: Some("/audio/translations"),
            ..Paths::COMMON
        },
        // Probabilities are a number where this protocol has a switch, and there are neither tiers nor labels (the same SDK).
        drop: &["logprobs", "service_tier", "metadata"],
        media: &["image_url", "video_url"],
        tool_content: ToolContent::TextParts,
        end_marker: EndMarker::Done,
        errors: &[
            // Limits that follow the traffic of the last hours (its page on rate limits, 2026).
            ("dynamic_request_limited", ErrorKind::RateLimited),
            ("dynamic_token_limited", ErrorKind::RateLimited),
        ],
        // A prompt that is too long is "forbidden" (its page on errors, 2026).
        error_messages: &[(403, Reading::Starts("input validation error:  tokens +"), ErrorKind::ContextLength)],
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

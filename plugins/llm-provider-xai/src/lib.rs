#![doc = include_str!("../README.md")]

use llm_core::{ErrorKind, ModelCard, Support};
use llm_wire_openai::dialect::{
    ChatApi, EndMarker, NamePolicy, Paths, Reading, ReasoningReplay, ReasoningTokens, ToolContent,
};
use llm_wire_openai::vendor::Own;
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! {
    VENDOR,
    // Limits: LiteLLM 1.106.2 (2026-11).
    models: [
        ModelCard::new("xai", "grok-4.3").with_limits(1_000_000, 1_000_000).with_reasoning(Support::Yes),
        ModelCard::new("xai", "grok-4.5").with_limits(500_000, 500_000).with_reasoning(Support::Yes),
    ],
}

const VENDOR: Vendor = Vendor {
    id: "xai",
    name: "xAI",
    aliases: &["grok"],
    base_url: "https://api.x.ai/v1",
    base_url_env: &["XAI_API_BASE"],
    key_env: &["XAI_API_KEY"],
    own: &[Own::CHAT_API],
    default_model: Some("grok-4.3"),
    dialect: Dialect {
        paths: Paths { completions: None, images: Some("/images/generations"), ..Paths::COMMON },
        // The Responses API is there too, and is the only one with web search (its API reference, 2026).
        chat_api: ChatApi::Both,
        // No fields of chats; the Responses API has labels "for compatibility" and keeps none (docs.x.ai on its REST API,
        // 2026). Tiers both have (docs.x.ai/developers/advanced-api-usage/priority-processing, 2026).
        drop: &["top_k", "metadata"],
        // "Only messages of role 'user' can have a name" (BerriAI/litellm#9720, 2025-04).
        message_name: NamePolicy::UserOnly,
        // Files by their id or address (docs.x.ai/developers/files, 2026).
        media: &["image_url", "file"],
        tool_content: ToolContent::TextParts,
        // The words of all its models; one that knows fewer says so (pydantic-ai's profile, 2026).
        effort_allowed: &["none", "low", "medium", "high"],
        // Earlier reasoning is taken back in this field (traffic of 2026-03).
        reasoning_replay: ReasoningReplay::Field("reasoning_content"),
        // Reasoning stands beside the completion, and the total says so (16 of 16 recorded answers).
        reasoning_tokens: ReasoningTokens::BesideIfTotalSays,
        end_marker: EndMarker::Done,
        error_messages: &[
            // An account without credits has "no permission" (public reports, 2026).
            (403, Reading::Starts("your * team doesn't have any credits"), ErrorKind::QuotaExhausted),
            (403, Reading::Starts("your newly created team doesn't have any credits"), ErrorKind::QuotaExhausted),
            (403, Reading::Starts("your team * has either used all available credits"), ErrorKind::QuotaExhausted),
            (403, Reading::Starts("your team * has used all available credits"), ErrorKind::QuotaExhausted),
            (403, Reading::Starts("your team * has reached its monthly spending limit"), ErrorKind::QuotaExhausted),
            (403, Reading::Starts("content violates usage guidelines"), ErrorKind::ContentFilter),
        ],
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

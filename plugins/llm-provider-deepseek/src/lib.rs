#![doc = include_str!("../README.md")]

use llm_core::{ModelCard, Support};
use llm_wire_openai::dialect::{EndMarker, Paths, ReasoningReplay, ReasoningRequest, StructuredOutput, ToolContent};
use llm_wire_openai::vendor::Own;
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! {
    VENDOR,
    // Limits: LiteLLM 1.106.2 (2026-11).
    models: [
        ModelCard::new("deepseek", "deepseek-v4-flash").with_limits(1_000_000, 393_216).with_reasoning(Support::Yes),
        // The older name of the same model, which does not reason (its page on models and prices, 2026).
        ModelCard::new("deepseek", "deepseek-chat").with_limits(1_000_000, 393_216).with_reasoning(Support::No),
        ModelCard::new("deepseek", "deepseek-v4-pro").with_limits(1_000_000, 393_216).with_reasoning(Support::Yes),
    ],
}

const VENDOR: Vendor = Vendor {
    id: "deepseek",
    name: "DeepSeek",
    base_url: "https://api.deepseek.com",
    base_url_env: &["DEEPSEEK_API_BASE"],
    key_env: &["DEEPSEEK_API_KEY"],
    // The Responses API is there too (traffic of 2026-08).
    own: &[Own::CHAT_API],
    default_model: Some("deepseek-v4-flash"),
    dialect: Dialect {
        paths: Paths { models: Some("/models"), ..Paths::CHAT },
        // No fields of api-docs.deepseek.com/api/create-chat-completion (2026).
        drop: &["top_k", "service_tier", "metadata"],
        // What it tells users apart by: contents, caches and queues (api-docs.deepseek.com/quick_start/rate_limit, 2026).
        end_user: Some("user_id"),
        // Other parts are answered with "unknown variant" (traffic of 2026-08).
        media: &["image_url"],
        tool_content: ToolContent::TextParts,
        // JSON is promised, a schema is not followed (its guide on JSON output, 2026).
        structured_output: StructuredOutput::JsonObject,
        // `thinking` switches, and is on unless it is off; the vendor brings the usual words to its own low, high and
        // max (its guide on thinking, 2026-11; traffic of 2026-08).
        reasoning: ReasoningRequest::Toggle,
        effort_allowed: &["minimal", "low", "medium", "high", "xhigh", "max"],
        // A turn that calls tools and thought is refused without its reasoning; a blank is enough (LiteLLM 1.106.2).
        reasoning_replay: ReasoningReplay::Required("reasoning_content"),
        end_marker: EndMarker::Done,
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

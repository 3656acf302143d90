#![doc = include_str!("../README.md")]

use llm_core::{ErrorKind, ModelCard, Support};
use llm_wire_openai::dialect::{EndMarker, Paths, ReasoningReplay, ToolContent};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! {
    VENDOR,
    // Limits: LiteLLM 1.106.2 (2026-11).
    models: [
        ModelCard::new("cerebras", "gpt-oss-120b").with_limits(131_072, 32_768).with_reasoning(Support::Yes),
        ModelCard::new("cerebras", "qwen-3.8-27b").with_limits(65_536, 32_768).with_reasoning(Support::Yes),
        ModelCard::new("cerebras", "gemma-4-31b").with_limits(131_072, 40_960).with_reasoning(Support::Yes),
    ],
}

const VENDOR: Vendor = Vendor {
    id: "cerebras",
    name: "Cerebras",
    base_url: "https://api.cerebras.ai/v1",
    base_url_env: &["CEREBRAS_BASE_URL", "CEREBRAS_API_BASE"],
    key_env: &["CEREBRAS_API_KEY"],
    default_model: Some("gpt-oss-120b"),
    dialect: Dialect {
        paths: Paths { embed: None, ..Dialect::COMPATIBLE.paths },
        max_tokens: "max_completion_tokens",
        // No fields of the vendor's SDK 1.91.0 (2026-07), which has those that its documents of 2025 said to be refused.
        drop: &["metadata", "top_k"],
        media: &["image_url"],
        tool_content: ToolContent::TextParts,
        // Reasoning is called so, both ways (traffic of 2026-06); GLM wants it in tags, which a caller can write.
        reasoning_replay: ReasoningReplay::Field("reasoning"),
        end_marker: EndMarker::Done,
        errors: &[
            ("wrong_api_key", ErrorKind::Auth),
            ("request_quota_exceeded", ErrorKind::RateLimited),
            ("token_quota_exceeded", ErrorKind::RateLimited),
            ("queue_exceeded", ErrorKind::Overloaded),
        ],
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

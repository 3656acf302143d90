#![doc = include_str!("../README.md")]

use llm_core::{ErrorKind, ModelCard, Support};
use llm_wire_openai::dialect::{CacheForm, Paths, ReasoningRequest, ToolContent};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! {
    VENDOR,
    // Limits: LiteLLM 1.106.2 (2026-11).
    models: [
        ModelCard::new("minimax", "MiniMax-M2.5").with_limits(1_000_000, 8_192).with_reasoning(Support::Yes),
        ModelCard::new("minimax", "MiniMax-M3").with_limits(1_000_000, 128_000).with_reasoning(Support::Yes),
    ],
}

const VENDOR: Vendor = Vendor {
    id: "minimax",
    name: "MiniMax",
    // In China: https://api.minimaxi.com/v1 (LiteLLM 1.106.2).
    base_url: "https://api.minimax.io/v1",
    base_url_env: &["MINIMAX_API_BASE"],
    key_env: &["MINIMAX_API_KEY"],
    default_model: Some("MiniMax-M2.5"),
    dialect: Dialect {
        // Vectors have a form of their own.
        paths: Paths { models: Some("/models"), ..Paths::CHAT },
        // One answer only; penalties are left unread (platform.minimax.io/docs/api-reference/text-openai-api, 2026).
        drop: &["n", "presence_penalty", "frequency_penalty"],
        // Marks for the cache are taken (LiteLLM 1.106.2 leaves them in).
        cache: CacheForm::CacheControl,
        media: &["image_url", "video_url"],
        tool_content: ToolContent::TextParts,
        // platform.minimax.io/docs/api-reference/text-chat-openai (2026).
        reasoning: ReasoningRequest::Adaptive,
        // Codes of its error page (platform.minimax.io, 2026), in the body of a good answer.
        errors: &[
            ("1000", ErrorKind::Server),
            ("1001", ErrorKind::Overloaded),
            ("1002", ErrorKind::RateLimited),
            ("1004", ErrorKind::Auth),
            ("1008", ErrorKind::QuotaExhausted),
            ("1013", ErrorKind::Server),
            ("1026", ErrorKind::ContentFilter),
            ("1027", ErrorKind::ContentFilter),
            ("1039", ErrorKind::RateLimited),
            ("2013", ErrorKind::InvalidRequest),
            ("2049", ErrorKind::Auth),
        ],
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

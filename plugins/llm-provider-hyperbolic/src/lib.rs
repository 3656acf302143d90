#![doc = include_str!("../README.md")]

use llm_core::ModelCard;
use llm_wire_openai::dialect::{Paths, ToolContent};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! {
    VENDOR,
    // Limits: LiteLLM 1.106.2 (2026-11).
    models: [ModelCard::new("hyperbolic", "meta-llama/Llama-3.3-70B-Instruct").with_limits(131_072, 131_072)],
}

const VENDOR: Vendor = Vendor {
    id: "hyperbolic",
    name: "Hyperbolic",
    base_url: "https://api.hyperbolic.xyz/v1",
    base_url_env: &["HYPERBOLIC_API_BASE"],
    key_env: &["HYPERBOLIC_API_KEY"],
    default_model: Some("meta-llama/Llama-3.3-70B-Instruct"),
    dialect: Dialect {
        // It has none, and no tiers or labels (docs.hyperbolic.ai, 2026).
        paths: Paths { embed: None, ..Dialect::COMPATIBLE.paths },
        drop: &["service_tier", "metadata"],
        media: &["image_url"],
        tool_content: ToolContent::TextParts,
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

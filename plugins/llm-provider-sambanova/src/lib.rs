#![doc = include_str!("../README.md")]

use llm_core::{ModelCard, Support};
use llm_wire_openai::dialect::{Flatten, ToolContent};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! {
    VENDOR,
    // Limits: LiteLLM 1.106.2 (2026-11).
    models: [ModelCard::new("sambanova", "gpt-oss-120b").with_limits(131_072, 131_072).with_reasoning(Support::Yes)],
}

const VENDOR: Vendor = Vendor {
    id: "sambanova",
    name: "SambaNova",
    base_url: "https://api.sambanova.ai/v1",
    base_url_env: &["SAMBANOVA_BASE_URL", "SAMBANOVA_API_BASE"],
    key_env: &["SAMBANOVA_API_KEY"],
    default_model: Some("gpt-oss-120b"),
    dialect: Dialect {
        // No fields of the vendor's SDK 1.13.0 (2026-09), or "not currently implemented", as penalties are.
        drop: &["presence_penalty", "frequency_penalty", "service_tier", "metadata"],
        end_user: None,
        media: &["image_url"],
        // Lists of texts are joined (LiteLLM 1.106.2 does the same for it).
        flatten_text: Flatten::TextOnly,
        tool_content: ToolContent::Text,
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

#![doc = include_str!("../README.md")]

use llm_core::{ErrorKind, ModelCard, Support};
use llm_wire_openai::dialect::{EndMarker, ModelPrefix, NamePolicy, Reading, ToolContent};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! {
    VENDOR,
    // Limits: LiteLLM 1.106.2 (2026-11).
    models: [ModelCard::new("fireworks", "gpt-oss-20b").with_limits(131_072, 32_768).with_reasoning(Support::Yes)],
}

const VENDOR: Vendor = Vendor {
    id: "fireworks",
    name: "Fireworks AI",
    aliases: &["fireworks-ai"],
    base_url: "https://api.fireworks.ai/inference/v1",
    base_url_env: &["FIREWORKS_BASE_URL", "FIREWORKS_API_BASE"],
    key_env: &["FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"],
    default_model: Some("gpt-oss-20b"),
    dialect: Dialect {
        // Models, and routers beside them, belong to accounts; the vendor's own is meant where none is named.
        model_prefix: Some(ModelPrefix { prefix: "accounts/fireworks/models/", unless: &["accounts/"] }),
        // Every field of this protocol is one of the vendor's SDK 1.2.30 (2026-10), but of messages it knows no names, and
        // what it does not know there is refused (LiteLLM 1.106.2).
        message_name: NamePolicy::Drop,
        media: &["image_url", "video_url"],
        tool_content: ToolContent::TextParts,
        // Tools go not with structured output (LiteLLM 1.106.2).
        tools_with_output: false,
        end_marker: EndMarker::Done,
        error_messages: &[
            // A suspended account, or weights that cannot be loaded (its page on errors, 2026).
            (412, Reading::Starts("account * is suspended"), ErrorKind::QuotaExhausted),
        ],
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

#![doc = include_str!("../README.md")]

use llm_wire_openai::dialect::{ChatApi, Paths, ReasoningReplay, ToolContent};
use llm_wire_openai::vendor::Own;
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! { VENDOR }

const VENDOR: Vendor = Vendor {
    id: "perplexity",
    name: "Perplexity",
    base_url: "https://api.perplexity.ai",
    base_url_env: &["PERPLEXITY_API_BASE"],
    key_env: &["PERPLEXITY_API_KEY", "PERPLEXITYAI_API_KEY"],
    own: &[Own::CHAT_API],
    default_model: Some("perplexity/sonar"),
    dialect: Dialect {
        // The Sonar chat completions were retired on 2026-09-27; gateways that kept their form are asked with
        // `api = "chat"`. Addresses: its API reference, and traffic of 2026-09.
        chat_api: ChatApi::Responses,
        responses_path: "/v1/responses",
        paths: Paths { embed: Some("/v1/embeddings"), models: Some("/v1/models"), ..Paths::CHAT },
        // No fields of either request in the vendor's SDK 0.46.1 (2026-10), which has probabilities for chats only.
        drop: &["logprobs", "service_tier", "metadata"],
        seed: None,
        end_user: None,
        media: &["image_url", "file"],
        tool_content: ToolContent::TextParts,
        reasoning_replay: ReasoningReplay::Drop,
        // 6 of 8 recorded streams end without `[DONE]`.
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

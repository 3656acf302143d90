#![doc = include_str!("../README.md")]

use llm_core::{ErrorKind, ModelCard, Support};
use llm_wire_openai::dialect::{EndMarker, Flatten, Paths, Reading, ReasoningReplay, ReasoningRequest, ToolContent};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! {
    VENDOR,
    // Limits: LiteLLM 1.106.2. That reasoning models refuse a temperature: pydantic-ai's profile (both 2026-11).
    models: [
        // "tool_choice 'required' is incompatible with thinking enabled", as it is unless it is switched off (its error
        // message, in public reports of 2026); K3 takes it.
        ModelCard::new("moonshot", "kimi-k2.6")
            .with_limits(262_144, 262_144)
            .with_sampling(Support::No)
            .with_reasoning(Support::Yes)
            .with_forced_tool(Support::No),
        ModelCard::new("moonshot", "kimi-k3")
            .with_limits(1_048_576, 1_048_576)
            .with_sampling(Support::No)
            .with_reasoning(Support::Yes),
    ],
}

const VENDOR: Vendor = Vendor {
    id: "moonshot",
    name: "Moonshot AI",
    aliases: &["moonshotai", "kimi"],
    // In China: https://api.moonshot.cn/v1, with keys of its own.
    base_url: "https://api.moonshot.ai/v1",
    base_url_env: &["MOONSHOT_API_BASE"],
    key_env: &["MOONSHOT_API_KEY", "MOONSHOTAI_API_KEY", "KIMI_API_KEY"],
    default_model: Some("kimi-k2.6"),
    dialect: Dialect {
        paths: Paths { models: Some("/models"), ..Paths::CHAT },
        // Fields: platform.kimi.ai/docs/api/chat (2026), where `max_tokens` is deprecated.
        max_tokens: "max_completion_tokens",
        drop: &["top_k", "logprobs", "parallel_tool_calls", "service_tier", "metadata"],
        seed: None,
        end_user: Some("safety_identifier"),
        temperature: Some((0.0, 1.0)),
        // Parts of text alone were refused by older models (LiteLLM 1.106.2 joins them).
        flatten_text: Flatten::TextOnly,
        // Tools that it runs itself are of the type `builtin_function` (platform.kimi.ai/docs/guide/use-web-search, 2026).
        custom_tools: true,
        media: &["image_url", "video_url"],
        tool_content: ToolContent::TextParts,
        // An answer that is to be continued is marked so (its guide on partial mode, 2026).
        prefill: Some("partial"),
        // "none" is refused as an effort; `thinking` switches (pydantic-ai's profile, 2026). K3 and later have efforts, these
        // three (platform.kimi.ai/docs/guide/use-thinking-effort, 2026; LiteLLM 1.109.1).
        reasoning: ReasoningRequest::Toggle,
        effort_map: &[("minimal", "low"), ("medium", "high"), ("xhigh", "max")],
        effort_allowed: &["low", "high", "max"],
        // A turn that calls tools is refused without its reasoning; a blank is enough (LiteLLM 1.106.2).
        reasoning_replay: ReasoningReplay::Required("reasoning_content"),
        end_marker: EndMarker::Done,
        errors: &[
            ("rate_limit_reached_error", ErrorKind::RateLimited),
            ("resource_not_found_error", ErrorKind::NotFound),
            ("permission_denied_error", ErrorKind::Permission),
            ("access_terminated_error", ErrorKind::Permission),
        ],
        error_messages: &[(400, Reading::Starts("your request exceeded model token limit"), ErrorKind::ContextLength)],
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

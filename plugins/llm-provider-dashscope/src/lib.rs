#![doc = include_str!("../README.md")]

use llm_core::{ErrorKind, ModelCard, Support};
use llm_wire_openai::dialect::{CacheForm, EndMarker, ReasoningReplay, ReasoningRequest, ToolContent};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! {
    VENDOR,
    // Limits: LiteLLM 1.106.2 (2026-11).
    models: [
        ModelCard::new("dashscope", "qwen3.8-flash").with_limits(991_808, 131_072).with_reasoning(Support::Yes),
        ModelCard::new("dashscope", "qwen3.8-max").with_limits(991_808, 131_072).with_reasoning(Support::Yes),
    ],
}

const VENDOR: Vendor = Vendor {
    id: "dashscope",
    name: "Alibaba Cloud Model Studio",
    aliases: &["alibaba", "qwen"],
    // In China: https://dashscope.aliyuncs.com/compatible-mode/v1. Keys belong to one region.
    base_url: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
    base_url_env: &["DASHSCOPE_API_BASE"],
    key_env: &["DASHSCOPE_API_KEY", "ALIBABA_API_KEY"],
    default_model: Some("qwen3.8-flash"),
    dialect: Dialect {
        media: &["image_url", "input_audio", "video_url"],
        tool_content: ToolContent::TextParts,
        // Marks for the cache are taken (its page on the context cache, 2026).
        cache: CacheForm::CacheControl,
        // `enable_thinking` and `thinking_budget` (its page on deep thinking, 2026).
        reasoning: ReasoningRequest::EnableThinking,
        // The history goes back without its reasoning (the same page).
        reasoning_replay: ReasoningReplay::Drop,
        end_marker: EndMarker::Done,
        // Its page on error codes (2026). A "quota" is one of a minute here, money is an arrearage.
        errors: &[
            ("insufficient_quota", ErrorKind::RateLimited),
            ("Throttling", ErrorKind::RateLimited),
            ("Throttling.RateQuota", ErrorKind::RateLimited),
            ("Throttling.AllocationQuota", ErrorKind::RateLimited),
            ("limit_requests", ErrorKind::RateLimited),
            ("limit_burst_rate", ErrorKind::RateLimited),
            ("Arrearage", ErrorKind::QuotaExhausted),
            ("AllocationQuota.FreeTierOnly", ErrorKind::QuotaExhausted),
            ("data_inspection_failed", ErrorKind::ContentFilter),
            ("DataInspectionFailed", ErrorKind::ContentFilter),
        ],
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

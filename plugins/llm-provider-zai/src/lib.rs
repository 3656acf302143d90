#![doc = include_str!("../README.md")]

use llm_core::{ErrorKind, ModelCard, Support};
use llm_wire_openai::dialect::{CacheForm, EndMarker, ReasoningRequest, StructuredOutput, ToolContent};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! {
    VENDOR,
    // Limits: LiteLLM 1.106.2 (2026-11).
    models: [
        ModelCard::new("zai", "glm-4.7-flash").with_limits(200_000, 128_000).with_reasoning(Support::Yes),
        ModelCard::new("zai", "glm-5.3").with_limits(1_000_000, 128_000).with_reasoning(Support::Yes),
    ],
}

const VENDOR: Vendor = Vendor {
    id: "zai",
    name: "Z.ai",
    aliases: &["zhipu", "bigmodel"],
    // In China: https://open.bigmodel.cn/api/paas/v4. The coding plan: https://api.z.ai/api/coding/paas/v4.
    base_url: "https://api.z.ai/api/paas/v4",
    base_url_env: &["ZAI_API_BASE"],
    key_env: &["ZAI_API_KEY", "ZHIPU_API_KEY", "BIGMODEL_API_KEY"],
    default_model: Some("glm-4.7-flash"),
    dialect: Dialect {
        // Fields: docs.z.ai/api-reference/llm/chat-completion (2026) and the vendor's SDK 0.2.3 (2026-06), which has the
        // seed besides.
        drop: &[
            "top_k",
            "n",
            "logprobs",
            "presence_penalty",
            "frequency_penalty",
            "parallel_tool_calls",
            "service_tier",
            "metadata",
        ],
        end_user: Some("user_id"),
        temperature: Some((0.0, 1.0)),
        // `web_search` and `retrieval` are tools that it runs itself (zai-org/z-ai-sdk-java, ChatToolType, 2026).
        custom_tools: true,
        // Texts, images, sound, video and files (its API reference, 2026).
        media: &["image_url", "input_audio", "video_url", "file"],
        tool_content: ToolContent::TextParts,
        // Marks for the cache are taken (LiteLLM 1.106.2 leaves them in).
        cache: CacheForm::CacheControl,
        // JSON is promised, a schema is not followed (its guide on structured output, 2026).
        structured_output: StructuredOutput::JsonObject,
        // `thinking` switches; GLM-5.2 and later have efforts, 5.3 these three (docs.bigmodel.cn on GLM-5.3, 2026-08; traffic of
        // 2026-08).
        reasoning: ReasoningRequest::Toggle,
        effort_map: &[("minimal", "low"), ("medium", "high"), ("xhigh", "max")],
        effort_allowed: &["low", "high", "max"],
        end_marker: EndMarker::Done,
        // docs.z.ai/api-reference/api-code (2026).
        errors: &[
            ("1000", ErrorKind::Auth),
            ("1001", ErrorKind::Auth),
            ("1002", ErrorKind::Auth),
            ("1003", ErrorKind::Auth),
            ("1004", ErrorKind::Auth),
            ("1110", ErrorKind::Permission),
            ("1112", ErrorKind::Permission),
            ("1113", ErrorKind::QuotaExhausted),
            ("1211", ErrorKind::NotFound),
            ("1220", ErrorKind::Permission),
            ("1261", ErrorKind::ContextLength),
            ("1301", ErrorKind::ContentFilter),
            ("1302", ErrorKind::RateLimited),
            ("1303", ErrorKind::RateLimited),
            ("1304", ErrorKind::QuotaExhausted),
            ("1305", ErrorKind::Overloaded),
            ("1308", ErrorKind::QuotaExhausted),
        ],
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

#![doc = include_str!("../README.md")]

use llm_core::ErrorKind;
use llm_wire_openai::dialect::{CacheForm, EndMarker, ReasoningReplay, ReasoningRequest, ReasoningTokens};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! { VENDOR }

const VENDOR: Vendor = Vendor {
    id: "vercel",
    name: "Vercel AI Gateway",
    aliases: &["vercel-gateway", "ai-gateway"],
    base_url: "https://ai-gateway.vercel.sh/v1",
    base_url_env: &["AI_GATEWAY_BASE_URL"],
    key_env: &["AI_GATEWAY_API_KEY", "VERCEL_OIDC_TOKEN"],
    // Every deployment on its platform has it.
    shared_key_env: &["VERCEL_OIDC_TOKEN"],
    default_model: Some("google/gemini-2.5-flash"),
    dialect: Dialect {
        // OpenAI's own fields (vercel.com/docs/ai-gateway/sdks-and-apis/openai-chat-completions, 2026-09).
        drop: &["top_k"],
        cache: CacheForm::CacheControl,
        // `reasoning: {effort | max_tokens}` (its page on reasoning, 2026; traffic of 2025-11).
        reasoning: ReasoningRequest::Object,
        // Blocks of reasoning (`reasoning_details`) go back unchanged beside the words, to this provider only.
        reasoning_replay: ReasoningReplay::Field("reasoning"),
        // Outside the completion and the total alike; only the billed cost shows it (28 recorded answers).
        reasoning_tokens: ReasoningTokens::Beside,
        end_marker: EndMarker::Done,
        errors: &[
            ("insufficient_funds", ErrorKind::QuotaExhausted),
            ("customer_verification_required", ErrorKind::QuotaExhausted),
            ("no_providers_available", ErrorKind::Overloaded),
        ],
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

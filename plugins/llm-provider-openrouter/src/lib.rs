#![doc = include_str!("../README.md")]

use llm_core::Setting;
use llm_wire_openai::dialect::{
    CacheForm, ChatApi, EndMarker, Paths, ReasoningReplay, ReasoningRequest, StreamUsage, SystemRole, TranscriptionForm,
};
use llm_wire_openai::vendor::Own;
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! { VENDOR }

const VENDOR: Vendor = Vendor {
    id: "openrouter",
    name: "OpenRouter",
    base_url: "https://openrouter.ai/api/v1",
    base_url_env: &["OPENROUTER_API_BASE"],
    key_env: &["OPENROUTER_API_KEY", "OPEN_ROUTER_API_KEY"],
    // Who asks, for the vendor's public rankings (its page on app attribution, 2026; variables as LiteLLM has them).
    own: &[
        Own::header(
            Setting::optional("referer", "Address of the application").with_env(&["OR_SITE_URL"]),
            "http-referer",
        ),
        Own::header(Setting::optional("title", "Name of the application").with_env(&["OR_APP_NAME"]), "x-title"),
        Own::CHAT_API,
    ],
    default_model: Some("openai/gpt-5.4-nano"),
    dialect: Dialect {
        // The Responses API is there too (recorded traffic of 2026).
        chat_api: ChatApi::Both,
        // Sound goes as JSON (recorded traffic of 2026). Prompts go to `/completions`.
        paths: Paths {
            rerank: Some("/rerank"),
            transcriptions: Some("/audio/transcriptions"),
            ..Dialect::COMPATIBLE.paths
        },
        transcription: TranscriptionForm::InputAudio,
        // Developers are told from systems, and the tools that it runs itself are named `openrouter:…` (traffic of 2026-07).
        system_role: SystemRole::AsGiven,
        custom_tools: true,
        // A file may be an address (its page on PDFs, 2026).
        media: &["image_url", "input_audio", "file", "file_url", "video_url"],
        // Marks for Anthropic's and Google's caches are passed on (its page on prompt caching, 2026).
        cache: CacheForm::CacheControl,
        // `reasoning: {effort | max_tokens}`; the strongest effort is called xhigh (its page on reasoning, 2026).
        reasoning: ReasoningRequest::Object,
        effort_map: &[("max", "xhigh")],
        // Blocks of reasoning (`reasoning_details`) go back unchanged beside the words, to this provider only.
        reasoning_replay: ReasoningReplay::Field("reasoning"),
        // Asked for so, the usage has the cost (traffic of 2026; its page on usage accounting).
        stream_usage: StreamUsage::UsageInclude,
        end_marker: EndMarker::Done,
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

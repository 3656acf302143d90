#![doc = include_str!("../README.md")]

use llm_core::{ErrorKind, ModelCard, Support};
use llm_wire_openai::dialect::{EndMarker, NamePolicy, Paths, Reading, ReasoningReplay, ToolContent};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! {
    VENDOR,
    // Limits: LiteLLM 1.106.2 (2026-11).
    models: [
        ModelCard::new("groq", "openai/gpt-oss-20b").with_limits(131_072, 65_536).with_reasoning(Support::Yes),
        ModelCard::new("groq", "openai/gpt-oss-120b").with_limits(131_072, 65_536).with_reasoning(Support::Yes),
        ModelCard::new("groq", "qwen/qwen3.8-27b").with_limits(131_072, 16_384).with_reasoning(Support::Yes),
    ],
}

const VENDOR: Vendor = Vendor {
    id: "groq",
    name: "Groq",
    base_url: "https://api.groq.com/openai/v1",
    base_url_env: &["GROQ_BASE_URL"],
    key_env: &["GROQ_API_KEY"],
    default_model: Some("openai/gpt-oss-20b"),
    dialect: Dialect {
        // console.groq.com/docs/api-reference and the vendor's SDK 1.7.0 (2026-08).
        paths: Paths {
            models: Some("/models"),
            speech: Some("/audio/speech"),
            transcriptions: Some("/audio/transcriptions"),
            translations: Some("/audio/translations"),
            ..Paths::CHAT
        },
        max_tokens: "max_completion_tokens",
        // "Currently unsupported" in console.groq.com/docs/openai (2026): probabilities, `n` above 1 and names of
        // speakers are answered with 400; a field that the API does not have at all, such as `top_k`, likewise. Penalties
        // and labels are "not yet supported" by any model (the vendor's SDK 1.7.0, 2026-08).
        drop: &["logprobs", "n", "top_k", "presence_penalty", "frequency_penalty", "metadata"],
        message_name: NamePolicy::Drop,
        // It searches and runs code itself, by tools of the types `browser_search` and `code_interpreter`
        // (console.groq.com/docs/tool-use/built-in-tools, 2026).
        custom_tools: true,
        media: &["image_url"],
        tool_content: ToolContent::TextParts,
        // Null fields of assistant messages were refused (pydantic-ai's profile, 2026).
        null_content: false,
        // Structured output goes neither with streams nor with tools (console.groq.com/docs/structured-outputs, 2026).
        tools_with_output: false,
        stream_with_output: false,
        // Reasoning is called `reasoning` in answers and in what is sent back (traffic of 2026-07).
        reasoning_replay: ReasoningReplay::Field("reasoning"),
        end_marker: EndMarker::Done,
        error_messages: &[
            // One request above what a minute allows: waiting is no help.
            (413, Reading::Starts("request too large"), ErrorKind::PayloadTooLarge),
            // The status for "no capacity at the flex tier" (console.groq.com/docs/errors, 2026).
            (498, Reading::Anything, ErrorKind::Overloaded),
        ],
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

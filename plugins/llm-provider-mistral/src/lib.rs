#![doc = include_str!("../README.md")]

use llm_core::{ErrorKind, ModelCard, Support};
use llm_wire_openai::dialect::{
    EmbedEncoding, EndMarker, NamePolicy, Paths, Reading, ReasoningReplay, StreamUsage, ToolContent, ToolIds,
    TranscriptionForm,
};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! {
    VENDOR,
    // Limits: LiteLLM 1.106.2 (2026-11).
    models: [
        ModelCard::new("mistral", "mistral-small-latest").with_limits(262_144, 262_144).with_reasoning(Support::Yes),
        ModelCard::new("mistral", "mistral-medium-latest").with_limits(262_144, 262_144).with_reasoning(Support::Yes),
        ModelCard::new("mistral", "mistral-large-latest").with_limits(262_144, 262_144).with_reasoning(Support::No),
    ],
}

const VENDOR: Vendor = Vendor {
    id: "mistral",
    name: "Mistral AI",
    aliases: &["mistralai"],
    base_url: "https://api.mistral.ai/v1",
    base_url_env: &["MISTRAL_API_BASE"],
    key_env: &["MISTRAL_API_KEY"],
    default_model: Some("mistral-small-latest"),
    dialect: Dialect {
        // Prompts are continued up to a suffix; times and speakers of sound have fields of their own (its API reference and
        // recorded traffic, 2026).
        paths: Paths {
            completions: Some("/fim/completions"),
            moderations: Some("/moderations"),
            transcriptions: Some("/audio/transcriptions"),
            ..Dialect::COMPATIBLE.paths
        },
        transcription: TranscriptionForm::Flags,
        // Agents kept at the vendor (traffic of 2026-07).
        agents_path: Some("/agents/completions"),
        // An unknown field is answered with 422 (LiteLLM 1.106.2); of this protocol's the vendor's SDK 3.7.0 (2026-11) has all but
        // the end user.
        seed: Some("random_seed"),
        end_user: None,
        // Its own connectors stand among the tools of a chat (the same SDK).
        custom_tools: true,
        // Names stand on results of tools only, ids of calls are nine letters and digits (its validation messages).
        message_name: NamePolicy::ToolOnly,
        tool_ids: ToolIds::Alphanumeric(9),
        tool_content: ToolContent::TextParts,
        // An answer without content and calls in the history is refused (LiteLLM 1.106.2).
        drop_empty_assistant: true,
        // A last answer that is to be continued must say so, else the request is refused (its API reference, 2026).
        prefill: Some("prefix"),
        // Documents by URL are `document_url` (traffic of 2026-09); sound as OpenAI has it (traffic of 2026-08).
        media: &["image_url", "input_audio", "document_url"],
        // The only efforts (LiteLLM 1.106.2).
        effort_allowed: &["none", "high"],
        // Reasoning is a part of the content, both ways (traffic of 2026-08).
        reasoning_replay: ReasoningReplay::Blocks,
        // Usage stands beside the finish reason, asked for or not (30 of 30 recorded streams).
        stream_usage: StreamUsage::Unasked,
        end_marker: EndMarker::Done,
        error_messages: &[
            // The vendor's own tier is full, which is not the account's doing (public reports of code 3505).
            (429, Reading::Starts("service tier capacity exceeded"), ErrorKind::Overloaded),
        ],
        embed_dimensions: Some("output_dimension"),
        embed_encoding: EmbedEncoding::Unsaid,
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

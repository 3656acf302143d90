#![doc = include_str!("../README.md")]

use llm_core::{ErrorKind, ModelCard, Setting, Support};
use llm_wire_openai::dialect::{EndMarker, Paths, Reading, ToolContent};
use llm_wire_openai::vendor::Own;
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! {
    VENDOR,
    // Limits: LiteLLM 1.106.2 (2026-11).
    models: [ModelCard::new("cloudflare", "@cf/openai/gpt-oss-20b").with_limits(128_000, 128_000).with_reasoning(Support::Yes)],
}

const VENDOR: Vendor = Vendor {
    id: "cloudflare",
    name: "Cloudflare Workers AI",
    aliases: &["workers-ai"],
    base_url: "https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/v1",
    base_url_env: &["CLOUDFLARE_API_BASE"],
    key_env: &["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY"],
    // Those of its command line, whatever that is used for.
    shared_key_env: &["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY"],
    // The Responses API is there too (developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility, 2026).
    own: &[
        Own::address(
            Setting::optional("account_id", "Account that is billed")
                .with_env(&["CLOUDFLARE_ACCOUNT_ID"])
                .with_shared_env(&["CLOUDFLARE_ACCOUNT_ID"]),
        ),
        Own::CHAT_API,
    ],
    default_model: Some("@cf/openai/gpt-oss-20b"),
    dialect: Dialect {
        // The list of models has another address and form.
        paths: Paths { models: None, ..Dialect::COMPATIBLE.paths },
        // Fields of the models of 2026 (cloudflare/cloudflare-docs, src/content/workers-ai-models), which have no tiers.
        drop: &["service_tier"],
        media: &["image_url"],
        tool_content: ToolContent::TextParts,
        end_marker: EndMarker::Done,
        // developers.cloudflare.com/workers-ai/platform/errors (2026), and those of the whole API.
        errors: &[
            ("10000", ErrorKind::Auth),
            ("9109", ErrorKind::Auth),
            ("5007", ErrorKind::NotFound),
            ("7000", ErrorKind::NotFound),
            ("7003", ErrorKind::NotFound),
            ("3036", ErrorKind::QuotaExhausted),
            ("3040", ErrorKind::Overloaded),
            ("5018", ErrorKind::Permission),
        ],
        error_messages: &[(
            400,
            Reading::Starts(
                "the estimated number of input and maximum output tokens (* exceeded this model context window",
            ),
            ErrorKind::ContextLength,
        )],
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

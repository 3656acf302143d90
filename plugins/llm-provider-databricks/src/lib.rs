#![doc = include_str!("../README.md")]

use llm_core::{ModelCard, Setting, Support};
use llm_wire_openai::dialect::{EndMarker, Paths, ReasoningReplay, ReasoningRequest, ToolContent};
use llm_wire_openai::vendor::Own;
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! {
    VENDOR,
    // Limits: LiteLLM 1.106.2 (2026-11).
    models: [
        ModelCard::new("databricks", "databricks-gpt-oss-20b").with_limits(131_072, 131_072).with_reasoning(Support::Yes),
        ModelCard::new("databricks", "databricks-claude-sonnet-5").with_limits(1_000_000, 128_000).with_sampling(Support::No),
    ],
}

const VENDOR: Vendor = Vendor {
    id: "databricks",
    name: "Databricks",
    base_url: "https://{host}/serving-endpoints",
    base_url_env: &["DATABRICKS_API_BASE"],
    key_env: &["DATABRICKS_TOKEN", "DATABRICKS_API_KEY"],
    // Those of its command line, whatever that is used for.
    shared_key_env: &["DATABRICKS_TOKEN"],
    // The Responses API is there too, for OpenAI's models (docs.databricks.com on querying with it, 2026).
    own: &[
        Own::address(
            Setting::optional("host", "Host of the workspace")
                .with_env(&["DATABRICKS_HOST"])
                .with_shared_env(&["DATABRICKS_HOST"]),
        ),
        Own::CHAT_API,
    ],
    default_model: Some("databricks-gpt-oss-20b"),
    dialect: Dialect {
        // The list of endpoints has another address and form.
        paths: Paths { models: None, ..Dialect::COMPATIBLE.paths },
        // An unknown field is answered with 400 (databricks/databricks-sdk-py#1263, 2026-02); LiteLLM 1.109.1 sends none of
        // these (2026-11), but tiers.
        drop: &["presence_penalty", "frequency_penalty", "parallel_tool_calls", "metadata"],
        seed: None,
        end_user: None,
        // "Multiple tool calls are not supported" in a turn of the history (BerriAI/litellm#31633, 2026-06).
        lone_calls: true,
        media: &["image_url"],
        tool_content: ToolContent::Text,
        // Claude takes a number of tokens, the others a word (its pages on reasoning models, 2026).
        reasoning: ReasoningRequest::EffortOrBudget,
        reasoning_replay: ReasoningReplay::Drop,
        end_marker: EndMarker::Done,
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

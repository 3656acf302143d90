#![doc = include_str!("../README.md")]

use llm_wire_openai::dialect::{EndMarker, ToolContent};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! { VENDOR }

const VENDOR: Vendor = Vendor {
    id: "deepinfra",
    name: "DeepInfra",
    base_url: "https://api.deepinfra.com/v1/openai",
    base_url_env: &["DEEPINFRA_API_BASE"],
    key_env: &["DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"],
    default_model: Some("openai/gpt-oss-20b"),
    dialect: Dialect {
        media: &["image_url"],
        // The result of a tool must be one text; a tool cannot be forced (LiteLLM 1.106.2).
        tool_content: ToolContent::Text,
        required_tool: None,
        named_tool: false,
        end_marker: EndMarker::Done,
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

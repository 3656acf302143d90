#![doc = include_str!("../README.md")]

use llm_core::Setting;
use llm_wire_openai::dialect::{EmbedForm, Paths, ToolContent};
use llm_wire_openai::vendor::Own;
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! { VENDOR }

const VENDOR: Vendor = Vendor {
    id: "huggingface",
    name: "Hugging Face",
    base_url: "https://router.huggingface.co/v1",
    base_url_env: &["HF_API_BASE", "HUGGINGFACE_API_BASE"],
    key_env: &["HF_TOKEN", "HUGGINGFACE_API_KEY"],
    shared_key_env: &["HF_TOKEN"],
    own: &[Own::header(Setting::optional("bill_to", "Organisation that is billed"), "x-hf-bill-to")],
    default_model: Some("openai/gpt-oss-20b"),
    dialect: Dialect {
        // Vectors are a task of its own servers, at another address and in another form; prompts are continued by single
        // providers behind the router, at addresses such as https://router.huggingface.co/featherless-ai/v1 (its page on
        // the task, 2026; traffic of 2026-08).
        paths: Paths {
            embed: Some("/../hf-inference/models/{model_path}/pipeline/feature-extraction"),
            ..Paths::COMMON
        },
        embed_form: EmbedForm::Features,
        embed_dimensions: None,
        embed_task: Some(("prompt_name", "query", "document")),
        media: &["image_url"],
        tool_content: ToolContent::TextParts,
        // 3 of 12 recorded streams end without `[DONE]`: whose they are depends on the provider behind the router.
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

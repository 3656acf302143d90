#![doc = include_str!("../README.md")]

use llm_wire_openai::dialect::{EmbedEncoding, EndMarker, ReasoningRequest, ToolContent};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! { VENDOR }

const VENDOR: Vendor = Vendor {
    id: "nvidia",
    name: "NVIDIA",
    aliases: &["nim", "nvidia-nim"],
    base_url: "https://integrate.api.nvidia.com/v1",
    base_url_env: &["NVIDIA_NIM_API_BASE"],
    key_env: &["NVIDIA_API_KEY", "NVIDIA_NIM_API_KEY"],
    default_model: Some("openai/gpt-oss-20b"),
    dialect: Dialect {
        // No fields of the models at docs.api.nvidia.com/nim/reference (2026); they differ further, and say so with 400 or
        // 422. What media they take stands there too.
        drop: &["service_tier", "metadata"],
        // TensorRT-LLM refuses the word (public reports, 2026-04).
        strict: false,
        media: &["image_url", "video_url", "input_audio"],
        tool_content: ToolContent::TextParts,
        // A switch in the template of the model (the pages of its Nemotron and DeepSeek models, 2026).
        reasoning: ReasoningRequest::TemplateSwitch("thinking"),
        // Its embedding models ask what a vector is for, and answer 400 otherwise (its API reference, 2026).
        embed_task: Some(("input_type", "query", "passage")),
        embed_task_required: true,
        embed_encoding: EmbedEncoding::Float,
        // Its endpoints are vLLM's (its API reference, 2026), which ends its streams.
        end_marker: EndMarker::Done,
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

#![doc = include_str!("../README.md")]

use llm_core::ErrorKind;
use llm_wire_openai::dialect::{EmbedEncoding, Paths, Reading};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! { VENDOR }

const VENDOR: Vendor = Vendor {
    id: "voyage",
    name: "Voyage AI",
    aliases: &["voyageai"],
    base_url: "https://api.voyageai.com/v1",
    base_url_env: &["VOYAGE_BASE_URL"],
    key_env: &["VOYAGE_API_KEY"],
    dialect: Dialect {
        // Vectors and orders only.
        paths: Paths { chat: "", embed: Some("/embeddings"), rerank: Some("/rerank"), ..Paths::CHAT },
        // Unknown fields are refused with 400, as its SDK of 2026 sends them: neither end users nor limits of documents.
        drop: &["user", "max_tokens_per_doc"],
        end_user: None,
        // Recorded traffic of 2026.
        embed_dimensions: Some("output_dimension"),
        embed_task: Some(("input_type", "query", "document")),
        embed_encoding: EmbedEncoding::Base64,
        rerank_top: "top_k",
        error_messages: &[
            // "Model x is not supported. Supported models are […]" comes with 400.
            (400, Reading::Starts("model * is not supported"), ErrorKind::NotFound),
        ],
        ..Vendor::UNNAMED.dialect
    },
    ..Vendor::UNNAMED
};

//! Which plugin speaks for a recorded vendor of the OpenAI chat protocol.

use llm_core::Registry;

/// Vendors as the corpus names them, and their plugins.
const VENDORS: &[(&str, &str)] = &[
    ("alibaba", "dashscope"),
    ("azure", "azure"),
    ("cerebras", "cerebras"),
    ("cloudflare", "cloudflare"),
    ("databricks", "databricks"),
    ("deepseek", "deepseek"),
    ("groq", "groq"),
    ("huggingface", "huggingface"),
    ("mistral", "mistral"),
    ("moonshot", "moonshot"),
    ("openrouter", "openrouter"),
    ("perplexity", "perplexity"),
    ("together", "together"),
    ("vercel_gateway", "vercel"),
    ("xai", "xai"),
    ("zai", "zai"),
];

/// The APIs of the protocol.
const SPOKEN: &[&str] = &[
    "openai-chat",
    "openai-embeddings",
    "openai-completions",
    "openai-images",
    "openai-moderations",
    "openai-transcription",
    "mistral-agents",
    "mistral-chat",
    "mistral-embeddings",
    "mistral-fim",
    "mistral-moderations",
    "hf-feature-extraction",
    "rerank",
    "models",
];

/// The plugin for one API of a recorded vendor, where it is one of the protocol's.
pub(super) fn plugin(provider: &str, api: &str) -> Option<&'static str> {
    let speaks = SPOKEN.contains(&api) || (api == "openai-responses" && BOTH.contains(&provider));
    VENDORS.iter().find(|(vendor, _)| speaks && *vendor == provider).map(|(_, plugin)| *plugin)
}

/// Vendors with plugins of their own that speak both of OpenAI's chat protocols.
const BOTH: &[&str] = &["azure", "deepseek", "openrouter", "perplexity", "xai"];

/// The plugin for a vendor of the protocol that is not listed: the one of its name, or the one for any server.
pub(super) fn unlisted(provider: &str, api: &str, registry: &Registry) -> Option<&'static str> {
    SPOKEN.contains(&api).then(|| registry.plugin(provider).map_or("openai-compatible", |plugin| plugin.id))
}

//! Which plugin speaks for a recorded vendor of the OpenAI chat protocol.

/// Vendors as the corpus names them, and their plugins.
const VENDORS: &[(&str, &str)] = &[
    ("alibaba", "dashscope"),
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
    // Presets of the plugin for any server.
    ("avian", "openai-compatible"),
    ("copilot", "openai-compatible"),
    ("crusoe", "openai-compatible"),
    ("doubleword", "openai-compatible"),
    ("heroku", "openai-compatible"),
    ("llamacpp", "openai-compatible"),
    ("mistralrs", "openai-compatible"),
    ("portkey", "openai-compatible"),
    ("snowflake", "openai-compatible"),
    ("venice", "openai-compatible"),
    ("writer", "openai-compatible"),
];

/// The plugin for one API of a recorded vendor, where it is one of the protocol's.
pub(super) fn plugin(provider: &str, api: &str) -> Option<&'static str> {
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
        "rerank",
        "models",
    ];
    let speaks = SPOKEN.contains(&api) || (api == "openai-responses" && BOTH.contains(&provider));
    VENDORS.iter().find(|(vendor, _)| speaks && *vendor == provider).map(|(_, plugin)| *plugin)
}

/// Vendors with plugins of their own that speak both of OpenAI's chat protocols.
const BOTH: &[&str] = &["deepseek", "openrouter", "perplexity", "xai"];

/// The preset of the plugin for any server that a recorded vendor is.
pub(super) fn preset(provider: &str) -> Option<&'static str> {
    let (preset, _) = VENDORS.iter().find(|(vendor, plugin)| *vendor == provider && *plugin == "openai-compatible")?;
    Some(preset)
}

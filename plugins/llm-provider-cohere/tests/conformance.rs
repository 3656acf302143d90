//! What every provider plugin must do, with answers as Cohere gives them.

llm_testkit::conformance! {
    plugin: llm_provider_cohere::PLUGIN,
    models: { embed: "embed-v4.0", rerank: "rerank-v4.0-pro" },
    config: { "base_url": "https://cohere.test" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

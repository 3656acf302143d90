//! The same with the answers of the Agent API.

llm_testkit::conformance! {
    plugin: llm_provider_perplexity::PLUGIN,
    config: { "base_url": "https://perplexity.test" },
    fixtures: "tests/fixtures_responses",
    // Reasoning is shown, and never signed (its API reference, 2026).
    without: [Signatures],
}

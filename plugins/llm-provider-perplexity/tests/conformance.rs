//! What every provider plugin must do, with answers as Perplexity gives them.

llm_testkit::conformance! {
    plugin: llm_provider_perplexity::PLUGIN,
    config: { "base_url": "https://perplexity.test", "api": "chat" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

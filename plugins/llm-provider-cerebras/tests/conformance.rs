//! What every provider plugin must do, with answers as Cerebras gives them.

llm_testkit::conformance! {
    plugin: llm_provider_cerebras::PLUGIN,
    config: { "base_url": "https://cerebras.test/v1" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

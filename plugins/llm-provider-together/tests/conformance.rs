//! What every provider plugin must do, with answers as Together AI gives them.

llm_testkit::conformance! {
    plugin: llm_provider_together::PLUGIN,
    config: { "base_url": "https://together.test/v1" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

//! What every provider plugin must do, with answers as Z.ai gives them.

llm_testkit::conformance! {
    plugin: llm_provider_zai::PLUGIN,
    config: { "base_url": "https://zai.test/v4" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

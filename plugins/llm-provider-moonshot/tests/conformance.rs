//! What every provider plugin must do, with answers as Moonshot AI gives them.

llm_testkit::conformance! {
    plugin: llm_provider_moonshot::PLUGIN,
    config: { "base_url": "https://moonshot.test/v1" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

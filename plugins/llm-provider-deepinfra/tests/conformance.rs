//! What every provider plugin must do, with answers as DeepInfra gives them.

llm_testkit::conformance! {
    plugin: llm_provider_deepinfra::PLUGIN,
    config: { "base_url": "https://deepinfra.test/v1" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

//! What every provider plugin must do, with answers as Fireworks AI gives them.

llm_testkit::conformance! {
    plugin: llm_provider_fireworks::PLUGIN,
    config: { "base_url": "https://fireworks.test/v1" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

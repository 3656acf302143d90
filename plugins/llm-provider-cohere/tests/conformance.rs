//! What every provider plugin must do, with answers as Cohere gives them.

llm_testkit::conformance! {
    plugin: llm_provider_cohere::PLUGIN,
    config: { "base_url": "https://cohere.test" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

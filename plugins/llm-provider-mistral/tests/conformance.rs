//! What every provider plugin must do, with answers as Mistral gives them.

llm_testkit::conformance! {
    plugin: llm_provider_mistral::PLUGIN,
    config: { "base_url": "https://mistral.test/v1" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

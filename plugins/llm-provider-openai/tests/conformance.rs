//! What every provider plugin must do, with the vendor's own answers.

llm_testkit::conformance! {
    plugin: llm_provider_openai::PLUGIN,
    config: { "base_url": "https://openai.test/v1", "organization": "org-fixture" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

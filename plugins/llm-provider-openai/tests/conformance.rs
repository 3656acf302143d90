//! What every provider plugin must do, with the answers of the vendor's chat completions.

llm_testkit::conformance! {
    plugin: llm_provider_openai::PLUGIN,
    config: { "base_url": "https://openai.test/v1", "organization": "org-fixture", "api": "chat" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

//! What every provider plugin must do, with answers as xAI gives them.

llm_testkit::conformance! {
    plugin: llm_provider_xai::PLUGIN,
    config: { "base_url": "https://xai.test/v1", "api": "chat" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

mod by_responses {
    llm_testkit::conformance_of_fields! {
        plugin: llm_provider_xai::PLUGIN,
        config: { "base_url": "https://xai.test/v1", "api": "responses" },
        fixtures: "../llm-provider-openai/tests/fixtures_responses",
    }
}

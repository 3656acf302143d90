//! What every provider plugin must do, with answers as OpenRouter gives them.

llm_testkit::conformance! {
    plugin: llm_provider_openrouter::PLUGIN,
    config: { "base_url": "https://openrouter.test/v1", "title": "Fixture", "api": "chat" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

mod by_responses {
    llm_testkit::conformance_of_fields! {
        plugin: llm_provider_openrouter::PLUGIN,
        config: { "base_url": "https://openrouter.test/v1", "api": "responses" },
        fixtures: "../llm-provider-openai/tests/fixtures_responses",
    }
}

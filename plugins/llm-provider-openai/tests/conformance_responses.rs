//! The same over the Responses API.

llm_testkit::conformance! {
    plugin: llm_provider_openai::PLUGIN,
    config: { "base_url": "https://openai.test/v1", "api": "responses" },
    fixtures: "tests/fixtures_responses",
}

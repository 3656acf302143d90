//! The same over the Responses API.

llm_testkit::conformance! {
    plugin: llm_provider_azure_openai::PLUGIN,
    config: { "base_url": "https://fixture.openai.azure.com/openai/v1", "api": "responses" },
    fixtures: "tests/fixtures_responses",
    // A token may stand in for the key: tests/calls.rs takes all away.
    without: [KeyMissing],
}

//! What every provider plugin must do, with Gemini's own answers.

llm_testkit::conformance! {
    plugin: llm_provider_gemini::PLUGIN,
    models: { embed: "gemini-embedding-001" },
    config: { "base_url": "https://gemini.test" },
    fixtures: "tests/fixtures",
}

//! What every provider plugin must do, with Ollama's own answers.

llm_testkit::conformance! {
    plugin: llm_provider_ollama::PLUGIN,
    config: { "base_url": "https://ollama.test" },
    fixtures: "tests/fixtures",
    without: [Signatures],
}

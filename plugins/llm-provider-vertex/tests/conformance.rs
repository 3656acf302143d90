//! What every provider plugin must do, with Gemini's answers.

llm_testkit::conformance! {
    plugin: llm_provider_vertex::PLUGIN,
    config: { "base_url": "https://vertex.test", "project": "a-project" },
    fixtures: "tests/fixtures",
    // No secret must be set, a file or a machine may stand in for it: tests/calls.rs takes all away.
    without: [KeyMissing],
}

//! What every provider plugin must do, with answers as watsonx.ai gives them.

llm_testkit::conformance! {
    plugin: llm_provider_watsonx::PLUGIN,
    config: { "base_url": "https://watsonx.test", "project": "a-project" },
    fixtures: "tests/fixtures",
    // Usage comes after the reason, and nothing marks the end.
    frames_after_end: 1,
    // A token is planted as well, and stands in for the key: tests/calls.rs takes all away. This protocol has no signatures.
    without: [Signatures, KeyMissing],
}

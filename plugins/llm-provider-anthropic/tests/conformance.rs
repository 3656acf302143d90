//! What every provider plugin must do, with the vendor's own answers.

llm_testkit::conformance! {
    plugin: llm_provider_anthropic::PLUGIN,
    config: { "base_url": "https://anthropic.test" },
    fixtures: "tests/fixtures",
    // Either of two secrets is enough, and the suite takes away one: tests/calls.rs takes away both.
    without: [KeyMissing],
}

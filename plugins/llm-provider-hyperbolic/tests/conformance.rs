//! What every provider plugin must do, with answers as Hyperbolic gives them.

llm_testkit::conformance! {
    plugin: llm_provider_hyperbolic::PLUGIN,
    config: { "base_url": "https://hyperbolic.test/v1" },
    fixtures: "tests/fixtures",
    // Usage and `[DONE]` come after the finish reason, which is an end by itself.
    frames_after_end: 2,
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

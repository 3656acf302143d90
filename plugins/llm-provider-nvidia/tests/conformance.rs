//! What every provider plugin must do, with answers as NVIDIA gives them.

llm_testkit::conformance! {
    plugin: llm_provider_nvidia::PLUGIN,
    config: { "base_url": "https://nvidia.test/v1" },
    fixtures: "tests/fixtures",
    // Usage and `[DONE]` come after the finish reason, which is an end by itself.
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

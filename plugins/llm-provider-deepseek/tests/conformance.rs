//! What every provider plugin must do, with answers as DeepSeek gives them.

llm_testkit::conformance! {
    plugin: llm_provider_deepseek::PLUGIN,
    config: { "base_url": "https://deepseek.test" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

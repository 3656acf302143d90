//! What every provider plugin must do, with answers as Alibaba Cloud Model Studio gives them.

llm_testkit::conformance! {
    plugin: llm_provider_dashscope::PLUGIN,
    config: { "base_url": "https://dashscope.test/v1" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

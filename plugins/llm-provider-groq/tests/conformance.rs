//! What every provider plugin must do, with answers as Groq gives them.

llm_testkit::conformance! {
    plugin: llm_provider_groq::PLUGIN,
    config: { "base_url": "https://groq.test/v1" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

//! What every provider plugin must do, with answers as Hugging Face gives them.

llm_testkit::conformance! {
    plugin: llm_provider_huggingface::PLUGIN,
    config: { "base_url": "https://huggingface.test/v1", "bill_to": "acme" },
    fixtures: "tests/fixtures",
    // Usage and `[DONE]` come after the finish reason, which is an end by itself.
    frames_after_end: 2,
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

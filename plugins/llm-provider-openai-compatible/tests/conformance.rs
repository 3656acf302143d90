//! What every provider plugin must do, with answers as vLLM, llama.cpp and LM Studio give them.

llm_testkit::conformance! {
    plugin: llm_provider_openai_compatible::PLUGIN,
    model: "Qwen/Qwen3-8B",
    config: { "base_url": "http://server.test:8000/v1" },
    fixtures: "tests/fixtures",
    // Usage and `[DONE]` may be missing: some servers send neither.
    frames_after_end: 2,
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

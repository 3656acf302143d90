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

mod fields {
    use llm_testkit::conformance::{Check, Failure, Suite};
    use serde_json::json;

    /// One preset of each dialect there is.
    #[test]
    fn presets_send_every_field_or_warn_about_it() -> Result<(), Failure> {
        for preset in ["tgi", "venice", "portkey", "snowflake", "writer"] {
            let config = json!({ "base_url": "https://preset.test/v1", "preset": preset });
            let suite = Suite::new(
                &llm_provider_openai_compatible::PLUGIN,
                &config,
                concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"),
            );
            suite.run(Check::RequestFields)?;
            suite.run(Check::StrictMode)?;
        }
        Ok(())
    }
}

//! What every provider plugin must do, with answers in the vendor's form.

llm_testkit::conformance! {
    plugin: llm_provider_bedrock::PLUGIN,
    model: "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    config: { "base_url": "https://bedrock.test" },
    fixtures: "tests/fixtures",
}

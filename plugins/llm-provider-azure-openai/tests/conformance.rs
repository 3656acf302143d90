//! What every provider plugin must do, with answers as Azure gives them.

llm_testkit::conformance! {
    plugin: llm_provider_azure_openai::PLUGIN,
    config: { "base_url": "https://fixture.openai.azure.com", "api": "chat" },
    fixtures: "tests/fixtures",
    // Chats have neither signatures nor encrypted reasoning; a token may stand in for the key: tests/calls.rs takes all away.
    without: [Signatures, KeyMissing],
}

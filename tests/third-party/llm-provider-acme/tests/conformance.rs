//! What every provider plugin must do, with answers as Acme gives them.

llm_testkit::conformance! {
    plugin: llm_provider_acme::PLUGIN,
    config: { "base_url": "https://api.acme.test" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

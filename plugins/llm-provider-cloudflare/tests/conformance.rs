//! What every provider plugin must do, with answers as Cloudflare Workers AI gives them.

llm_testkit::conformance! {
    plugin: llm_provider_cloudflare::PLUGIN,
    config: { "account_id": "0123456789abcdef" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

//! What every provider plugin must do, with answers as Vercel AI Gateway gives them.

llm_testkit::conformance! {
    plugin: llm_provider_vercel::PLUGIN,
    config: { "base_url": "https://vercel.test/v1" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

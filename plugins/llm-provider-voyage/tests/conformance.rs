//! What every provider plugin must do; this vendor has no chats, so vectors stand in for them.

llm_testkit::conformance! {
    plugin: llm_provider_voyage::PLUGIN,
    model: "voyage-3.5",
    models: { rerank: "rerank-2.5" },
    asks: embed,
    config: { "base_url": "https://voyage.test/v1" },
    fixtures: "tests/fixtures",
    // All of them are about chats.
    without: [
        Answer, BrokenAnswer, Usage, Stream, ByteSplits, Truncation, InBandErrors, Requests, Signatures, UnknownFields,
        UnknownEvents,
    ],
}

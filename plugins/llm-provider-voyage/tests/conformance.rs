//! What every provider plugin must do, as far as it is not about chats, which this vendor has none of: `calls.rs` holds
//! vectors, orders, errors and keys to the same.

llm_testkit::conformance! {
    plugin: llm_provider_voyage::PLUGIN,
    model: "voyage-3.5",
    models: { rerank: "rerank-2.5" },
    config: { "base_url": "https://voyage.test/v1" },
    fixtures: "tests/fixtures",
    without: [
        Answer, BrokenAnswer, Usage, Stream, ByteSplits, Truncation, InBandErrors, Errors, EchoedWords, NetworkErrors, Requests, Signatures, Cancellation, UnknownFields, UnknownEvents, KeyInHeader, KeyOfTheCall,
        KeyMissing, KeyEchoed,
    ],
}

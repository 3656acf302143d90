//! What every provider plugin must do, with Gemini's answers.

llm_testkit::conformance! {
    plugin: llm_provider_vertex::PLUGIN,
    models: { embed: "text-embedding-005" },
    config: { "base_url": "https://vertex.test", "project": "a-project" },
    fixtures: "tests/fixtures",
    // No secret must be set, a file or a machine may stand in for it: tests/calls.rs takes all away.
    without: [KeyMissing],
}

mod claude {
    llm_testkit::conformance_of_fields! {
        plugin: llm_provider_vertex::PLUGIN,
        model: "claude-haiku-4-5@20251001",
        models: { embed: "text-embedding-005" },
        config: { "base_url": "https://vertex.test", "project": "a-project" },
        fixtures: "tests/fixtures/claude",
    }
}

mod open_models {
    llm_testkit::conformance_of_fields! {
        plugin: llm_provider_vertex::PLUGIN,
        model: "meta/llama-4-scout-17b-16e-instruct-maas",
        models: { embed: "text-embedding-005" },
        config: { "base_url": "https://vertex.test", "project": "a-project" },
        fixtures: "tests/fixtures/open",
    }
}

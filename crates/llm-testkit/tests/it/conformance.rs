//! The toy plugin conforms: the suite as a plugin author writes it.

llm_testkit::conformance! {
    plugin: crate::toy::PLUGIN,
    config: { "base_url": "https://api.toy.test/v1" },
    fixtures: "tests/fixtures",
}

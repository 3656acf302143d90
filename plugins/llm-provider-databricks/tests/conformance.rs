//! What every provider plugin must do, with answers as Databricks gives them.

llm_testkit::conformance! {
    plugin: llm_provider_databricks::PLUGIN,
    config: { "host": "https://adb-1234.5.azuredatabricks.net/" },
    fixtures: "tests/fixtures",
    // This protocol has neither signatures nor encrypted reasoning.
    without: [Signatures],
}

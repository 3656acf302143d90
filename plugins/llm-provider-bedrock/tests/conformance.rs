//! What every provider plugin must do, with answers in the vendor's form.

llm_testkit::conformance! {
    plugin: llm_provider_bedrock::PLUGIN,
    model: "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    models: { embed: "amazon.titan-embed-text-v2:0", rerank: "cohere.rerank-v3-5:0" },
    config: { "base_url": "https://bedrock.test" },
    fixtures: "tests/fixtures",
}

mod fields {
    use llm_testkit::conformance::{Check, Failure, Suite};
    use serde_json::json;

    fn hold(chat_api: &str, model: &str) -> Result<(), Failure> {
        let (folder, _) = chat_api.split_once('-').unwrap_or((chat_api, ""));
        let config = json!({ "base_url": "https://bedrock.test", "api": chat_api });
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/");
        let suite = Suite::new(&llm_provider_bedrock::PLUGIN, &config, &format!("{fixtures}{folder}"))
            .with_model(model)
            .with_model_of("embed", "amazon.titan-embed-text-v2:0")
            .with_model_of("rerank", "cohere.rerank-v3-5:0")
            .with_model_of("count_tokens", "us.anthropic.claude-haiku-4-5-20251001-v1:0")
            .without(&[Check::Stream]);
        suite.run(Check::RequestFields)?;
        suite.run(Check::StrictMode)
    }

    /// A model of each publisher's form; an answer is told by its own fields, so one serves all.
    #[test]
    fn every_form_of_a_body_sends_every_field_or_warns_about_it() -> Result<(), Failure> {
        for model in [
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "openai.gpt-oss-20b-1:0",
            "amazon.nova-lite-v1:0",
            "amazon.titan-text-express-v1",
            "us.meta.llama3-3-70b-instruct-v1:0",
            "mistral.mistral-7b-instruct-v0:2",
            "cohere.command-text-v14",
            "cohere.command-r-v1:0",
            "ai21.j2-ultra-v1",
        ] {
            hold("invoke", model)?;
        }
        Ok(())
    }

    #[test]
    fn openais_chat_sends_every_field_or_warns_about_it() -> Result<(), Failure> {
        hold("mantle-chat", "openai.gpt-oss-20b-1:0")
    }
}

//! Which of the two chat protocols is asked.
#![cfg(test)]

use std::sync::Arc;

use llm_core::{BuildCx, Capabilities, ChatRequest, KnownModels, Request, Response, Support, Tool};
use llm_provider_openai::PLUGIN;
use llm_testkit::{Exchange, RecordedRequest, ScriptedTransport};
use serde_json::{Value, json};

/// Knows one model that has only the Responses API.
struct Catalogue;

impl KnownModels for Catalogue {
    fn capabilities(&self, _plugin: &str, model: &str) -> Arc<Capabilities> {
        let mut capabilities = Capabilities::default();
        if model == "gpt-5-pro" {
            capabilities.responses_only = Support::Yes;
        }
        Arc::new(capabilities)
    }
}

async fn sent(config: Value, request: ChatRequest, answer: &'static str) -> (RecordedRequest, String) {
    let transport = ScriptedTransport::always(Exchange::new(200, answer));
    let cx = BuildCx::new("openai").with_models(Arc::new(Catalogue));
    let provider = PLUGIN.build(config.as_object().unwrap().clone(), &cx).unwrap();
    let answer = provider.call(&transport.cx(), Request::Chat(Arc::new(request))).await;
    let Ok(Response::Chat(response)) = answer else { panic!("{answer:?}") };
    (transport.last_request().unwrap(), response.origin.api.to_string())
}

const CHAT: &str = include_str!("fixtures/chat.json");
const RESPONSE: &str = include_str!("fixtures_responses/chat.json");

#[tokio::test]
async fn the_model_the_request_and_the_setting_decide() {
    let auto = || json!({"api_key": "k"});
    let plain = |model: &str| ChatRequest::new(model).with_user("hi");
    let search = Tool::Provider { id: "openai.web_search".into(), name: String::new(), args: serde_json::Map::new() };
    let responses = "https://api.openai.com/v1/responses";
    let chat = "https://api.openai.com/v1/chat/completions";
    for (config, request, answer, url, api) in [
        (auto(), plain("gpt-4.1"), CHAT, chat, "openai-chat"),
        (auto(), plain("gpt-5-pro"), RESPONSE, responses, "openai-responses"),
        (auto(), plain("gpt-4.1").with_tool(search), RESPONSE, responses, "openai-responses"),
        (json!({"api_key": "k", "api": "responses"}), plain("gpt-4.1"), RESPONSE, responses, "openai-responses"),
        (json!({"api_key": "k", "api": "chat"}), plain("gpt-5-pro"), CHAT, chat, "openai-chat"),
    ] {
        let model = request.model.clone();
        let (sent, by) = sent(config, request, answer).await;
        assert_eq!((sent.url.as_str(), by.as_str()), (url, api), "{model}");
    }
}

#[test]
fn another_word_for_the_protocol_is_refused() {
    let config = json!({"api": "completions"});
    let error = PLUGIN.build(config.as_object().unwrap().clone(), &BuildCx::new("mine")).err().unwrap();
    assert_eq!(error.message(), "reading api of the provider \"mine\": it must be auto, chat or responses");
}

//! What the plugin adds to the wire format: addresses, headers, model cards, embeddings, the list of models.
#![cfg(test)]

use std::sync::Arc;

use llm_core::{
    BuildCx, ChatRequest, EmbedRequest, Error, ErrorKind, Provider, Request, Response, Support, Warning, model_card,
};
use llm_provider_openai::PLUGIN;
use llm_testkit::{Exchange, RecordedRequest, ScriptedTransport};
use serde_json::{Value, json};

const ANSWER: &str = include_str!("fixtures/chat.json");

fn provider(config: &Value) -> Result<Arc<dyn Provider>, Error> {
    PLUGIN.build(config.as_object().unwrap().clone(), &BuildCx::new("openai-eu"))
}

fn request(model: &str) -> ChatRequest {
    let mut request = ChatRequest::new(model).with_user("hi");
    request.sampling.temperature = Some(0.5);
    request.sampling.max_output_tokens = Some(50);
    request.sampling.stop = vec!["END".to_owned()];
    request
}

async fn sent(config: Value, request: ChatRequest) -> (RecordedRequest, Vec<Warning>) {
    let transport = ScriptedTransport::always(Exchange::new(200, ANSWER));
    let answer = provider(&config).unwrap().call(&transport.cx(), Request::Chat(Arc::new(request))).await;
    let Ok(Response::Chat(response)) = answer else { panic!("{answer:?}") };
    (transport.last_request().unwrap(), response.warnings)
}

#[tokio::test]
async fn calls_go_to_the_account_that_is_configured() {
    let (plain, _) = sent(json!({"api_key": "k1"}), request("gpt-4o")).await;
    assert_eq!(plain.url, "https://api.openai.com/v1/chat/completions");
    assert_eq!(plain.header("authorization"), Some("Bearer k1"));
    assert_eq!((plain.header("openai-organization"), plain.header("openai-project")), (None, None));
    let config =
        json!({"api_key": "k1", "base_url": "https://eu.api.openai.com/v1/", "organization": "o", "project": "p"});
    let (own, _) = sent(config, request("gpt-4o")).await;
    assert_eq!(own.url, "https://eu.api.openai.com/v1/chat/completions");
    assert_eq!((own.header("openai-organization"), own.header("openai-project")), (Some("o"), Some("p")));
}

#[tokio::test]
async fn a_model_is_not_sent_what_its_card_says_it_refuses() {
    let config = || json!({"api_key": "k1"});
    let (sampled, warnings) = sent(config(), request("gpt-4o")).await;
    assert_eq!(sampled.json()["temperature"], 0.5);
    assert_eq!(sampled.json()["stop"], json!(["END"]));
    assert_eq!(warnings, []);
    assert_eq!(model_card("openai", "gpt-5-mini").unwrap().sampling, Support::No);
    let (reasoning, warnings) = sent(config(), request("gpt-5-mini")).await;
    assert!(reasoning.json().get("temperature").is_none() && reasoning.json().get("stop").is_none());
    assert_eq!(reasoning.json()["max_completion_tokens"], 50);
    let fields: Vec<_> = warnings
        .iter()
        .map(|warning| match warning {
            Warning::Unsupported { field, .. } => field.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(fields, ["sampling.temperature", "sampling.stop"]);
}

#[tokio::test]
async fn vectors_come_as_base64_in_the_order_of_the_texts() {
    let transport = ScriptedTransport::always(Exchange::new(200, include_str!("fixtures/embed.json")));
    let mut request = EmbedRequest::new("text-embedding-3-small", ["a", "b"]);
    request.dimensions = Some(2);
    let answer =
        provider(&json!({"api_key": "k1"})).unwrap().call(&transport.cx(), Request::Embed(Arc::new(request))).await;
    let Ok(Response::Embed(response)) = answer else { panic!("{answer:?}") };
    assert_eq!(response.vectors, [[1.0, 0.125], [0.5, -0.25]]);
    assert_eq!(response.usage.input, Some(9));
    let sent = transport.last_request().unwrap();
    assert_eq!(sent.url, "https://api.openai.com/v1/embeddings");
    let body =
        json!({"model": "text-embedding-3-small", "input": ["a", "b"], "dimensions": 2, "encoding_format": "base64"});
    assert_eq!(sent.json(), body);
}

#[tokio::test]
async fn models_are_listed_in_the_vendors_order() {
    let transport = ScriptedTransport::always(Exchange::new(200, include_str!("fixtures/models.json")));
    let answer = provider(&json!({"api_key": "k1"})).unwrap().call(&transport.cx(), Request::Models).await;
    let Ok(Response::Models(models)) = answer else { panic!("{answer:?}") };
    let ids: Vec<_> = models.iter().map(|model| (model.id.as_str(), model.created)).collect();
    assert_eq!(ids, [("gpt-5.4-mini", Some(1_773_700_000)), ("text-embedding-3-small", Some(1_705_948_997))]);
    let sent = transport.last_request().unwrap();
    assert_eq!((sent.method.as_str(), sent.url.as_str()), ("GET", "https://api.openai.com/v1/models"));
}

#[test]
fn what_can_never_work_fails_at_the_build() {
    for config in [json!({"base_url": "api.openai.com"}), json!({"api_key": "a\nb"}), json!({"project": "ü\n"})] {
        assert_eq!(provider(&config).err().map(|error| error.kind()), Some(ErrorKind::Config), "{config}");
    }
}

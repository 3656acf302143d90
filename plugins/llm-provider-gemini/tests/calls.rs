//! What the suite does not know of: addresses, the other operations, and what is known of models.
#![cfg(test)]

use std::sync::Arc;

use llm_core::{
    BuildCx, ChatRequest, Effort, EmbedRequest, ErrorKind, ModelInfo, Provider, Reasoning, Request, Response, Support,
};
use llm_provider_gemini::PLUGIN;
use llm_testkit::{Exchange, ScriptedTransport};
use serde_json::{Value, json};

const CHAT: &str = include_str!("fixtures/chat.json");
const STREAM: &str = include_str!("fixtures/chat_stream.txt");
const EMBED: &str = include_str!("fixtures/embed.json");
const EMBED_BATCH: &str = include_str!("fixtures/embed_batch.json");
const MODELS: &str = include_str!("fixtures/models.json");
const MODELS_LAST: &str = include_str!("fixtures/models_last.json");
const HOST: &str = "https://generativelanguage.googleapis.com";

fn provider(config: &Value) -> Arc<dyn Provider> {
    let mut config = config.as_object().cloned().unwrap_or_default();
    config.insert("api_key".to_owned(), "key-of-a-test".into());
    PLUGIN.build(config, &BuildCx::new("gemini-eu")).unwrap()
}

fn hello(model: &str) -> Arc<ChatRequest> {
    Arc::new(ChatRequest::new(model).with_user("Hello"))
}

async fn models(transport: &ScriptedTransport) -> Vec<ModelInfo> {
    match provider(&json!({})).call(&transport.cx(), Request::Models).await.unwrap() {
        Response::Models(models) => models,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_method_stands_in_the_path_and_the_key_in_a_header() {
    let transport = ScriptedTransport::new([Exchange::new(200, CHAT), Exchange::sse(STREAM)]);
    let provider = provider(&json!({}));
    provider.call(&transport.cx(), Request::Chat(hello("models/gemini-x"))).await.unwrap();
    let answer = provider.call(&transport.cx(), Request::ChatStream(hello("gemini-x"))).await.unwrap();
    let Response::ChatStream(stream) = answer else { panic!("{answer:?}") };
    assert_eq!(stream.text().await.unwrap(), "Größe passt, 你好 😊 Ich sehe nach.");
    let urls: Vec<String> = transport.requests().into_iter().map(|request| request.url).collect();
    let expected = ["generateContent", "streamGenerateContent?alt=sse"]
        .map(|method| format!("{HOST}/v1beta/models/gemini-x:{method}"));
    assert_eq!(urls, expected);
    for request in transport.requests() {
        assert_eq!(request.header("x-goog-api-key"), Some("key-of-a-test"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.json(), json!({"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}));
    }
}

#[tokio::test]
async fn a_stream_that_comes_as_an_array_is_read_too() {
    let frames = STREAM.lines().filter_map(|line| line.strip_prefix("data: ")).collect::<Vec<_>>().join("\n,\r\n");
    let body = format!("[{frames}\n]\n");
    let transport = ScriptedTransport::new([Exchange::sse(STREAM), Exchange::new(200, body).split_every(7)]);
    let provider = provider(&json!({}));
    let mut answers = Vec::new();
    for _ in 0..2 {
        let answer = provider.call(&transport.cx(), Request::ChatStream(hello("gemini-x"))).await.unwrap();
        let Response::ChatStream(stream) = answer else { panic!("{answer:?}") };
        answers.push(stream.collect().await.unwrap());
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn texts_become_vectors() {
    let transport = ScriptedTransport::new([Exchange::new(200, EMBED), Exchange::new(200, EMBED_BATCH)]);
    let provider = provider(&json!({"api_version": "v1"}));
    for (inputs, method) in [(vec!["a"], "embedContent"), (vec!["a", "b"], "batchEmbedContents")] {
        let mut request = EmbedRequest::new("gemini-embedding-001", inputs.clone());
        request.dimensions = Some(3);
        let answer = provider.call(&transport.cx(), Request::Embed(Arc::new(request))).await.unwrap();
        let Response::Embed(answer) = answer else { panic!("{answer:?}") };
        assert_eq!(answer.vectors, &[[0.25, -0.5, 0.125], [1.0, 0.0, -1.0]][..inputs.len()]);
        assert!(answer.origin.is_target("gemini-eu", "gemini-embedding-001"));
        let sent = transport.last_request().unwrap();
        assert_eq!(sent.url, format!("{HOST}/v1/models/gemini-embedding-001:{method}"));
    }
    assert_eq!(transport.requests()[0].json()["outputDimensionality"], 3);
    assert_eq!(transport.requests()[1].json()["requests"][1]["content"]["parts"][0]["text"], "b");
}

#[tokio::test]
async fn the_list_of_models_is_read_page_by_page() {
    let transport = ScriptedTransport::new([Exchange::new(200, MODELS), Exchange::new(200, MODELS_LAST)]);
    let models = models(&transport).await;
    let ids: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
    assert_eq!(ids, ["gemini-3.5-flash-lite", "gemini-embedding-001", "gemma-3-27b-it"]);
    assert_eq!(models[0].capabilities.max_output, Some(65_536));
    assert_eq!(models[1].capabilities.embeddings, Support::Yes);
    let urls: Vec<String> = transport.requests().into_iter().map(|request| request.url).collect();
    let first = format!("{HOST}/v1beta/models?pageSize=1000");
    assert_eq!(urls, [first.clone(), format!("{first}&pageToken=cGFnZS8y")]);
}

#[tokio::test]
async fn a_list_that_never_ends_is_given_up() {
    let transport = ScriptedTransport::always(Exchange::new(200, MODELS));
    assert_eq!(models(&transport).await.len(), 2);
    assert_eq!(transport.requests().len(), 2);
}

#[tokio::test]
async fn an_effort_is_what_the_model_takes() {
    for (model, expected) in [
        ("gemini-2.5-flash", json!({"thinkingBudget": 1024, "includeThoughts": true})),
        ("gemini-3.8-flash", json!({"thinkingLevel": "LOW", "includeThoughts": true})),
        ("gemini-of-tomorrow", json!({"thinkingLevel": "MINIMAL", "includeThoughts": true})),
    ] {
        let mut request = ChatRequest::new(model).with_user("Hello");
        request.reasoning = Some(Reasoning::Effort(Effort::Minimal));
        let transport = ScriptedTransport::always(Exchange::new(200, CHAT));
        provider(&json!({})).call(&transport.cx(), Request::Chat(Arc::new(request))).await.unwrap();
        assert_eq!(transport.last_request().unwrap().json()["generationConfig"]["thinkingConfig"], expected, "{model}");
    }
}

#[test]
fn capabilities_are_those_of_the_model() {
    let provider = provider(&json!({}));
    let flash = provider.capabilities("gemini-2.5-flash");
    assert_eq!((flash.context_window, flash.tools, flash.reasoning), (Some(1_048_576), Support::Yes, Support::Yes));
    let embedding = provider.capabilities("gemini-embedding-001");
    assert_eq!((embedding.chat, embedding.embeddings), (Support::No, Support::Yes));
    assert_eq!(provider.capabilities("gemini-of-tomorrow").tools, Support::Unknown);
}

#[test]
fn wrong_settings_are_refused_at_once() {
    for config in [
        json!({"base_url": "no-address"}),
        json!({"api_version": "a/b"}),
        json!({"unknown": 1}),
        json!({"api_key": "a\nb"}),
    ] {
        let built = PLUGIN.build(config.as_object().cloned().unwrap_or_default(), &BuildCx::new("gemini"));
        assert_eq!(built.err().map(|error| error.kind()), Some(ErrorKind::Config), "{config}");
    }
}

#[tokio::test]
async fn tokens_are_counted_without_an_answer() {
    let transport = ScriptedTransport::always(Exchange::json(200, &json!({ "totalTokens": 61 })));
    let request = Request::CountTokens(hello("gemini-3.5-flash"));
    let answer = provider(&json!({})).call(&transport.cx(), request).await.unwrap();
    let Response::CountTokens(count) = answer else { panic!("{answer:?}") };
    assert_eq!(count.input_tokens, 61);
    let sent = transport.last_request().unwrap();
    assert_eq!(sent.url, format!("{HOST}/v1beta/models/gemini-3.5-flash:countTokens"));
    assert_eq!(sent.json()["generateContentRequest"]["model"], "models/gemini-3.5-flash");
}

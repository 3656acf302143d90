//! What the plugin adds to the wire format: addresses, headers, pages of models, missing keys.
#![cfg(test)]

use std::sync::Arc;

use llm_core::{
    BuildCx, Capabilities, ChatRequest, Effort, Error, ErrorKind, KnownModels, Message, ModelInfo, OnUnsupported,
    Provider, Reasoning, Request, Response, Secret, Support, Warning,
};
use llm_provider_anthropic::PLUGIN;
use llm_testkit::{Exchange, RecordedRequest, ScriptedTransport};
use serde_json::{Value, json};

const ANSWER: &str = include_str!("fixtures/chat.json");

fn provider(config: &Value) -> Result<Arc<dyn Provider>, Error> {
    PLUGIN.build(config.as_object().unwrap().clone(), &BuildCx::new("claude-eu"))
}

fn request() -> ChatRequest {
    ChatRequest::new("claude-haiku-4-5").with_user("hi")
}

async fn sent(config: Value, request: ChatRequest) -> RecordedRequest {
    let transport = ScriptedTransport::always(Exchange::new(200, ANSWER));
    let answer = provider(&config).unwrap().call(&transport.cx(), Request::Chat(Arc::new(request))).await;
    assert!(matches!(answer, Ok(Response::Chat(_))), "{answer:?}");
    transport.last_request().unwrap()
}

#[tokio::test]
async fn a_key_goes_as_a_key_and_a_token_as_a_bearer() {
    let request_with_key = sent(json!({"api_key": "k1"}), request()).await;
    assert_eq!(request_with_key.url, "https://api.anthropic.com/v1/messages");
    assert_eq!((request_with_key.header("x-api-key"), request_with_key.header("authorization")), (Some("k1"), None));
    for config in [
        json!({"auth_token": "t1"}),
        json!({"api_key": "t1", "auth_token": "t1"}),
        json!({"api_key": "k1", "auth_token": "t1"}),
    ] {
        let sent = sent(config, request()).await;
        assert_eq!((sent.header("x-api-key"), sent.header("authorization")), (None, Some("Bearer t1")));
        assert!(sent.headers["authorization"].is_sensitive());
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_sent_and_the_error_names_the_variable() {
    for config in [json!({}), json!({"api_key": " ", "auth_token": ""})] {
        let transport = ScriptedTransport::always(Exchange::new(200, ANSWER));
        for operation in [Request::Chat(Arc::new(request())), Request::ChatStream(Arc::new(request())), Request::Models]
        {
            let error = provider(&config).unwrap().call(&transport.cx(), operation).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Auth);
            // The variable is of the account that has the plugin's own id.
            assert_eq!(error.message(), "api key missing: set api_key of the provider \"claude-eu\"");
        }
        assert!(transport.requests().is_empty());
        let mut cx = transport.cx();
        cx.credential = Some(Secret::new("of-the-call"));
        assert!(provider(&config).unwrap().call(&cx, Request::Chat(Arc::new(request()))).await.is_ok());
        assert_eq!(transport.last_request().unwrap().header("x-api-key"), Some("of-the-call"));
    }
}

#[tokio::test]
async fn the_version_follows_the_request_and_the_setting() {
    let version = async |config: Value, temperature: Option<f64>, model: &str| {
        let mut request = request();
        request.model = model.to_owned();
        request.sampling.temperature = temperature;
        sent(config, request).await.header("anthropic-version").unwrap().to_owned()
    };
    let old = json!({"api_key": "k"});
    let new = json!({"api_key": "k", "api_version": "2026-10-21"});
    assert_eq!(version(old, None, "claude-haiku-4-5").await, "2023-06-01");
    assert_eq!(version(new.clone(), None, "claude-haiku-4-5").await, "2026-10-21");
    assert_eq!(version(new.clone(), Some(0.5), "claude-haiku-4-5").await, "2023-06-01");
    assert_eq!(version(new, Some(0.5), "claude-opus-5-5").await, "2026-10-21", "this model refuses it anyway");
}

#[tokio::test]
async fn beta_features_come_from_the_setting_and_the_request() {
    let mut request = request();
    request.ext.set("anthropic", "betas", json!(["b-2"]));
    let beta = async |config: Value| sent(config, request.clone()).await;
    let both = beta(json!({"api_key": "k", "beta": "a-1, a-2"})).await;
    assert_eq!(both.header("anthropic-beta"), Some("a-1,a-2,b-2"));
    assert!(both.json().get("betas").is_none());
    assert_eq!(beta(json!({"api_key": "k", "beta": ["a-1"]})).await.header("anthropic-beta"), Some("a-1,b-2"));
    assert_eq!(sent(json!({"api_key": "k"}), self::request()).await.header("anthropic-beta"), None);
}

#[tokio::test]
async fn the_models_card_decides_what_is_sent() {
    let mut request = request();
    request.sampling.temperature = Some(0.5);
    assert_eq!(sent(json!({"api_key": "k"}), request.clone()).await.json()["max_tokens"], 64_000);
    request.model = "claude-opus-5-5-20261101".to_owned();
    let body = sent(json!({"api_key": "k"}), request.clone()).await.json();
    assert_eq!((body.get("temperature"), &body["max_tokens"]), (None, &json!(128_000)));
    request.on_unsupported = OnUnsupported::Error;
    let transport = ScriptedTransport::always(Exchange::new(200, ANSWER));
    let provider = provider(&json!({"api_key": "k"})).unwrap();
    let error = provider.call(&transport.cx(), Request::Chat(Arc::new(request))).await.unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::Unsupported, Some("sampling.temperature")));
    assert_eq!(provider.capabilities("claude-opus-5-5").sampling, Support::No);
    assert_eq!(provider.capabilities("claude-opus-5-5").forced_tool, Support::No);
    assert_eq!(provider.capabilities("claude-haiku-4-5").assistant_prefill, Support::Yes);
    assert_eq!(provider.capabilities("a-model-of-tomorrow").sampling, Support::Unknown);
}

#[tokio::test]
async fn an_answer_carries_its_warnings_and_what_the_headers_say() {
    let exchange = Exchange::new(200, ANSWER)
        .with_header("request-id", "req_1")
        .with_header("retry-after", "30")
        .with_header("anthropic-ratelimit-requests-remaining", "49");
    let transport = ScriptedTransport::always(exchange);
    let mut request = request();
    request.sampling.seed = Some(1);
    let provider = provider(&json!({"api_key": "k"})).unwrap();
    let Response::Chat(response) = provider.call(&transport.cx(), Request::Chat(Arc::new(request))).await.unwrap()
    else {
        panic!("no chat");
    };
    assert_eq!(response.request_id.as_deref(), Some("req_1"));
    assert_eq!(response.rate_limits.unwrap().requests_remaining, Some(49));
    assert!(matches!(&response.warnings[..], [Warning::Unsupported { field, .. }] if field == "sampling.seed"));
    assert_eq!((&*response.origin.provider, &*response.origin.api), ("claude-eu", "anthropic"));
}

async fn models(transport: &ScriptedTransport) -> Vec<ModelInfo> {
    let config = json!({"api_key": "k", "base_url": "https://proxy.test/v1/"});
    match provider(&config).unwrap().call(&transport.cx(), Request::Models).await.unwrap() {
        Response::Models(models) => models,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn all_pages_of_models_are_read() {
    let transport = ScriptedTransport::new([
        Exchange::new(200, include_str!("fixtures/models.json")),
        Exchange::new(200, include_str!("fixtures/models_last.json")),
    ]);
    let ids: Vec<String> = models(&transport).await.into_iter().map(|model| model.id).collect();
    assert_eq!(ids, ["claude-b", "claude-a"]);
    let urls: Vec<String> = transport.requests().into_iter().map(|request| request.url).collect();
    assert_eq!(
        urls,
        ["https://proxy.test/v1/models?limit=1000", "https://proxy.test/v1/models?limit=1000&after_id=claude-b"]
    );
    assert_eq!(transport.requests()[0].header("anthropic-version"), Some("2023-06-01"));
}

#[tokio::test]
async fn a_server_that_repeats_its_page_is_left() {
    let page = json!({"data": [{"id": "a b&c"}], "has_more": true});
    let transport = ScriptedTransport::always(Exchange::json(200, &page));
    assert_eq!(models(&transport).await.len(), 1);
    assert_eq!(transport.requests().len(), 2);
    assert!(transport.last_request().unwrap().url.ends_with("after_id=a%20b%26c"));
}

#[test]
fn wrong_settings_are_refused_at_the_build() {
    for config in [
        json!({"api_version": "2024-01-01"}),
        json!({"base_url": "not an address"}),
        json!({"api_kee": "k"}),
        json!({"api_key": "k\nk"}),
    ] {
        let error = provider(&config).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Config, "{config}");
    }
}

#[tokio::test]
async fn tokens_are_counted_without_an_answer() {
    let transport = ScriptedTransport::always(Exchange::json(200, &json!({ "input_tokens": 588 })));
    let mut request = request();
    request.sampling.max_output_tokens = Some(50);
    let provider = provider(&json!({ "api_key": "k1" })).unwrap();
    let answer = provider.call(&transport.cx(), Request::CountTokens(Arc::new(request))).await.unwrap();
    let Response::CountTokens(count) = answer else { panic!("{answer:?}") };
    assert_eq!((count.input_tokens, count.cost), (588, None));
    let sent = transport.last_request().unwrap();
    assert_eq!(sent.url, "https://api.anthropic.com/v1/messages/count_tokens");
    assert!(sent.json().get("max_tokens").is_none(), "it would be refused here");
}

/// A catalogue that knows models of tomorrow: they always reason, by effort, and refuse sampling.
struct Tomorrow;

impl KnownModels for Tomorrow {
    fn capabilities(&self, _plugin: &str, model: &str) -> Arc<Capabilities> {
        let mut known = Capabilities::default();
        if model == "claude-of-tomorrow" {
            known.always_reasons = Support::Yes;
            known.adaptive_reasoning = Support::Yes;
            known.mid_system = Support::Yes;
            known.sampling = Support::No;
            known.max_output = Some(9000);
        }
        Arc::new(known)
    }
}

#[tokio::test]
async fn what_a_catalogue_knows_of_a_model_reaches_the_request() {
    let config = json!({"api_key": "k"}).as_object().unwrap().clone();
    let provider = PLUGIN.build(config, &BuildCx::new("claude-eu").with_models(Arc::new(Tomorrow))).unwrap();
    let mut request = ChatRequest::new("claude-of-tomorrow")
        .with_user("hi")
        .with_message(Message::assistant("hello"))
        .with_message(Message::system("briefly"))
        .with_user("go on");
    request.sampling.temperature = Some(0.5);
    request.reasoning = Some(Reasoning::Effort(Effort::None));
    let transport = ScriptedTransport::always(Exchange::new(200, ANSWER));
    let answer = provider.call(&transport.cx(), Request::Chat(Arc::new(request))).await.unwrap();
    let Response::Chat(answer) = answer else { panic!("{answer:?}") };
    let body = transport.last_request().unwrap().json();
    assert_eq!((&body["max_tokens"], &body["messages"][2]["role"]), (&json!(9000), &json!("system")), "{body}");
    assert!(body.get("temperature").is_none() && body.get("thinking").is_none(), "{body}");
    assert_eq!(answer.warnings.len(), 2, "{:?}", answer.warnings);
    assert_eq!(provider.capabilities("claude-of-tomorrow").mid_system, Support::Yes);
}

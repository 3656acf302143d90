//! What the suite does not know of: the other operations and their addresses.
#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what they expect")]

use std::sync::Arc;

use llm_core::{BuildCx, ChatRequest, Component, EmbedRequest, Provider, Request, RerankRequest, Response, Support};
use llm_provider_cohere::PLUGIN;
use llm_testkit::{Exchange, ScriptedTransport};
use serde_json::json;

fn provider() -> Arc<dyn Provider> {
    let config = json!({ "api_key": "co-secret", "base_url": "https://cohere.test/v2/", "client_name": "tests" });
    PLUGIN.build(config.as_object().cloned().unwrap_or_default(), &BuildCx::new("cohere-eu")).unwrap()
}

#[tokio::test]
async fn texts_become_vectors() {
    let answer =
        json!({"id": "e", "embeddings": {"float": [[0.5, -1.0]]}, "meta": {"billed_units": {"input_tokens": 3}}});
    let transport = ScriptedTransport::always(Exchange::json(200, &answer).with_header("x-request-id", "req-1"));
    let mut request = EmbedRequest::new("embed-v4.0", ["a"]);
    request.end_user = Some("somebody".into());
    let answer = provider().call(&transport.cx(), Request::Embed(Arc::new(request))).await.unwrap();
    let Response::Embed(answer) = answer else { panic!("{answer:?}") };
    assert_eq!((answer.vectors, answer.usage.input), (vec![vec![0.5, -1.0]], Some(3)));
    assert_eq!((answer.request_id.as_deref(), answer.warnings.len()), (Some("req-1"), 1));
    assert!(answer.origin.is_target("cohere-eu", "embed-v4.0"));
    let sent = transport.last_request().unwrap();
    assert_eq!((&*sent.url, sent.header("x-client-name")), ("https://cohere.test/v2/embed", Some("tests")));
}

#[tokio::test]
async fn documents_come_in_order() {
    let answer = json!({"id": "r", "results": [{"index": 1, "relevance_score": 0.75}],
        "meta": {"billed_units": {"search_units": 1}}});
    let transport = ScriptedTransport::always(Exchange::json(200, &answer));
    let request = RerankRequest::new("rerank-v3.5", "q", ["a", "b"]);
    let answer = provider().call(&transport.cx(), Request::Rerank(Arc::new(request))).await.unwrap();
    let Response::Rerank(answer) = answer else { panic!("{answer:?}") };
    assert_eq!((answer.results[0].index, answer.usage.counted[&Component::Request]), (1, 1));
    assert_eq!(transport.last_request().unwrap().url, "https://cohere.test/v2/rerank");
}

#[tokio::test]
async fn all_pages_of_models_are_read() {
    let page =
        |name: &str, next: &str| Exchange::json(200, &json!({"models": [{"name": name}], "next_page_token": next}));
    let transport = ScriptedTransport::new([page("a", "t="), page("b", "")]);
    let Response::Models(models) = provider().call(&transport.cx(), Request::Models).await.unwrap() else {
        panic!("models")
    };
    assert_eq!(models.iter().map(|model| &*model.id).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(transport.last_request().unwrap().url, "https://cohere.test/v1/models?page_size=1000&page_token=t%3D");
}

#[tokio::test]
async fn lines_of_the_api_before_are_a_stream_too() {
    let lines = "{\"event_type\":\"stream-start\",\"generation_id\":\"g\"}\n{\"event_type\":\"text-generation\",\"text\":\"a\"}\n\
        {\"event_type\":\"stream-end\",\"finish_reason\":\"COMPLETE\",\"response\":{}}\n";
    let exchange = Exchange::new(200, lines).with_header("content-type", "application/stream+json");
    let transport = ScriptedTransport::always(exchange);
    let request = Request::ChatStream(Arc::new(ChatRequest::new("command").with_user("x")));
    let Response::ChatStream(stream) = provider().call(&transport.cx(), request).await.unwrap() else {
        panic!("a stream")
    };
    assert_eq!(stream.collect().await.unwrap().text(), "a");
    assert_eq!(provider().capabilities("command").speech, Support::No);
}

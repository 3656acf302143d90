//! Vectors and orders as Voyage gives them, and that there are no chats.
#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what they expect")]

use std::sync::Arc;

use llm_core::{
    BuildCx, ChatRequest, EmbedRequest, ErrorKind, Progress, Provider, Request, RerankRequest, Response, Secret,
    Support,
};
use llm_provider_voyage::PLUGIN;
use llm_testkit::{Exchange, ScriptedTransport};
use serde_json::{Value, json};

fn provider(config: &Value) -> Arc<dyn Provider> {
    PLUGIN.build(config.as_object().cloned().unwrap_or_default(), &BuildCx::new("voyage")).unwrap()
}

fn keyed() -> Arc<dyn Provider> {
    provider(&json!({ "api_key": "pa-secret" }))
}

fn embed() -> Request {
    let mut request = EmbedRequest::new("voyage-3.5", ["a", "b"]);
    request.task = Some("document".to_owned());
    request.dimensions = Some(2);
    Request::Embed(Arc::new(request))
}

#[tokio::test]
async fn texts_become_vectors() {
    let transport = ScriptedTransport::always(Exchange::new(200, include_str!("fixtures/embed.json")));
    let Response::Embed(answer) = keyed().call(&transport.cx(), embed()).await.unwrap() else { panic!("vectors") };
    assert_eq!(answer.vectors, [[0.5, -1.0], [0.25, 2.0]]);
    assert_eq!(answer.usage.input, Some(10), "there is no output, so the total is the input");
    let sent = transport.last_request().unwrap();
    assert_eq!(sent.url, "https://api.voyageai.com/v1/embeddings");
    assert_eq!(sent.header("authorization"), Some("Bearer pa-secret"));
    let expected = json!({"model": "voyage-3.5", "input": ["a", "b"], "output_dimension": 2, "input_type": "document",
        "encoding_format": "base64"});
    assert_eq!(sent.json(), expected);
}

#[tokio::test]
async fn documents_come_in_order() {
    let transport = ScriptedTransport::always(Exchange::new(200, include_str!("fixtures/rerank.json")));
    let mut request = RerankRequest::new("rerank-2.5", "q", ["a", "b"]);
    request.top_n = Some(1);
    request.max_tokens_per_document = Some(100);
    let answer = keyed().call(&transport.cx(), Request::Rerank(Arc::new(request))).await.unwrap();
    let Response::Rerank(answer) = answer else { panic!("{answer:?}") };
    assert_eq!((answer.results[0].index, answer.usage.input, answer.warnings.len()), (1, Some(43), 1));
    let sent = transport.last_request().unwrap();
    assert_eq!(sent.url, "https://api.voyageai.com/v1/rerank");
    assert_eq!(sent.json(), json!({"model": "rerank-2.5", "query": "q", "documents": ["a", "b"], "top_k": 1}));
}

#[tokio::test]
async fn a_missing_key_names_its_variable_and_chats_are_not_sent() {
    let transport = ScriptedTransport::always(Exchange::json(200, &json!({})));
    let error = provider(&json!({})).call(&transport.cx(), embed()).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Auth && error.message().contains("VOYAGE_API_KEY"), "{error}");
    let chat = Arc::new(ChatRequest::new("m").with_user("x"));
    for request in [Request::Chat(chat.clone()), Request::ChatStream(chat), Request::Models] {
        let error = keyed().call(&transport.cx(), request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    assert_eq!(transport.requests().len(), 0);
    let can = keyed().capabilities("voyage-3.5");
    assert_eq!((can.chat, can.rerank, can.speech), (Support::No, Support::Unknown, Support::No));
}

#[tokio::test]
async fn keys_are_replaced_scrubbed_and_bound_to_their_address() {
    let transport = ScriptedTransport::always(Exchange::json(401, &json!({ "detail": "no such key: pa-of-the-call" })));
    let mut cx = transport.cx();
    cx.credential = Some(Secret::new("pa-of-the-call"));
    cx.endpoint = Some("https://other.test/v1".into());
    let error = keyed().call(&cx, embed()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("pa-of-the-call"), "an echoed key is not shown");
    let sent = transport.last_request().unwrap();
    assert_eq!(
        (&*sent.url, sent.header("authorization")),
        ("https://other.test/v1/embeddings", Some("Bearer pa-of-the-call"))
    );
    let transport = ScriptedTransport::always(Exchange::network_error(Progress::NotSent));
    let error = keyed().call(&transport.cx(), embed()).await.unwrap_err();
    assert_eq!((error.kind(), error.progress()), (ErrorKind::Network, Progress::NotSent));
}

//! What the suite does not know of: the other operations.
#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what they expect")]

use std::sync::Arc;

use llm_core::{BuildCx, EmbedRequest, Provider, Request, Response, Support};
use llm_provider_acme::PLUGIN;
use llm_testkit::{Exchange, ScriptedTransport};
use serde_json::json;

fn provider() -> Arc<dyn Provider> {
    let config = json!({ "api_key": "acme-secret", "base_url": "https://acme.test/" });
    PLUGIN.build(config.as_object().cloned().unwrap_or_default(), &BuildCx::new("acme-eu")).unwrap()
}

#[tokio::test]
async fn texts_become_vectors() {
    let exchange = Exchange::new(200, include_str!("fixtures/embed.json")).with_header("x-request-id", "req-1");
    let transport = ScriptedTransport::always(exchange);
    let request = Request::Embed(Arc::new(EmbedRequest::new("acme-vectors", ["a"])));
    let Response::Embed(answer) = provider().call(&transport.cx(), request).await.unwrap() else { panic!("vectors") };
    assert_eq!((answer.vectors, answer.usage.input), (vec![vec![0.5, -1.0]], Some(3)));
    assert!(answer.request_id.as_deref() == Some("req-1") && answer.origin.is_target("acme-eu", "acme-vectors"));
}

#[tokio::test]
async fn the_list_says_what_a_model_can_do() {
    let transport = ScriptedTransport::always(Exchange::new(200, include_str!("fixtures/models.json")));
    let Response::Models(models) = provider().call(&transport.cx(), Request::Models).await.unwrap() else {
        panic!("models")
    };
    assert_eq!(models.iter().map(|model| &*model.id).collect::<Vec<_>>(), ["acme-1", "acme-vectors"]);
    let can = &models[0].capabilities;
    assert_eq!((can.context_window, can.chat, can.embeddings), (Some(64_000), Support::Yes, Support::No));
    assert_eq!(transport.last_request().unwrap().url, "https://acme.test/v1/models");
}

#[test]
fn cards_say_what_is_known_without_asking() {
    let can = provider().capabilities("acme-1-mini");
    assert_eq!((can.max_output, can.tools), (Some(4_000), Support::Yes));
}

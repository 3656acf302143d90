//! What the plugin adds to the wire formats: addresses, tokens that renew themselves, two publishers.
#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what they expect")]

use std::sync::Arc;

use llm_core::{BuildCx, ChatRequest, EmbedRequest, Error, ErrorKind, Provider, Request, Response};
use llm_provider_vertex::PLUGIN;
use llm_testkit::{Exchange, ScriptedTransport};
use serde_json::{Value, json};

fn provider(config: &Value) -> Result<Arc<dyn Provider>, Error> {
    PLUGIN.build(config.as_object().unwrap().clone(), &BuildCx::new("vertex-eu"))
}

fn gemini() -> Exchange {
    let part = json!({"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"});
    Exchange::json(200, &json!({"candidates": [part]}))
}

fn chat(model: &str) -> Request {
    Request::Chat(Arc::new(ChatRequest::new(model).with_user("hi")))
}

#[tokio::test]
async fn a_machines_token_is_asked_for_once() {
    let token = json!({"access_token": "token-of-the-machine", "expires_in": 3599, "token_type": "Bearer"});
    let transport = ScriptedTransport::new([Exchange::json(200, &token), gemini(), gemini()]);
    let provider = provider(&json!({"metadata": true, "project": "p", "location": "europe-west4"})).unwrap();
    for _ in 0..2 {
        provider.call(&transport.cx(), chat("gemini-3.5-flash")).await.unwrap();
    }
    let requests = transport.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[0].header("metadata-flavor"), Some("Google"));
    assert_eq!(
        requests[2].url,
        "https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4/publishers/google/models/\
         gemini-3.5-flash:generateContent"
    );
    assert_eq!(requests[2].header("authorization"), Some("Bearer token-of-the-machine"));
    assert!(requests[2].headers["authorization"].is_sensitive());
}

#[tokio::test]
async fn a_users_refresh_token_becomes_a_token() {
    let file = std::env::temp_dir().join(format!("loquat-vertex-{}.json", std::process::id()));
    let credentials =
        json!({"type": "authorized_user", "client_id": "id", "client_secret": "s+1", "refresh_token": "1//r"});
    std::fs::write(&file, credentials.to_string()).unwrap();
    let provider = provider(&json!({"credentials_file": file, "project": "p"})).unwrap();
    let transport =
        ScriptedTransport::new([Exchange::json(200, &json!({"access_token": "t", "expires_in": 10})), gemini()]);
    provider.call(&transport.cx(), chat("gemini-3.5-flash")).await.unwrap();
    let asked = &transport.requests()[0];
    assert_eq!(asked.url, "https://oauth2.googleapis.com/token");
    assert_eq!(asked.text(), "grant_type=refresh_token&client_id=id&client_secret=s%2B1&refresh_token=1%2F%2Fr");
    let transport = ScriptedTransport::always(Exchange::new(400, r#"{"error": "invalid_grant", "hint": "1//r"}"#));
    let error = self::provider(&json!({"credentials_file": file, "project": "p"}))
        .unwrap()
        .call(&transport.cx(), chat("gemini-3.5-flash"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(!error.message().contains("1//r"), "{error}");
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn claude_is_asked_as_its_publisher_wants() {
    let answer = json!({"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1}});
    let transport = ScriptedTransport::always(Exchange::json(200, &answer));
    let provider = provider(&json!({"access_token": "t", "project": "p"})).unwrap();
    let Response::Chat(response) = provider.call(&transport.cx(), chat("claude-haiku-4-5@20251001")).await.unwrap()
    else {
        panic!()
    };
    assert_eq!((response.text().as_str(), &*response.origin.api), ("Hi", "anthropic"));
    let sent = transport.last_request().unwrap();
    assert!(sent.url.ends_with("/locations/global/publishers/anthropic/models/claude-haiku-4-5@20251001:rawPredict"));
    assert_eq!(sent.json()["anthropic_version"], "vertex-2023-10-16");
    assert!(sent.json().get("model").is_none());
}

#[tokio::test]
async fn texts_become_vectors_by_predict() {
    let one = json!({"embeddings": {"values": [0.5, 1.0], "statistics": {"token_count": 3.0}}});
    let transport = ScriptedTransport::always(Exchange::json(200, &json!({"predictions": [one, one]})));
    let provider = provider(&json!({"access_token": "t", "project": "p"})).unwrap();
    let mut request = EmbedRequest::new("text-embedding-005", ["a", "b"]);
    request.task = Some("query".to_owned());
    request.dimensions = Some(2);
    let asked = Request::Embed(Arc::new(request));
    let Response::Embed(answer) = provider.call(&transport.cx(), asked).await.unwrap() else { panic!() };
    assert_eq!((answer.vectors, answer.usage.input), (vec![vec![0.5, 1.0]; 2], Some(6)));
    assert_eq!(
        transport.last_request().unwrap().json(),
        json!({"instances": [{"content": "a", "task_type": "RETRIEVAL_QUERY"}, {"content": "b", "task_type": "RETRIEVAL_QUERY"}],
            "parameters": {"outputDimensionality": 2}})
    );
}

#[tokio::test]
async fn what_is_missing_is_named_and_nothing_is_sent() {
    for (config, word) in [
        (json!({"project": "p"}), "GOOGLE_APPLICATION_CREDENTIALS"),
        (json!({"access_token": "t"}), "GOOGLE_CLOUD_PROJECT"),
        (json!({"project": "p", "credentials_file": "/nowhere/key.json"}), "/nowhere/key.json"),
    ] {
        let transport = ScriptedTransport::always(gemini());
        let error = provider(&config).unwrap().call(&transport.cx(), chat("gemini-3.5-flash")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth);
        assert!(error.message().contains(word), "{error}");
        assert!(transport.requests().is_empty());
    }
}

//! What the suite does not know of: the other operations, addresses, and the cure in errors.
#![cfg(test)]

use std::sync::Arc;

use llm_core::{
    BuildCx, Capabilities, ChatRequest, EmbedRequest, ErrorKind, KnownModels, Progress, Provider, Request, Response,
    Secret, Support,
};
use llm_provider_ollama::PLUGIN;
use llm_testkit::{Exchange, ScriptedTransport};
use serde_json::{Value, json};

const CHAT: &str = include_str!("fixtures/chat.json");
const EMBED: &str = include_str!("fixtures/embed.json");

fn provider(config: &Value) -> Arc<dyn Provider> {
    PLUGIN.build(config.as_object().cloned().unwrap_or_default(), &BuildCx::new("gpu-box")).unwrap()
}

fn hello() -> Request {
    Request::Chat(Arc::new(ChatRequest::new("qwen3:8b").with_user("Hello")))
}

#[tokio::test]
async fn a_server_on_this_machine_needs_no_setting() {
    let transport = ScriptedTransport::always(Exchange::new(200, CHAT));
    provider(&json!({})).call(&transport.cx(), hello()).await.unwrap();
    let request = transport.last_request().unwrap();
    assert_eq!(request.url, "http://localhost:11434/api/chat");
    assert_eq!(request.header("authorization"), None);
    assert_eq!(
        request.json(),
        json!({
            "model": "qwen3:8b", "messages": [{ "role": "user", "content": "Hello" }], "stream": false,
        })
    );
}

#[tokio::test]
async fn settings_reach_the_server() {
    let transport = ScriptedTransport::always(Exchange::new(200, CHAT));
    let config = json!({ "base_url": "0.0.0.0:8080", "api_key": "key-of-a-proxy", "num_ctx": 16384, "keep_alive": -1 });
    provider(&config).call(&transport.cx(), hello()).await.unwrap();
    let request = transport.last_request().unwrap();
    assert_eq!(request.url, "http://127.0.0.1:8080/api/chat");
    assert_eq!(request.header("authorization"), Some("Bearer key-of-a-proxy"));
    assert_eq!((&request.json()["keep_alive"], &request.json()["options"]), (&json!(-1), &json!({ "num_ctx": 16384 })));
}

#[tokio::test]
async fn texts_become_vectors() {
    let transport = ScriptedTransport::always(Exchange::new(200, EMBED));
    let mut request = EmbedRequest::new("nomic-embed-text", ["a", "b"]);
    request.task = Some("query".to_owned());
    let answer = provider(&json!({})).call(&transport.cx(), Request::Embed(Arc::new(request))).await.unwrap();
    let Response::Embed(answer) = answer else { panic!("{answer:?}") };
    assert_eq!(answer.vectors, [[0.25, -0.5, 0.125], [1.0, 0.0, -1.0]]);
    assert_eq!((answer.usage.input, answer.usage.output), (Some(8), None));
    assert_eq!(answer.warnings.len(), 1);
    assert!(answer.origin.is_target("gpu-box", "nomic-embed-text"));
    let sent = transport.last_request().unwrap();
    assert_eq!(sent.url, "http://localhost:11434/api/embed");
    assert_eq!(sent.json(), json!({ "model": "nomic-embed-text", "input": ["a", "b"] }));
}

#[tokio::test]
async fn models_are_those_that_were_pulled() {
    let tags = json!({"models": [{"model": "a", "capabilities": ["completion"]}, {"model": "b"}, {"model": "c"}]});
    let show = json!({"capabilities": ["embedding"], "model_info": {"bert.context_length": 512}});
    let transport = ScriptedTransport::new([
        Exchange::json(200, &tags),
        Exchange::json(200, &show),
        Exchange::json(404, &json!({"error": "no"})),
    ]);
    let answer = provider(&json!({})).call(&transport.cx(), Request::Models).await.unwrap();
    let Response::Models(models) = answer else { panic!("{answer:?}") };
    let known =
        models.iter().map(|model| (&*model.id, model.capabilities.embeddings, model.capabilities.context_window));
    let expected = [("a", Support::No, None), ("b", Support::Yes, Some(512)), ("c", Support::Unknown, None)];
    assert_eq!(known.collect::<Vec<_>>(), expected);
    let asked: Vec<_> = transport.requests().iter().map(|request| request.url.clone()).collect();
    let url = |path: &str| format!("http://localhost:11434/api/{path}");
    assert_eq!(asked, [url("tags"), url("show"), url("show")]);
}

#[tokio::test]
async fn a_model_without_chats_is_asked_to_continue_a_prompt() {
    struct Known;
    impl KnownModels for Known {
        fn capabilities(&self, _: &str, model: &str) -> Arc<Capabilities> {
            let mut capabilities = Capabilities::default();
            capabilities.completions_only = if model == "base" { Support::Yes } else { Support::Unknown };
            Arc::new(capabilities)
        }
    }
    let answer = json!({"model": "base", "created_at": "2026-01-01T00:00:00Z", "response": "b)", "done": true, "done_reason": "stop"});
    let transport = ScriptedTransport::always(Exchange::json(200, &answer));
    let cx = BuildCx::new("gpu-box").with_models(Arc::new(Known));
    let provider = PLUGIN.build(serde_json::Map::new(), &cx).unwrap();
    let request = Request::Chat(Arc::new(ChatRequest::new("base").with_user("f(a, ")));
    let Response::Chat(response) = provider.call(&transport.cx(), request).await.unwrap() else { panic!() };
    assert_eq!(response.text(), "b)");
    let sent = transport.last_request().unwrap();
    assert!(sent.url.ends_with("/api/generate"), "{}", sent.url);
    assert_eq!(sent.json(), json!({"model": "base", "prompt": "f(a, ", "stream": false}));
}

#[tokio::test]
async fn a_refusal_without_a_key_names_the_cure() {
    let transport = ScriptedTransport::always(Exchange::json(401, &json!({ "error": "unauthorized" })));
    let error =
        provider(&json!({ "base_url": "https://ollama.test" })).call(&transport.cx(), hello()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(error.message(), "unauthorized: no api key was sent, set api_key of the provider \"gpu-box\"");
    let with_key = json!({ "api_key": "wrong-key-0815" });
    let error = provider(&with_key).call(&transport.cx(), hello()).await.unwrap_err();
    assert_eq!(error.message(), "unauthorized");
}

#[tokio::test]
async fn a_server_that_is_not_there_names_the_cure() {
    let transport = ScriptedTransport::always(Exchange::network_error(Progress::NotSent));
    let error = provider(&json!({})).call(&transport.cx(), hello()).await.unwrap_err();
    assert_eq!((error.kind(), error.progress()), (ErrorKind::Network, Progress::NotSent));
    assert!(
        error.message().contains("ollama serve") && error.message().contains("base_url of the provider \"gpu-box\""),
        "{error}"
    );
}

#[tokio::test]
async fn an_address_of_the_call_is_read_like_a_setting() {
    let transport = ScriptedTransport::always(Exchange::new(200, CHAT));
    let mut cx = transport.cx();
    cx.credential = Some(Secret::new("key-of-the-call"));
    cx.endpoint = Some("tenant-box/v1".into());
    provider(&json!({})).call(&cx, hello()).await.unwrap();
    assert_eq!(transport.last_request().unwrap().url, "http://tenant-box:11434/api/chat");
}

#[test]
fn what_can_never_work_fails_the_build() {
    for config in [json!({ "base_url": "ftp://host" }), json!({ "api_key": "two\nlines" }), json!({ "num_ctx": "big" })]
    {
        let error = PLUGIN.build(config.as_object().cloned().unwrap(), &BuildCx::new("ollama")).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Config, "{config}");
    }
}

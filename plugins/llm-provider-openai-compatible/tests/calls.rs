//! What the plugin adds to the wire format: the address that must be given, the key that need not, the form for servers
//! of any kind.
#![cfg(test)]

use std::sync::Arc;

use llm_core::{
    BuildCx, ChatRequest, EmbedRequest, Error, ErrorKind, Message, Part, PartKind, Provider, Request, Response, Role,
    Tool,
};
use llm_provider_openai_compatible::PLUGIN;
use llm_testkit::{Exchange, RecordedRequest, ScriptedTransport};
use serde_json::{Value, json};

const ANSWER: &str = include_str!("fixtures/chat.json");

fn provider(config: &Value) -> Result<Arc<dyn Provider>, Error> {
    PLUGIN.build(config.as_object().unwrap().clone(), &BuildCx::new("vllm"))
}

async fn sent(config: Value, request: ChatRequest) -> RecordedRequest {
    let transport = ScriptedTransport::always(Exchange::new(200, ANSWER));
    let answer = provider(&config).unwrap().call(&transport.cx(), Request::Chat(Arc::new(request))).await;
    assert!(matches!(answer, Ok(Response::Chat(_))), "{answer:?}");
    transport.last_request().unwrap()
}

#[tokio::test]
async fn a_server_needs_no_key() {
    let config = json!({"base_url": "http://127.0.0.1:8000/v1/", "headers": {"x-proxy": "p1"}});
    let bare = sent(config, ChatRequest::new("m").with_user("hi")).await;
    assert_eq!(bare.url, "http://127.0.0.1:8000/v1/chat/completions");
    assert_eq!((bare.header("authorization"), bare.header("x-proxy")), (None, Some("p1")));
    assert!(bare.headers["x-proxy"].is_sensitive());
    let config = json!({"base_url": "http://127.0.0.1:8000/v1", "api_key": "k1"});
    let with_key = sent(config, ChatRequest::new("m").with_user("hi")).await;
    assert_eq!(with_key.header("authorization"), Some("Bearer k1"));
}

#[test]
fn an_address_must_be_given() {
    for config in [json!({}), json!({"base_url": " "})] {
        let error = provider(&config).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains("set VLLM_BASE_URL or base_url of the provider \"vllm\""), "{error}");
    }
    assert!(provider(&json!({"base_url": "127.0.0.1:8000"})).is_err());
    assert!(provider(&json!({"base_url": "http://h", "headers": {"a b": "c"}})).is_err());
}

#[tokio::test]
async fn a_preset_knows_the_address_and_the_form() {
    let local = sent(json!({"preset": "vllm"}), ChatRequest::new("m").with_user("hi")).await;
    assert_eq!(local.url, "http://127.0.0.1:8000/v1/chat/completions");
    let writer = sent(json!({"preset": "writer", "api_key": "k1"}), ChatRequest::new("m").with_user("hi")).await;
    assert_eq!((&*writer.url, writer.header("authorization")), ("https://api.writer.com/v1/chat", Some("Bearer k1")));
    let portkey = json!({"preset": "portkey", "api_key": "k1", "headers": {"x-portkey-provider": "openai"}});
    let portkey = sent(portkey, ChatRequest::new("m").with_user("hi")).await;
    assert_eq!((portkey.header("x-portkey-api-key"), portkey.header("authorization")), (Some("k1"), None));
    let error = provider(&json!({"preset": "snowflake", "api_key": "k1"})).err().unwrap();
    assert!(error.message().contains("base_url missing"), "{error}");
    let error = provider(&json!({"preset": "example"})).err().unwrap();
    assert!(error.message().contains("there are vllm, sglang"), "{error}");
}

#[tokio::test]
async fn a_vendor_wants_a_key() {
    let transport = ScriptedTransport::always(Exchange::new(200, ANSWER));
    let request = Request::Chat(Arc::new(ChatRequest::new("m").with_user("hi")));
    let answer = provider(&json!({"preset": "venice"})).unwrap().call(&transport.cx(), request).await;
    assert_eq!(answer.err().map(|error| error.kind()), Some(ErrorKind::Auth));
    assert!(transport.requests().is_empty());
}

#[tokio::test]
async fn requests_take_the_form_that_every_server_knows() {
    let mut request = ChatRequest::new("m")
        .with_message(Message::new(Role::Developer, vec![Part::text("be brief")]))
        .with_user("hi")
        .with_message(Message::new(
            Role::Assistant,
            vec![Part::reasoning("thoughts"), Part::tool_call("call_1", "now", "")],
        ))
        .with_message(Message::tool_result("call_1", "noon"));
    let mut tool = Tool::function("now", "the time", json!({"type": "object"}));
    if let Tool::Function(function) = &mut tool {
        function.strict = Some(true);
    }
    request = request.with_tool(tool);
    request.sampling.max_output_tokens = Some(9);
    request.sampling.top_k = Some(4);
    request.end_user = Some("u".to_owned());
    let body = sent(json!({"base_url": "http://h/v1"}), request).await.json();
    assert_eq!(
        body,
        json!({
            "model": "m",
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": null, "reasoning_content": "thoughts",
                 "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "call_1", "content": "noon"},
            ],
            "tools": [{"type": "function", "function": {"name": "now", "description": "the time", "parameters": {"type": "object"}, "strict": true}}],
            "max_tokens": 9, "top_k": 4, "user": "u",
        })
    );
}

#[tokio::test]
async fn vectors_come_as_numbers_or_as_a_list_of_one() {
    let transport = ScriptedTransport::always(Exchange::new(200, include_str!("fixtures/embed.json")));
    let request = Request::Embed(Arc::new(EmbedRequest::new("m", ["a", "b"])));
    let answer = provider(&json!({"base_url": "http://h/v1"})).unwrap().call(&transport.cx(), request).await;
    let Ok(Response::Embed(response)) = answer else { panic!("{answer:?}") };
    assert_eq!(response.vectors, [[1.0, 0.125], [0.5, -0.25]]);
    assert_eq!(transport.last_request().unwrap().json(), json!({"model": "m", "input": ["a", "b"]}));
}

#[tokio::test]
async fn a_server_that_ignores_streaming_still_answers() {
    let exchange = Exchange::new(200, ANSWER).with_header("content-type", "application/json");
    let transport = ScriptedTransport::always(exchange);
    let request = Request::ChatStream(Arc::new(ChatRequest::new("m").with_user("hi")));
    let answer = provider(&json!({"base_url": "http://h/v1"})).unwrap().call(&transport.cx(), request).await;
    let Ok(Response::ChatStream(stream)) = answer else { panic!("{answer:?}") };
    let response = stream.collect().await.unwrap();
    assert_eq!(response.text(), "Ich sehe für “Bern” und 東京 nach. 🌤");
    assert_eq!(response.message.content.iter().filter(|part| matches!(part.kind, PartKind::ToolCall(_))).count(), 2);
}

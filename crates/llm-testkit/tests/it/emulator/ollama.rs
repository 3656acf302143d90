//! The Ollama protocol: chat, embeddings, models, errors.

use llm_testkit::emulator::Emulator;
use serde_json::{Value, json};

use super::client::{Answer, joined, post, send};

async fn chat(body: Value) -> Answer {
    let emulator = Emulator::start().await.unwrap();
    post(&emulator, "/api/chat", &[], &body).await
}

fn request(model: &str, more: Value) -> Value {
    let mut request = json!({"model": model, "messages": [{"role": "user", "content": "hi there"}]});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

fn weather() -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!([{"type": "function", "function": {"name": "weather", "description": "…", "parameters": schema}}])
}

#[tokio::test]
async fn answers_whole() {
    let answer = chat(request("echo:latest", json!({"stream": false}))).await;
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let body = answer.json();
    assert_eq!(body["message"], json!({"role": "assistant", "content": "echo: hi there"}));
    assert_eq!(
        (&body["done"], &body["done_reason"], &body["model"]),
        (&json!(true), &json!("stop"), &json!("echo:latest"))
    );
    assert_eq!((&body["prompt_eval_count"], &body["eval_count"]), (&json!(5), &json!(3)));
}

#[tokio::test]
async fn streams_unless_told_otherwise() {
    let answer = chat(request("echo", json!({}))).await;
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let lines = answer.lines();
    assert_eq!(joined(&lines, "/message/content"), "echo: hi there");
    assert!(lines[..3].iter().all(|line| line["done"] == false && line.get("done_reason").is_none()));
    assert_eq!((&lines[3]["done"], &lines[3]["eval_count"]), (&json!(true), &json!(3)));
}

#[tokio::test]
async fn calls_tools_before_the_last_line() {
    let lines = chat(request("tools-x2", json!({"tools": weather()}))).await.lines();
    assert_eq!(lines.len(), 3);
    let call = &lines[1]["message"]["tool_calls"][0]["function"];
    assert_eq!(call, &json!({"index": 1, "name": "weather", "arguments": {"city": "text"}}));
    assert_eq!(lines[2]["done_reason"], "stop");
    let body = chat(request("tools-x2", json!({"tools": weather(), "stream": false}))).await.json();
    assert_eq!(body["message"]["tool_calls"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn thinks_and_writes_json_where_asked() {
    let lines = chat(request("echo", json!({"think": true}))).await.lines();
    assert_eq!(joined(&lines, "/message/thinking"), "thinking about: hi there");
    assert_eq!(joined(&lines, "/message/content"), "echo: hi there");
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let body = chat(request("echo", json!({"format": schema, "stream": false}))).await.json();
    assert_eq!(body["message"]["content"], r#"{"n":0}"#);
    let body = chat(request("echo", json!({"options": {"num_predict": 2}, "stream": false}))).await.json();
    assert_eq!(body["done_reason"], "length");
}

#[tokio::test]
async fn errors_are_a_sentence() {
    for (model, status) in [("unknown-model", 404), ("overloaded", 503), ("fail-500", 500), ("limit-429-ra3", 429)] {
        let answer = chat(request(model, json!({}))).await;
        assert_eq!(answer.status, status, "{model}");
        assert!(answer.json()["error"].is_string());
    }
    for (body, field) in [
        (json!({"messages": []}), "model"),
        (request("echo", json!({"messages": [{"role": "robot", "content": "x"}]})), "messages[0].role"),
        (request("echo", json!({"messages": [{"role": "user", "content": [{"text": "x"}]}]})), "messages[0].content"),
        (
            request(
                "echo",
                json!({"messages": [{"role": "user", "content": "x", "images": ["data:image/png;base64,aa"]}]}),
            ),
            "messages[0].images[0]",
        ),
        (request("echo", json!({"format": "yaml"})), "format"),
    ] {
        let answer = chat(body).await;
        assert_eq!(answer.status, 400);
        assert!(answer.json()["error"].as_str().unwrap().starts_with(field), "{}", answer.body);
    }
}

#[tokio::test]
async fn embeds_and_lists_models() {
    let emulator = Emulator::start().await.unwrap();
    let body = post(&emulator, "/api/embed", &[], &json!({"model": "embed", "input": ["a", "b"]})).await.json();
    assert_eq!(body["embeddings"].as_array().unwrap().len(), 2);
    let body = send(&emulator, "GET", "/api/tags", &[], "").await.json();
    assert_eq!(body["models"][0]["name"], "echo:latest");
    let refused = send(&emulator, "GET", "/api/tags", &[("authorization", "Bearer wrong")], "").await;
    assert_eq!(refused.status, 401);
}

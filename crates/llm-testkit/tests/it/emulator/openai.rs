//! The OpenAI protocol: chat completions, embeddings, models, errors.

use base64::Engine as _;
use llm_testkit::emulator::Emulator;
use serde_json::{Value, json};

use super::client::{Answer, joined, post, send};

const KEY: [(&str, &str); 1] = [("authorization", "Bearer sk-test")];

async fn chat(body: Value) -> Answer {
    let emulator = Emulator::start().await.unwrap();
    post(&emulator, "/v1/chat/completions", &KEY, &body).await
}

fn request(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hi there"}]})
}

fn with(mut request: Value, more: Value) -> Value {
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

fn weather() -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!([{"type": "function", "function": {"name": "weather", "description": "…", "parameters": schema}}])
}

#[tokio::test]
async fn answers_whole() {
    let answer = chat(request("echo")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert!(answer.header("x-request-id").unwrap().starts_with("req_"));
    assert_eq!(answer.header("x-ratelimit-remaining-requests"), Some("9999"));
    let body = answer.json();
    assert_eq!((&body["object"], &body["model"]), (&json!("chat.completion"), &json!("echo")));
    assert_eq!(body["choices"][0]["message"]["content"], "echo: hi there");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!((&body["usage"]["prompt_tokens"], &body["usage"]["completion_tokens"]), (&json!(5), &json!(3)));
    assert_eq!(body["usage"]["total_tokens"], 8);
}

#[tokio::test]
async fn streams_the_same() {
    let answer = chat(with(request("echo"), json!({"stream": true}))).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert!(answer.whole);
    let events = answer.events();
    assert_eq!(events[0]["choices"][0]["delta"], json!({"role": "assistant", "content": "", "refusal": null}));
    assert_eq!(joined(&events, "/choices/0/delta/content"), "echo: hi there");
    assert_eq!(joined(&events, "/choices/0/finish_reason"), "stop");
    assert!(events.iter().all(|event| event.get("usage").is_none()), "usage was not asked for");
    assert_eq!(events.last(), Some(&json!("[DONE]")));
}

#[tokio::test]
async fn tells_usage_in_a_last_chunk_where_asked() {
    let asked = json!({"stream": true, "stream_options": {"include_usage": true}});
    let events = chat(with(request("cached"), asked)).await.events();
    let last = &events[events.len() - 2];
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["completion_tokens"], 3);
    assert_eq!(last["usage"]["prompt_tokens_details"]["cached_tokens"], 2);
    assert!(events[..events.len() - 2].iter().all(|event| event["usage"] == Value::Null));
}

#[tokio::test]
async fn calls_tools_whole_and_in_pieces() {
    let request = with(request("tools-x2"), json!({"tools": weather()}));
    let body = chat(request.clone()).await.json();
    let message = &body["choices"][0]["message"];
    assert_eq!((&message["content"], &body["choices"][0]["finish_reason"]), (&Value::Null, &json!("tool_calls")));
    let calls = message["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert_ne!(calls[0]["id"], calls[1]["id"]);
    assert_eq!(calls[1]["function"], json!({"name": "weather", "arguments": r#"{"city":"text"}"#}));

    let events = chat(with(request, json!({"stream": true}))).await.events();
    for index in [0, 1] {
        let deltas = events.iter().filter_map(|event| event.pointer("/choices/0/delta/tool_calls/0"));
        let deltas: Vec<Value> = deltas.filter(|delta| delta["index"] == index).cloned().collect();
        assert!(deltas.len() > 2 && deltas[0]["id"] == calls[index]["id"], "{deltas:?}");
        assert!(deltas[1..].iter().all(|delta| delta.get("id").is_none()));
        assert_eq!(joined(&deltas, "/function/arguments"), r#"{"city":"text"}"#);
    }
    assert_eq!(joined(&events, "/choices/0/finish_reason"), "tool_calls");
}

#[tokio::test]
async fn answers_tool_results_in_words() {
    let call = json!({"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}});
    let messages = json!([
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": null, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
    ]);
    let body = chat(json!({"model": "tools", "tools": weather(), "messages": messages})).await.json();
    assert_eq!(body["choices"][0]["message"]["content"], "echo: sunny");
}

#[tokio::test]
async fn follows_what_the_request_demands() {
    let demanded = with(request("echo"), json!({"tools": weather(), "tool_choice": "required"}));
    assert_eq!(chat(demanded).await.json()["choices"][0]["finish_reason"], "tool_calls");

    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let format = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": true}});
    let body = chat(with(request("echo"), json!({"response_format": format}))).await.json();
    assert_eq!(body["choices"][0]["message"]["content"], r#"{"n":0}"#);

    let body = chat(with(request("echo"), json!({"max_completion_tokens": 2}))).await.json();
    assert_eq!(
        (&body["choices"][0]["message"]["content"], &body["choices"][0]["finish_reason"]),
        (&json!("echo: hi"), &json!("length"))
    );

    let body = chat(with(request("echo"), json!({"n": 2}))).await.json();
    assert_eq!(body["choices"].as_array().unwrap().len(), 2);

    let body = chat(with(request("echo"), json!({"reasoning_effort": "low"}))).await.json();
    assert_eq!(body["usage"]["completion_tokens_details"]["reasoning_tokens"], 4);
    assert!(body["choices"][0]["message"].get("reasoning_content").is_none());

    let body = chat(request("reason")).await.json();
    assert_eq!(body["choices"][0]["message"]["reasoning_content"], "thinking about: hi there");

    let body = chat(request("refuse")).await.json();
    assert!(body["choices"][0]["message"]["refusal"].is_string());
}

#[tokio::test]
async fn names_the_field_that_is_wrong() {
    let user = json!({"role": "user", "content": "hi"});
    for (body, param) in [
        (json!({"messages": [user]}), "model"),
        (json!({"model": "echo"}), "messages"),
        (json!({"model": "echo", "messages": []}), "messages"),
        (json!({"model": "echo", "messages": [{"role": "robot", "content": "hi"}]}), "messages[0].role"),
        (json!({"model": "echo", "messages": [user, {"role": "user"}]}), "messages[1].content"),
        (json!({"model": "echo", "messages": [user, {"role": "tool", "content": "x"}]}), "messages[1].tool_call_id"),
        (json!({"model": "echo", "messages": [user], "temperature": 3}), "temperature"),
        (json!({"model": "echo", "messages": [user], "max_tokens": 0}), "max_tokens"),
        (json!({"model": "echo", "messages": [user], "stream_options": {}}), "stream_options"),
        (json!({"model": "echo", "messages": [user], "tools": [{"type": "function"}]}), "tools[0].function"),
    ] {
        let answer = chat(body.clone()).await;
        assert_eq!(answer.status, 400, "{body}");
        let error = &answer.json()["error"];
        assert_eq!((&error["param"], &error["type"]), (&json!(param), &json!("invalid_request_error")), "{body}");
    }
    let emulator = Emulator::start().await.unwrap();
    let answer = send(&emulator, "POST", "/v1/chat/completions", &KEY, "{").await;
    assert_eq!(answer.status, 400);
    assert_eq!(send(&emulator, "GET", "/v1/chat/completions", &KEY, "").await.status, 405);
    assert_eq!(send(&emulator, "POST", "/chat/completions", &KEY, "{}").await.status, 404);
}

#[tokio::test]
async fn asks_for_a_key() {
    let emulator = Emulator::start().await.unwrap();
    for headers in [&[][..], &[("authorization", "Bearer wrong")], &[("x-other", "sk-test")]] {
        let answer = post(&emulator, "/v1/chat/completions", headers, &request("echo")).await;
        assert_eq!(
            (answer.status, answer.json()["error"]["code"].clone()),
            (401, json!("invalid_api_key")),
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn errors_have_openais_form() {
    for (model, status, kind, code) in [
        ("limit-429-ra20", 429, "requests", json!("rate_limit_exceeded")),
        ("quota", 429, "insufficient_quota", json!("insufficient_quota")),
        ("auth", 401, "invalid_request_error", json!("invalid_api_key")),
        ("overloaded", 503, "server_error", Value::Null),
        ("context-length", 400, "invalid_request_error", json!("context_length_exceeded")),
        ("window-4", 400, "invalid_request_error", json!("context_length_exceeded")),
        ("content-filter", 400, "invalid_request_error", json!("content_policy_violation")),
        ("fail-500", 500, "server_error", Value::Null),
        ("fail-418", 418, "invalid_request_error", Value::Null),
        ("unknown-model", 404, "invalid_request_error", json!("model_not_found")),
        ("fail-5o3", 404, "invalid_request_error", json!("model_not_found")),
    ] {
        let answer = chat(request(model)).await;
        assert_eq!(answer.status, status, "{model}");
        let error = &answer.json()["error"];
        assert_eq!((&error["type"], &error["code"]), (&json!(kind), &code), "{model}");
        assert_eq!(answer.header("retry-after"), (model == "limit-429-ra20").then_some("20"), "{model}");
    }
}

#[tokio::test]
async fn embeds_as_numbers_and_as_base64() {
    let emulator = Emulator::start().await.unwrap();
    let request = json!({"model": "embed", "input": ["a", "b"], "dimensions": 4});
    let numbers = post(&emulator, "/v1/embeddings", &KEY, &request).await.json();
    assert_eq!(numbers["data"][1]["index"], 1);
    let vector = numbers["data"][0]["embedding"].as_array().unwrap();
    assert_eq!(vector.len(), 4);
    let coded =
        post(&emulator, "/v1/embeddings", &KEY, &with(request, json!({"encoding_format": "base64"}))).await.json();
    let bytes =
        base64::engine::general_purpose::STANDARD.decode(coded["data"][0]["embedding"].as_str().unwrap()).unwrap();
    for (number, bytes) in vector.iter().zip(bytes.chunks_exact(4)) {
        let coded = f32::from_le_bytes(bytes.try_into().unwrap());
        assert!((number.as_f64().unwrap() - f64::from(coded)).abs() < 1e-6);
    }
    let empty = post(&emulator, "/v1/embeddings", &KEY, &json!({"model": "embed", "input": []})).await;
    assert_eq!(empty.json()["error"]["param"], "input");
}

#[tokio::test]
async fn lists_models() {
    let emulator = Emulator::start().await.unwrap();
    let body = send(&emulator, "GET", "/v1/models", &KEY, "").await.json();
    assert!(body["data"].as_array().unwrap().iter().any(|model| model["id"] == "echo"));
}

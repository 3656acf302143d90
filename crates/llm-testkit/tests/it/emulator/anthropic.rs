//! The Anthropic protocol: messages, signatures, models, errors.

use llm_testkit::emulator::Emulator;
use serde_json::{Value, json};

use super::client::{Answer, joined, post, send};

const HEAD: [(&str, &str); 2] = [("x-api-key", "sk-ant-test"), ("anthropic-version", "2023-06-01")];

async fn chat(body: Value) -> Answer {
    let emulator = Emulator::start().await.unwrap();
    post(&emulator, "/v1/messages", &HEAD, &body).await
}

fn request(model: &str, more: Value) -> Value {
    let mut request = json!({"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": "hi there"}]});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

fn weather() -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!([{"name": "weather", "description": "…", "input_schema": schema}])
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn answers_whole() {
    let answer = chat(request("cached", json!({"system": "be brief"}))).await;
    assert!(answer.header("request-id").unwrap().starts_with("req_01"));
    let reset = answer.header("anthropic-ratelimit-requests-reset").unwrap();
    assert!(reset.len() == 20 && reset.ends_with('Z'), "{reset}");
    let body = answer.json();
    assert_eq!(body["content"], json!([{"type": "text", "text": "echo: hi there"}]));
    assert_eq!((&body["type"], &body["stop_reason"]), (&json!("message"), &json!("end_turn")));
    // Seven tokens in all; the cached ones stand beside the others.
    let usage = &body["usage"];
    assert_eq!(
        (&usage["input_tokens"], &usage["cache_read_input_tokens"], &usage["output_tokens"]),
        (&json!(4), &json!(3), &json!(3))
    );
}

#[tokio::test]
async fn streams_in_the_protocols_order() {
    let answer = chat(request("echo", json!({"stream": true}))).await;
    assert!(answer.body.starts_with("event: message_start\ndata: {"));
    let events = answer.events();
    assert_eq!(
        kinds(&events),
        [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
    );
    assert_eq!(joined(&events, "/delta/text"), "echo: hi there");
    assert_eq!(events[0]["message"]["usage"]["output_tokens"], 1);
    assert_eq!(events[7]["delta"], json!({"stop_reason": "end_turn", "stop_sequence": null}));
    assert_eq!(events[7]["usage"]["output_tokens"], 3);
}

#[tokio::test]
async fn signs_its_reasoning_and_knows_it_again() {
    let thinking = json!({"type": "enabled", "budget_tokens": 1024});
    let body = chat(request("echo", json!({"max_tokens": 2000, "thinking": thinking}))).await.json();
    let blocks = body["content"].as_array().unwrap();
    assert_eq!(blocks[0]["thinking"], "thinking about: hi there");
    assert_eq!(body["usage"]["output_tokens_details"]["thinking_tokens"], 4);

    let events = chat(request("reason", json!({"stream": true}))).await.events();
    assert_eq!(joined(&events, "/delta/thinking"), "thinking about: hi there");
    assert_eq!(joined(&events, "/delta/signature"), blocks[0]["signature"].as_str().unwrap());

    let history = |blocks: &Value| json!([{"role": "user", "content": "hi"}, {"role": "assistant", "content": blocks}, {"role": "user", "content": "on"}]);
    let again = chat(request("echo", json!({"messages": history(&body["content"])}))).await;
    assert_eq!(again.json()["content"][0]["text"], "echo: on");
    let mut forged = body["content"].clone();
    forged[0]["thinking"] = "something else".into();
    let refused = chat(request("echo", json!({"messages": history(&forged)}))).await;
    assert_eq!(refused.status, 400);
    assert!(refused.json()["error"]["message"].as_str().unwrap().starts_with("messages.1.content.0.signature:"));
}

#[tokio::test]
async fn calls_tools_whole_and_in_pieces() {
    let body = chat(request("tools-x2", json!({"tools": weather()}))).await.json();
    assert_eq!(body["stop_reason"], "tool_use");
    let calls = body["content"].as_array().unwrap();
    assert_eq!((calls.len(), &calls[0]["input"]), (2, &json!({"city": "text"})));
    assert_ne!(calls[0]["id"], calls[1]["id"]);

    let events = chat(request("tools-x2", json!({"tools": weather(), "stream": true}))).await.events();
    for index in [0, 1] {
        let own: Vec<Value> = events.iter().filter(|event| event["index"] == index).cloned().collect();
        assert_eq!(own[0]["content_block"]["input"], json!({}));
        assert_eq!(joined(&own, "/delta/partial_json"), r#"{"city":"text"}"#);
    }
    let one = json!({"tools": weather(), "tool_choice": {"type": "any", "disable_parallel_tool_use": true}});
    assert_eq!(chat(request("tools-x2", one)).await.json()["content"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn holds_calls_and_results_together() {
    let call = json!({"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}});
    let result = |id| json!({"type": "tool_result", "tool_use_id": id, "content": "sunny"});
    let messages = |last: Value| json!([{"role": "user", "content": "weather?"}, {"role": "assistant", "content": [call]}, {"role": "user", "content": last}]);
    let good =
        chat(request("tools", json!({"tools": weather(), "messages": messages(json!([result("toolu_1")]))}))).await;
    assert_eq!(good.json()["content"][0]["text"], "echo: sunny");
    for last in [json!([result("toolu_2")]), json!("never mind")] {
        let bad = chat(request("tools", json!({"tools": weather(), "messages": messages(last)}))).await;
        assert_eq!((bad.status, &bad.json()["error"]["type"]), (400, &json!("invalid_request_error")));
    }
}

#[tokio::test]
async fn names_the_field_that_is_wrong() {
    let user = json!({"role": "user", "content": "hi"});
    for (body, field) in [
        (json!({"model": "echo", "messages": [user]}), "max_tokens: "),
        (json!({"model": "echo", "max_tokens": 9}), "messages: "),
        (json!({"max_tokens": 9, "messages": [user]}), "model: "),
        (
            json!({"model": "echo", "max_tokens": 9, "messages": [{"role": "system", "content": "x"}]}),
            "messages.0.role: ",
        ),
        (
            json!({"model": "echo", "max_tokens": 9, "messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]}),
            "messages.0.content.0: ",
        ),
        (json!({"model": "echo", "max_tokens": 9, "messages": [user], "temperature": 1.5}), "temperature: "),
        (
            json!({"model": "echo", "max_tokens": 9, "messages": [user], "tools": [{"name": "x"}]}),
            "tools.0.input_schema: ",
        ),
    ] {
        let answer = chat(body.clone()).await;
        assert_eq!(answer.status, 400, "{body}");
        let error = answer.json();
        assert!(error["error"]["message"].as_str().unwrap().starts_with(field), "{error}");
        assert_eq!((&error["type"], &error["error"]["type"]), (&json!("error"), &json!("invalid_request_error")));
    }
    let emulator = Emulator::start().await.unwrap();
    let no_version = post(&emulator, "/v1/messages", &HEAD[..1], &request("echo", json!({}))).await;
    assert_eq!(no_version.status, 400);
}

#[tokio::test]
async fn the_newest_version_takes_less() {
    let emulator = Emulator::start().await.unwrap();
    let newest = [("authorization", "Bearer sk-ant-test"), ("anthropic-version", "2026-10-21")];
    let status = async |more| post(&emulator, "/v1/messages", &newest, &request("echo", more)).await.status;
    assert_eq!(status(json!({})).await, 200);
    assert_eq!(status(json!({"temperature": 1})).await, 400);
    let document = json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}});
    let history = json!([
        {"role": "user", "content": [document]}, {"role": "assistant", "content": [document]}, {"role": "user", "content": "?"},
    ]);
    assert_eq!(status(json!({"messages": history})).await, 400);
    assert_eq!(chat(request("echo", json!({"messages": history}))).await.status, 200);
}

#[tokio::test]
async fn errors_have_anthropics_form() {
    for (model, status, kind) in [
        ("limit-429-ra20", 429, "rate_limit_error"),
        ("overloaded", 529, "overloaded_error"),
        ("auth", 401, "authentication_error"),
        ("quota", 402, "billing_error"),
        ("context-length", 400, "invalid_request_error"),
        ("fail-500", 500, "api_error"),
        ("fail-503", 503, "overloaded_error"),
        ("fail-504", 504, "timeout_error"),
        ("too-large", 413, "request_too_large"),
        ("unknown-model", 404, "not_found_error"),
    ] {
        let answer = chat(request(model, json!({}))).await;
        let body = answer.json();
        assert_eq!((answer.status, &body["error"]["type"]), (status, &json!(kind)), "{model}");
        assert_eq!(body["request_id"], answer.header("request-id").unwrap());
        assert_eq!(answer.header("retry-after"), (model == "limit-429-ra20").then_some("20"));
    }
    let refused = chat(request("content-filter", json!({}))).await.json();
    assert_eq!((&refused["stop_reason"], &refused["content"]), (&json!("refusal"), &json!([])));
}

#[tokio::test]
async fn lists_models_in_pages() {
    let emulator = Emulator::start().await.unwrap();
    let (mut names, mut path) = (Vec::new(), "/v1/models?limit=10".to_owned());
    loop {
        let page = send(&emulator, "GET", &path, &HEAD, "").await.json();
        names.extend(page["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned()));
        if page["has_more"] == false {
            break;
        }
        path = format!("/v1/models?limit=10&after_id={}", page["last_id"].as_str().unwrap());
    }
    assert_eq!(names, llm_testkit::emulator::MODELS);
}

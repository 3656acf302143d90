//! `local/script`: what a script says.

use llm_core::{ChatRequest, Error, ErrorKind, FinishReason, PartKind};
use serde_json::{Value, json};

use crate::support::{answer, ask, collect, cx, fields, provider, script, stream};

#[tokio::test]
async fn every_kind_of_step_becomes_its_part() {
    let request = script(&json!([
        { "reasoning": ["Let me ", "see."] },
        { "text": ["Hel", "lo"] },
        { "tool_call": { "name": "weather", "arguments": { "city": "Bern" } } },
        { "tool_call": { "id": "own", "name": "now", "arguments": "{ }" } },
        { "text": "bye" },
    ]));
    let (events, error) = stream(&*provider(&json!({})), &cx(), request.clone()).await;
    assert!(error.is_none());
    let response = collect(&events);
    let kinds: Vec<&PartKind> = response.message.content.iter().map(|part| &part.kind).collect();
    assert!(matches!(
        kinds[..],
        [
            PartKind::Reasoning { .. },
            PartKind::Text { .. },
            PartKind::ToolCall(_),
            PartKind::ToolCall(_),
            PartKind::Text { .. }
        ]
    ));
    assert_eq!((response.text().as_str(), response.message.reasoning().as_deref()), ("Hellobye", Some("Let me see.")));
    let calls: Vec<_> = response.message.tool_calls().map(|call| (&*call.id, &*call.arguments)).collect();
    assert_eq!(calls, [("call_0", r#"{"city":"Bern"}"#), ("own", "{ }")]);
    assert_eq!(response.finish.reason, FinishReason::ToolCalls);
    // Words: 3 in; 3 of reasoning, 1 of text in pieces, 1 and 2 of arguments out.
    assert_eq!((response.usage.input, response.usage.output, response.usage.reasoning), (Some(3), Some(7), Some(3)));
    assert_eq!(response, answer(request).await.unwrap());
}

#[tokio::test]
async fn counts_and_the_end_can_be_said() {
    let response = answer(script(&json!([
        { "text": "Hello" }, { "usage": { "input": 100, "cache_read": 64, "output": 7 } }, { "finish": "length" }, { "text": "never" },
    ])))
    .await
    .unwrap();
    assert_eq!(
        (response.usage.input, response.usage.cache_read, response.usage.output),
        (Some(100), Some(64), Some(7))
    );
    assert_eq!((response.text().as_str(), response.finish.reason), ("Hello", FinishReason::Length));
}

#[tokio::test]
async fn broken_arguments_are_marked() {
    let response = answer(script(
        &json!([{ "tool_call": { "name": "f", "arguments": "{\"city\": \"Be" } }, { "finish": "length" }]),
    ))
    .await
    .unwrap();
    let call = response.message.tool_calls().next().unwrap().clone();
    assert!(call.truncated);
    assert_eq!(call.arguments, "{\"city\": \"Be");
}

#[tokio::test]
async fn attempts_have_their_own_steps() {
    let request = script(&json!({ "attempts": [[{ "error": { "status": 500 } }], [{ "text": "second" }]] }));
    let mut cx = cx();
    let provider = provider(&json!({}));
    for (attempt, expected) in [(0, None), (1, None), (2, Some("second")), (3, Some("second"))] {
        cx.attempt = attempt;
        let answer = ask(&*provider, &cx, request.clone()).await;
        assert_eq!(answer.as_ref().ok().map(llm_core::ChatResponse::text).as_deref(), expected, "attempt {attempt}");
        if let Err(error) = answer {
            assert_eq!((error.kind(), error.status()), (ErrorKind::Server, Some(500)));
        }
    }
}

#[tokio::test]
async fn the_first_calls_of_an_instance_can_fail() {
    let config = json!({ "scripts": { "flaky": {
        "fail_first": 2, "failure": { "kind": "overloaded", "retry_after": 1 }, "steps": [{ "text": "at last" }],
    } } });
    let (one, two) = (provider(&config), provider(&config));
    let request = ChatRequest::new("flaky").with_user("hi");
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        outcomes.push(
            ask(&*one, &cx(), request.clone()).await.map(|response| response.text()).map_err(|error| error.kind()),
        );
    }
    let busy = Err(ErrorKind::Overloaded);
    assert_eq!(outcomes, [busy.clone(), busy, Ok("at last".to_owned()), Ok("at last".to_owned())]);
    assert!(ask(&*two, &cx(), request).await.is_err(), "each instance counts for itself");
}

#[tokio::test]
async fn scripts_come_from_the_request_the_setting_or_their_name() {
    let config = json!({ "script": [{ "text": "from the setting" }], "scripts": { "other": [{ "text": "by name" }] } });
    let provider = provider(&config);
    let text = async |request: ChatRequest| ask(&*provider, &cx(), request).await.unwrap().text();
    assert_eq!(text(ChatRequest::new("script").with_user("hi")).await, "from the setting");
    assert_eq!(text(script(&json!([{ "text": "from the request" }]))).await, "from the request");
    assert_eq!(text(ChatRequest::new("other").with_user("hi")).await, "by name");
    let mut own = script(&json!([{ "text": "for all" }]));
    own.ext.set("fake", "script", json!([{ "text": "for this instance" }]));
    assert_eq!(text(own).await, "for this instance");
}

#[tokio::test]
async fn what_the_script_decides_is_a_warning() {
    let mut request = script(&json!([{ "text": "hi" }]));
    request.sampling.max_output_tokens = Some(1);
    request.ext.set("local", "speed", 2);
    let response = answer(request).await.unwrap();
    assert_eq!(
        (response.text().as_str(), fields(&response.warnings)),
        ("hi", vec!["ext.local", "sampling.max_output_tokens"])
    );
}

#[tokio::test]
async fn a_script_that_is_missing_or_wrong_is_refused() {
    let refused = async |request: ChatRequest, words: &str| {
        let error: Error = answer(request).await.unwrap_err();
        assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some("ext.local.script")));
        assert!(error.message().contains(words), "{error}");
    };
    refused(ChatRequest::new("script").with_user("hi"), "set script of the provider \"fake\"").await;
    refused(script(&json!(["stop"])), "step 1: unknown variant `stop`").await;
    refused(script(&json!({ "fail_first": 1 })), "needs a memory").await;
}

#[tokio::test]
async fn an_empty_script_is_an_empty_answer() {
    let response = answer(script(&Value::Array(Vec::new()))).await.unwrap();
    assert!(response.message.content.is_empty());
    assert_eq!(response.finish.reason, FinishReason::Stop);
}

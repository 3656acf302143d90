//! `POST /v1/responses` over real HTTP: the same engine behind the other of OpenAI's protocols.

use serde_json::{Value, json};

use super::Running;
use crate::http::{Answer, post};

impl Running {
    async fn respond(&self, body: &Value) -> Answer {
        post(&format!("{}/v1/responses", self.url), body.to_string()).await
    }
}

/// The events of a stream, each under its own name.
fn events(answer: &Answer) -> Vec<Value> {
    let events = answer.body.split("\n\n").filter(|event| event.starts_with("event: "));
    events
        .map(|event| {
            let (name, data) = event.split_once('\n').unwrap();
            let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
            data
        })
        .collect()
}

#[tokio::test]
async fn answers_a_response_and_says_who_answered() {
    let gateway = Running::start().await;
    let answer = gateway.respond(&json!({"model": "local/echo", "input": "one two three"})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = answer.json();
    assert_eq!((&body["object"], &body["status"]), (&json!("response"), &json!("completed")));
    let item = &body["output"][0];
    assert!(item["id"].as_str().is_some_and(|id| id.starts_with("msg_")), "{body}");
    assert_eq!((&item["type"], &item["role"]), (&json!("message"), &json!("assistant")));
    assert_eq!(item["content"][0]["text"], "one two three");
    assert_eq!(body["usage"]["total_tokens"], 6);
    assert_eq!((answer.header("x-llm-target"), answer.header("x-llm-attempts")), ("local/echo", "1"));
}

#[tokio::test]
async fn streams_an_answer_whose_last_event_is_whole() {
    let gateway = Running::start().await;
    let asked = json!({"model": "local/echo", "stream": true, "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "one two three"}]}]});
    let answer = gateway.respond(&asked).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/event-stream"));
    let events = events(&answer);
    let text: String = events
        .iter()
        .filter(|it| it["type"] == "response.output_text.delta")
        .map(|it| it["delta"].as_str().unwrap())
        .collect();
    assert_eq!(text, "one two three");
    assert_eq!(events[0]["type"], "response.created");
    let last = events.last().unwrap();
    assert_eq!(last["type"], "response.completed");
    assert_eq!(last["response"]["output"][0]["content"][0]["text"], "one two three");
    assert_eq!(last["response"]["id"], events[0]["response"]["id"]);
}

#[tokio::test]
async fn a_failure_after_the_first_words_ends_as_failed_and_never_as_completed() {
    let gateway = Running::start().await;
    for model in ["local/late-error", "local/cut"] {
        let answer = gateway.respond(&json!({"model": model, "stream": true, "input": "hi"})).await;
        assert_eq!(answer.status, 200);
        let events = events(&answer);
        let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert!(!kinds.contains(&"response.completed"), "{model}: {kinds:?}");
        assert_eq!(kinds[kinds.len() - 2..], ["error", "response.failed"], "{model}");
        assert_eq!(events.last().unwrap()["response"]["status"], "failed");
    }
}

#[tokio::test]
async fn a_failure_before_the_first_words_falls_over_unseen() {
    let gateway = Running::start().await;
    let answer = gateway.respond(&json!({"model": "backed-up", "stream": true, "input": "one two"})).await;
    assert_eq!(answer.header("x-llm-target"), "local/echo");
    assert_eq!(events(&answer).last().unwrap()["type"], "response.completed");
}

#[tokio::test]
async fn what_only_the_vendor_has_is_not_passed_over() {
    let gateway = Running::start().await;
    let refused = |answer: Answer, param: &str| {
        assert_eq!((answer.status, &answer.json()["error"]["param"]), (400, &json!(param)), "{}", answer.body);
    };
    let asked = json!({"model": "local/echo", "input": "go on", "previous_response_id": "resp_1"});
    refused(gateway.respond(&asked).await, "previous_response_id");
    refused(gateway.respond(&json!({"model": "local/echo", "input": "x", "background": true})).await, "background");
    refused(gateway.respond(&json!({"model": "local/echo", "Input": "x", "input": "y"})).await, "Input");
    refused(gateway.respond(&json!({"model": "local/echo"})).await, "input");
    refused(gateway.respond(&json!({"input": [{"role": "root", "content": "x"}]})).await, "input[0].role");
}

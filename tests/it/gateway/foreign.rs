//! Fields that a client wrote in the form of one protocol, and the answering target speaks another.

use llm_gateway::ServerConfig;
use llm_testkit::emulator::Emulator;
use serde_json::{Value, json};

use super::Running;
use super::disconnect::clients_of;
use crate::http::post_with;

const FOREIGN: [&str; 5] = ["audio", "logit_bias", "max_tokns", "modalities", "web_search_options"];

fn body(model: &str, stream: bool) -> Value {
    json!({
        "model": model, "stream": stream, "messages": [{"role": "user", "content": "hello"}],
        "logit_bias": {"5": 1}, "modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"},
        "web_search_options": {}, "max_tokns": 50,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_a_target_has_no_place_for_are_named_and_not_sent() {
    let emulator = Emulator::start().await.unwrap();
    let gateway = Running::with(clients_of(&emulator), ServerConfig::default()).await;
    for model in ["anthropic/echo", "ollama/echo"] {
        for stream in [false, true] {
            let answer = gateway.chat(body(model, stream)).await;
            let warnings = answer.header("x-llm-warnings");
            assert_eq!(answer.status, 200, "{}", answer.body);
            assert!(FOREIGN.iter().all(|name| warnings.contains(&format!("{name}: "))), "{model}: {warnings}");
        }
    }
    for call in emulator.requests_to("echo") {
        assert!(FOREIGN.iter().all(|name| call.body.get(*name).is_none()), "{}", call.body);
    }
    let answer = gateway.chat(body("openai/echo", false)).await;
    assert!(answer.header("x-llm-warnings").is_empty(), "{:?}", answer.headers);
    let sent = &emulator.requests_to("echo").pop().unwrap().body;
    assert_eq!((&sent["max_tokns"], &sent["logit_bias"]), (&json!(50), &json!({"5": 1})), "its own protocol's");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_strict_mode_nothing_is_left_out() {
    let emulator = Emulator::start().await.unwrap();
    let gateway = Running::with(clients_of(&emulator), ServerConfig::default()).await;
    let url = format!("{}/v1/chat/completions", gateway.url);
    let strict = [("x-llm-strict", "on")];
    let refused = post_with(&url, &strict, body("anthropic/echo", false).to_string()).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    let error = &refused.json()["error"];
    assert!(FOREIGN.contains(&error["param"].as_str().unwrap()), "{error}");
    assert_eq!(emulator.count("echo"), 0);
    let taken = post_with(&url, &strict, body("openai/echo", false).to_string()).await;
    assert_eq!(taken.status, 200, "{}", taken.body);
}

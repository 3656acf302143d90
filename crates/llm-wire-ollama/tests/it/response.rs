//! What a whole answer becomes.

use llm_core::{ChatResponse, Error, ErrorKind, FinishReason, MediaData, PartKind};
use llm_wire_ollama::{API, chat};
use serde_json::{Value, json};

use crate::support::origin;

fn decode(body: &Value) -> Result<ChatResponse, Error> {
    chat::decode_response(body.to_string().as_bytes(), &origin())
}

fn answer(message: &Value) -> ChatResponse {
    decode(&json!({
        "model": "qwen3:8b", "created_at": "2026-07-30T14:17:15.968759871Z", "message": message,
        "done": true, "done_reason": "stop",
    }))
    .unwrap()
}

#[test]
fn counts_and_timings_are_usage() {
    let response = decode(&json!({
        "model": "qwen3:8b", "created_at": "2026-07-30T14:17:15.968759871Z",
        "message": { "role": "assistant", "content": "OK", "thinking": "Say OK." },
        "done": true, "done_reason": "length",
        "total_duration": 2_759_051_201u64, "prompt_eval_count": 67, "eval_count": 40, "eval_duration": 12.5,
    }))
    .unwrap();
    assert_eq!((response.usage.input, response.usage.output, response.usage.cache_read), (Some(67), Some(40), None));
    assert_eq!(
        Value::Object(response.usage.extra.clone()),
        json!({ "total_duration": 2_759_051_201u64, "eval_duration": 12.5 })
    );
    assert_eq!((response.text().as_str(), response.message.reasoning().as_deref()), ("OK", Some("Say OK.")));
    assert_eq!((response.finish.reason, response.finish.raw.as_deref()), (FinishReason::Length, Some("length")));
    assert_eq!((response.model.as_deref(), response.created), (Some("qwen3:8b"), Some(1_785_421_035)));
    assert_eq!(response.message.origin, Some(origin()));
    assert!(response.ext.is_empty());
}

#[test]
fn absent_counts_are_unknown_not_zero() {
    let response = answer(&json!({ "role": "assistant", "content": "x" }));
    assert!(response.usage.is_unknown() && response.usage.extra.is_empty());
}

#[test]
fn calls_keep_their_arguments_and_get_ids() {
    let body = r#"{"model":"m","message":{"role":"assistant","content":"","tool_calls":[
        {"function":{"name":"a","arguments":{"z": 1.50, "a":[]},"index":0}},
        {"id":"call_x","type":"function","function":{"name":"b","arguments":null}},
        {"function":{"name":"c"}},
        {"function":{"name":"d","arguments":"{\"quoted\":true}"},"thought_signature":"s"},
        {"function":{"name":"e","arguments":"{\"cut\":"}}]},"done":true,"done_reason":"stop"}"#;
    let response = chat::decode_response(body.as_bytes(), &origin()).unwrap();
    let calls: Vec<_> =
        response.message.tool_calls().map(|call| (&*call.id, &*call.name, &*call.arguments, call.truncated)).collect();
    assert_eq!(
        calls,
        [
            ("call_0", "a", "{\"z\": 1.50, \"a\":[]}", false),
            ("call_x", "b", "{}", false),
            ("call_2", "c", "{}", false),
            ("call_3", "d", "{\"quoted\":true}", false),
            ("call_4", "e", "{\"cut\":", true),
        ]
    );
    assert_eq!(response.finish.reason, FinishReason::ToolCalls);
    assert_eq!(response.message.content[3].ext.value(API, "thought_signature"), Some(&json!("s")));
    assert_eq!(response.message.content.len(), 5, "no empty text part");
}

#[test]
fn unknown_fields_are_kept() {
    let response = decode(&json!({
        "model": "m", "message": { "role": "assistant", "content": "x", "novel": 1 }, "done": true,
        "logprobs": [{ "token": "x", "logprob": -0.1 }], "remote_host": "https://ollama.com",
    }))
    .unwrap();
    assert_eq!(
        json!(response.ext),
        json!({ "ollama": {
            "logprobs": [{ "token": "x", "logprob": -0.1 }], "remote_host": "https://ollama.com",
            "message": { "novel": 1 },
        } })
    );
    assert_eq!((response.finish.reason.as_str(), response.finish.raw), ("unknown", None));
}

#[test]
fn images_are_media_and_broken_ones_are_kept() {
    let response = answer(&json!({ "role": "assistant", "content": "", "images": ["R0lGODlh", "?"] }));
    match &response.message.content[0].kind {
        PartKind::Media(media) => {
            assert_eq!(media.media_type, "image/gif");
            assert!(matches!(&media.data, MediaData::Inline { bytes } if &bytes[..] == b"GIF89a"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(response.ext.value(API, "message"), Some(&json!({ "images": ["?"] })));
}

#[test]
fn null_fields_are_absent_fields() {
    let response = decode(&json!({
        "model": null, "created_at": null, "done_reason": null, "prompt_eval_count": null, "error": null,
        "message": { "role": null, "content": null, "thinking": null, "tool_calls": null, "images": null },
    }))
    .unwrap();
    assert!(response.message.content.is_empty() && response.model.is_none() && response.ext.is_empty());
}

#[test]
fn what_is_no_answer_is_an_error() {
    let kind = |body: &str| chat::decode_response(body.as_bytes(), &origin()).unwrap_err().kind();
    assert_eq!(kind("<html>"), ErrorKind::Malformed);
    assert_eq!(kind("{}"), ErrorKind::Malformed);
    assert_eq!(kind(r#"{"message":{"content":7}}"#), ErrorKind::Malformed);
    assert_eq!(kind(r#"{"message":{"content":"half"},"done":false}"#), ErrorKind::Truncated);
    assert_eq!(kind(r#"{"error":"llama runner process has terminated"}"#), ErrorKind::Server);
    assert_eq!(
        kind(r#"{"error":{"message":"prompt too long; exceeded max context length by 9 tokens"}}"#),
        ErrorKind::ContextLength
    );
    let error = chat::decode_response(br#"{"message":{"content":["SECRET"]}}"#, &origin()).unwrap_err();
    assert!(!format!("{error:?}").contains("SECRET"));
}

#[test]
fn a_cut_off_call_is_not_shown_to_clients() {
    let mut response = answer(&json!({ "content": "", "tool_calls": [{ "function": { "name": "f" } }] }));
    if let PartKind::ToolCall(call) = &mut response.message.content[0].kind {
        call.truncated = true;
    }
    let body: Value = serde_json::from_slice(&chat::encode_response(&response)).unwrap();
    assert_eq!(body["message"], json!({ "role": "assistant", "content": "" }));
}

#[test]
fn the_continuation_of_a_prompt_is_an_answer_too() {
    let said = json!({"model": "m", "created_at": "2026-07-30T14:17:18Z", "response": "OK", "thinking": "So.",
        "done": true, "done_reason": "length", "context": [1, 2], "prompt_eval_count": 67, "eval_count": 40});
    let answer = chat::decode_response(said.to_string().as_bytes(), &origin()).unwrap();
    assert_eq!((answer.text(), answer.message.reasoning()), ("OK".into(), Some("So.".into())));
    assert_eq!((answer.usage.input, answer.finish.reason), (Some(67), llm_core::FinishReason::Length));
    assert!(answer.ext.is_empty(), "the tokens are not kept");
}

#[test]
fn an_answer_is_worth_more_than_its_timings() {
    let response = decode(&json!({
        "model": "m", "message": { "role": "assistant", "content": "OK" }, "done": true, "done_reason": "stop",
        "total_duration": "1.2s", "load_duration": null, "prompt_eval_count": 12.0, "eval_count": "4",
    }))
    .unwrap();
    assert_eq!((response.text().as_str(), response.usage.input, response.usage.output), ("OK", Some(12), Some(4)));
    assert!(response.usage.extra.is_empty());
}

//! Answers: what the vendor says becomes a response, and what it says wrong an error.

use llm_core::{ErrorKind, PartKind, Visibility};
use llm_wire_bedrock::converse;
use serde_json::{Value, json};

use crate::origin;

fn decode(body: &Value) -> Result<llm_core::ChatResponse, llm_core::Error> {
    converse::decode_response(body.to_string().as_bytes(), &origin())
}

fn answer(content: &Value) -> llm_core::ChatResponse {
    decode(&json!({"output": {"message": {"role": "assistant", "content": content}}, "stopReason": "end_turn"}))
        .unwrap()
}

#[test]
fn tools_of_the_vendor_are_kept_and_are_no_calls_for_the_client() {
    let content = json!([
        {"toolUse": {"toolUseId": "t", "name": "nova_grounding", "input": {"query": "q"}, "type": "server_tool_use"}},
        {"toolResult": {"toolUseId": "t", "type": "nova_grounding_result", "status": "success", "content": [{"text": "[HIDDEN]"}]}},
        {"text": "words"},
        {"citationsContent": {"citations": [{"location": {"web": {"url": "https://a.test/", "domain": "a.test"}}}]}},
        {"text": "."},
    ]);
    let response = answer(&content);
    assert_eq!((response.text().as_str(), response.message.tool_calls().count()), ("words.", 0));
    assert_eq!(response.finish.reason.as_str(), "stop");
    let PartKind::Opaque { kind, data } = &response.message.content[0].kind else { panic!() };
    assert_eq!((kind.as_str(), data), ("bedrock-converse.toolUse", &content[0]));
    let PartKind::Text { citations, .. } = &response.message.content[3].kind else { panic!() };
    assert_eq!(citations[0].source, "https://a.test/");
    let back: Value = serde_json::from_slice(&converse::encode_response(&response)).unwrap();
    assert_eq!(back["output"]["message"]["content"], content);
}

#[test]
fn a_call_for_the_client_keeps_its_text_and_loses_the_word_that_is_not_taken_back() {
    let response =
        answer(&json!([{"toolUse": {"toolUseId": "t", "name": "n", "input": {"b": 1, "a": 2}, "type": "tool_use"}}]));
    assert_eq!(response.finish.reason.as_str(), "tool_calls");
    let part = &response.message.content[0];
    assert!(part.ext.is_empty());
    let PartKind::ToolCall(call) = &part.kind else { panic!() };
    assert_eq!((call.id.as_str(), call.name.as_str()), ("t", "n"));
}

#[test]
fn reasoning_is_readable_signed_or_redacted() {
    let response = answer(&json!([
        {"reasoningContent": {"reasoningText": {"text": "hm"}}},
        {"reasoningContent": {"reasoningText": {"text": "so", "signature": "s=="}}},
        {"reasoningContent": {"redactedContent": "cmVk"}},
    ]));
    assert_eq!(response.message.reasoning().as_deref(), Some("hmso"));
    let parts = &response.message.content;
    assert_eq!((parts[0].signature.as_deref(), parts[1].signature.as_deref()), (None, Some("s==")));
    let PartKind::Reasoning { encrypted, visibility, .. } = &parts[2].kind else { panic!() };
    assert_eq!((encrypted.as_deref(), *visibility), (Some("cmVk"), Visibility::Redacted));
}

#[test]
fn what_is_not_known_survives_and_what_is_broken_does_not_fail_the_rest() {
    let content = json!([{"tomorrow": {"x": 1}}, {"text": 7}, {"image": {"format": "avif", "source": {"bytes": "eA=="}}}, {"text": "a"}]);
    let response = answer(&content);
    assert_eq!((response.text().as_str(), response.message.content.len()), ("a", 4));
    let back: Value = serde_json::from_slice(&converse::encode_response(&response)).unwrap();
    assert_eq!(back["output"]["message"]["content"], content);
}

#[test]
fn an_error_in_a_good_answer_is_an_error_and_nonsense_is_malformed() {
    let error = decode(&json!({"message": "Too many requests", "__type": "ThrottlingException"})).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::RateLimited, Some("ThrottlingException")));
    assert_eq!(decode(&json!({"message": "odd"})).unwrap_err().kind(), ErrorKind::Server);
    assert_eq!(decode(&json!({"hello": "world"})).unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(decode(&json!([1])).unwrap_err().kind(), ErrorKind::Malformed);
    let error = decode(&json!({"output": {"message": {"content": "secret"}}})).unwrap_err();
    assert!(!error.message().contains("secret"), "{error}");
}

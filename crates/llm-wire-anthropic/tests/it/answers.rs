//! Whole answers, both ways.

use std::sync::Arc;

use llm_core::{
    ChatResponse, Citation, ErrorKind, Finish, FinishReason, Media, Message, Origin, Part, PartKind, Role, Usage,
    Visibility,
};
use llm_wire_anthropic::{API, messages};
use serde_json::{Value, json};

pub(crate) fn origin() -> Arc<Origin> {
    Arc::new(Origin::new(API, "anthropic", "claude-test"))
}

fn decode(body: &Value) -> ChatResponse {
    messages::decode_response(body.to_string().as_bytes(), &origin()).unwrap()
}

fn answer() -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-test-20260101",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "sig"},
            {"type": "redacted_thinking", "data": "enc"},
            {"type": "text", "text": "Let me look.", "citations": [{"type": "web_search_result_location",
                "url": "https://a.test", "title": "A", "cited_text": "words", "encrypted_index": "e"}]},
            {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}},
            {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}, "caller": {"type": "direct"}},
            {"type": "compaction", "content": "summary"}
        ],
        "stop_reason": "tool_use", "stop_sequence": null, "container": {"id": "c"},
        "usage": {"input_tokens": 10, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 500,
            "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10},
            "output_tokens": 40, "output_tokens_details": {"thinking_tokens": 7}, "service_tier": "standard",
            "inference_geo": "eu", "server_tool_use": {"web_search_requests": 1}}
    })
}

#[test]
fn every_block_becomes_a_part_in_its_place() {
    let response = decode(&answer());
    assert_eq!((response.id.as_deref(), response.model.as_deref()), (Some("msg_1"), Some("claude-test-20260101")));
    assert_eq!(response.text(), "Let me look.");
    assert_eq!(response.message.reasoning().as_deref(), Some("hm"));
    assert_eq!(response.message.origin, Some(origin()));
    let parts = &response.message.content;
    assert_eq!(parts.len(), 7);
    assert_eq!(parts[0].signature.as_deref(), Some("sig"));
    assert!(
        matches!(&parts[1].kind, PartKind::Reasoning { visibility: Visibility::Redacted, encrypted: Some(data), .. }
        if data == "enc")
    );
    let PartKind::Text { citations, .. } = &parts[2].kind else { panic!("{:?}", parts[2]) };
    assert_eq!((citations[0].source.as_str(), citations[0].quote.as_deref()), ("https://a.test", Some("words")));
    for (at, kind) in [(3, "server_tool_use"), (4, "web_search_tool_result"), (6, "compaction")] {
        assert!(matches!(&parts[at].kind, PartKind::Opaque { kind: k, .. } if *k == format!("anthropic.{kind}")));
    }
    assert_eq!(parts[5].ext.value(API, "caller"), Some(&json!({"type": "direct"})));
    assert_eq!(response.ext.value(API, "container"), Some(&json!({"id": "c"})));
    assert_eq!(response.finish, Finish::new(FinishReason::ToolCalls, "tool_use"));
}

#[test]
fn input_counts_include_the_cache_and_what_has_no_field_is_kept() {
    let response = decode(&answer());
    let usage = response.usage;
    assert_eq!((usage.input, usage.cache_read, usage.cache_write), (Some(540), Some(500), Some(30)));
    assert_eq!((usage.cache_write_1h, usage.output, usage.reasoning), (Some(10), Some(40), Some(7)));
    assert_eq!(usage.extra["inference_geo"], "eu");
    assert_eq!(usage.extra["server_tool_use"], json!({"web_search_requests": 1}));
    assert_eq!(response.service_tier.as_deref(), Some("standard"));
}

#[test]
fn what_was_not_reported_is_not_zero() {
    let body = json!({"content": [], "stop_reason": "end_turn", "usage": {"input_tokens": null, "cache_read_input_tokens": null}});
    assert_eq!(decode(&body).usage, Usage::default());
    assert_eq!(decode(&json!({"content": [], "stop_reason": "end_turn"})).usage, Usage::default());
}

#[test]
fn an_answer_is_written_as_it_was_read() {
    let response = decode(&answer());
    let body: Value = serde_json::from_slice(&messages::encode_response(&response)).unwrap();
    assert_eq!(body, answer());
}

#[test]
fn argument_text_is_not_touched() {
    let body = br#"{"content":[{"type":"tool_use","id":"a","name":"f","input":{"z": 1.0, "a": 1e400}}],"stop_reason":"tool_use"}"#;
    let response = messages::decode_response(body, &origin()).unwrap();
    assert_eq!(response.message.tool_calls().next().unwrap().arguments, r#"{"z": 1.0, "a": 1e400}"#);
    let written = String::from_utf8(messages::encode_response(&response)).unwrap();
    assert!(written.contains(r#""input":{"z": 1.0, "a": 1e400}"#));
}

#[test]
fn an_answer_without_content_is_an_answer() {
    let response = decode(&json!({"id": "m", "content": [], "stop_reason": "end_turn", "usage": {"output_tokens": 3}}));
    assert_eq!((response.text().as_str(), response.finish.reason), ("", FinishReason::Stop));
    let response = decode(&json!({"content": null, "stop_reason": "refusal"}));
    assert_eq!(response.finish.reason, FinishReason::Refusal);
}

#[test]
fn blocks_that_are_not_what_they_say_do_not_fail_the_answer() {
    let response =
        decode(&json!({"content": [{"type": "text"}, {"type": "image"}, 12, {"new": 1}], "stop_reason": "end_turn"}));
    let kinds = response.message.content.iter().map(|part| match &part.kind {
        PartKind::Opaque { kind, .. } => kind.as_str(),
        other => panic!("{other:?}"),
    });
    let kinds = kinds.collect::<Vec<_>>();
    assert_eq!(kinds, ["anthropic.text", "anthropic.image", "anthropic.unknown", "anthropic.unknown"]);
}

#[test]
fn what_is_no_answer_is_an_error() {
    let kind = |body: &[u8]| messages::decode_response(body, &origin()).unwrap_err();
    assert_eq!(kind(b"<html>Bad gateway</html>").kind(), ErrorKind::Malformed);
    assert_eq!(kind(b"{}").kind(), ErrorKind::Malformed);
    assert_eq!(kind(b"").kind(), ErrorKind::Malformed);
    let error =
        kind(br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}"#);
    assert_eq!(
        (error.kind(), error.code(), error.status()),
        (ErrorKind::Overloaded, Some("overloaded_error"), Some(200))
    );
    assert_eq!(error.request_id(), Some("req_1"));
}

#[test]
fn another_vendors_answer_is_told_in_this_protocol() {
    let citation = |source: &str| Citation { source: source.into(), quote: Some("q".into()), ..Citation::default() };
    let text = PartKind::Text { text: "so".into(), citations: vec![citation("https://a.test"), citation("book")] };
    let parts = vec![
        Part::reasoning("hm"),
        Part::new(text),
        Part::new(PartKind::Refusal { text: "no".into() }),
        Part::tool_call("call_1", "f", r#"{"a": "#),
        Part::media(Media::inline("image/png", "x")),
        Part::opaque("openai-responses.reasoning", json!({})),
    ];
    let origin = Arc::new(Origin::new("openai-chat", "openai", "gpt"));
    let finish = Finish::new(FinishReason::Length, "length");
    let mut response = ChatResponse::new(origin, Message::new(Role::Assistant, parts), finish);
    response.usage = Usage::new(5, 6);
    response.usage.cache_read = Some(2);
    let body: Value = serde_json::from_slice(&messages::encode_response(&response)).unwrap();
    assert_eq!(
        body,
        json!({"id": "msg_unknown", "type": "message", "role": "assistant", "model": "gpt",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": ""},
                {"type": "text", "text": "so", "citations": [
                    {"type": "web_search_result_location", "url": "https://a.test", "title": null, "encrypted_index": "",
                        "cited_text": "q"},
                    {"type": "char_location", "document_index": 0, "document_title": "book", "start_char_index": 0,
                        "end_char_index": 0, "cited_text": "q"}]},
                {"type": "text", "text": "no"},
                {"type": "tool_use", "id": "call_1", "name": "f", "input": {}}],
            "stop_reason": "max_tokens", "stop_sequence": null,
            "usage": {"input_tokens": 3, "cache_read_input_tokens": 2, "output_tokens": 6}})
    );
}

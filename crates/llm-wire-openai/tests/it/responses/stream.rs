//! Streams of vendors, with what they do to them.

use llm_core::{ErrorKind, Event, FinishReason, PartKind, Visibility};
use serde_json::{Value, json};

use super::events;
use crate::support::{body, collect};

/// CR LF, a comment, an event without its name, characters of two to four bytes, escapes, `[DONE]` behind the end.
const BODY: &str = concat!(
    ": keep-alive\r\n\r\n",
    "event: response.created\r\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"created_at\":5,\"model\":\"m-1\",\"output\":[]}}\r\n\r\n",
    "data: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[]}}\n\n",
    "data: {\"type\":\"response.reasoning_summary_text.delta\",\"item_id\":\"rs_1\",\"output_index\":0,\"summary_index\":0,\"delta\":\"Denk „ 東京 🌦\\n\"}\n\n",
    "data: {\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"type\":\"reasoning\",\"id\":\"rs_1\",\"encrypted_content\":\"abc\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"Denk „ 東京 🌦\\n\"}]}}\n\n",
    "data: {\"type\":\"response.output_item.added\",\"output_index\":1,\"item\":{\"type\":\"message\",\"id\":\"msg_1\",\"role\":\"assistant\",\"content\":[]}}\n\n",
    "data: {\"type\":\"response.content_part.added\",\"item_id\":\"msg_1\",\"output_index\":1,\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\"}}\n\n",
    "data: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"output_index\":1,\"content_index\":0,\"delta\":\"Größe \\u00e4 \\\"x\\\" 🌤\",\"obfuscation\":\"kX2\"}\n\n",
    "data: {\"type\":\"response.output_item.done\",\"output_index\":1,\"item\":{\"type\":\"message\",\"id\":\"msg_1\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"Größe ä \\\"x\\\" 🌤\"}]}}\n\n",
    "data: {\"type\":\"response.output_item.added\",\"output_index\":2,\"item\":{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"c1\",\"name\":\"f\",\"arguments\":\"\"}}\n\n",
    "data: {\"type\":\"response.function_call_arguments.delta\",\"item_id\":\"fc_1\",\"output_index\":2,\"delta\":\"{\\\"ci\"}\n\n",
    "event: response.function_call_arguments.delta\nid: 7\ndata: {\"type\":\"response.function_call_arguments.delta\",\"item_id\":\"fc_1\",\"output_index\":2,\"delta\":\"ty\\\":\\\"Bern\\\"}\"}\n\n",
    "data: {\"type\":\"response.output_item.done\",\"output_index\":2,\"item\":{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"c1\",\"name\":\"f\",\"status\":\"completed\",\"arguments\":\"{\\\"city\\\":\\\"Bern\\\"}\"}}\n\n",
    "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"status\":\"completed\",\"output\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":2}}}\n\n",
);

#[test]
fn every_split_gives_the_same_events() {
    let body = [BODY, "data: [DONE]\n\n"].concat();
    let body = body.as_bytes();
    let (whole, error) = events([body]);
    assert!(error.is_none(), "{error:?}");
    assert!(whole.len() > 10);
    for at in 1..body.len() {
        let (split, error) = events([&body[..at], &body[at..]]);
        assert!(error.is_none() && split == whole, "split after byte {at}");
    }
    for size in [1, 2, 3, 7] {
        assert_eq!(events(body.chunks(size)).0, whole, "pieces of {size}");
    }
}

#[test]
fn a_body_that_is_cut_is_never_a_whole_answer() {
    let body = BODY.trim_end().as_bytes();
    for end in 0..body.len() {
        let (_, error) = events([&body[..end]]);
        assert!(error.is_some(), "cut after byte {end}");
    }
}

#[test]
fn the_answer_is_put_together_from_events() {
    let response = collect(events([BODY.as_bytes()]).0);
    assert_eq!((response.id.as_deref(), response.model.as_deref()), (Some("resp_1"), Some("m-1")));
    assert_eq!(response.text(), "Größe ä \"x\" 🌤");
    assert_eq!(response.finish.reason, FinishReason::ToolCalls);
    let [thought, words, call] = &response.message.content[..] else { panic!("{:?}", response.message.content) };
    assert!(matches!(&thought.kind, PartKind::Reasoning { visibility: Visibility::Summary, .. }));
    assert_eq!(thought.signature.as_deref(), Some("abc"));
    let item = words.ext.value("openai-responses", "message");
    assert_eq!(item, Some(&json!({"id": "msg_1", "status": "completed"})));
    assert!(matches!(&call.kind, PartKind::ToolCall(call) if call.arguments == r#"{"city":"Bern"}"#));
    assert_eq!(response.usage.input, Some(3));
}

fn answered(all: &[Value]) -> llm_core::ChatResponse {
    let body = body(all, false);
    let (events, error) = events([body.as_bytes()]);
    assert!(error.is_none(), "{error:?}");
    collect(events)
}

fn created() -> Value {
    json!({"type": "response.created", "response": {"id": "r", "model": "m"}})
}

fn completed() -> Value {
    json!({"type": "response.completed", "response": {"id": "r", "status": "completed", "output": []}})
}

#[test]
fn what_no_delta_said_comes_with_the_end_of_its_item() {
    let message = json!({"type": "message", "id": "msg_1", "role": "assistant", "content": [
        {"type": "output_text", "text": "all at once", "annotations": [{"type": "url_citation", "url": "u"}]}]});
    let call = json!({"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{\"a\":1}"});
    let response = answered(&[
        created(),
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "role": "assistant"}}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": message}),
        json!({"type": "response.output_item.added", "output_index": 1,
            "item": {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": ""}}),
        json!({"type": "response.output_item.done", "output_index": 1, "item": call}),
        completed(),
    ]);
    assert_eq!(response.text(), "all at once");
    assert!(matches!(&response.message.content[0].kind, PartKind::Text { citations, .. } if citations.len() == 1));
    assert_eq!(response.message.tool_calls().next().map(|call| call.arguments.as_str()), Some("{\"a\":1}"));

    let only_the_end = answered(&[json!({"type": "response.completed", "response": {"id": "r", "model": "m",
        "status": "completed", "output": [message, call]}})]);
    assert_eq!((only_the_end.id.as_deref(), only_the_end.text()), (Some("r"), "all at once".to_owned()));
    assert_eq!(only_the_end.finish.reason, FinishReason::ToolCalls);
}

#[test]
fn words_that_nobody_announced_are_words() {
    let response = answered(&[
        json!({"type": "response.reasoning_text.delta", "item_id": "a", "output_index": 0, "delta": "hm"}),
        json!({"type": "response.output_text.delta", "item_id": "b", "output_index": 1, "content_index": 0, "delta": "hi"}),
        completed(),
    ]);
    assert_eq!((response.message.reasoning().as_deref(), response.text()), (Some("hm"), "hi".to_owned()));
}

#[test]
fn steps_of_the_vendors_tools_are_kept_and_told() {
    let item = json!({"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}});
    let body = body(
        &[
            created(),
            json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "web_search_call", "id": "ws_1"}}),
            json!({"type": "response.web_search_call.searching", "output_index": 0, "item_id": "ws_1"}),
            json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
            json!({"type": "keepalive"}),
            completed(),
        ],
        false,
    );
    let (events, error) = events([body.as_bytes()]);
    assert!(error.is_none(), "{error:?}");
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Unknown { kind, .. } => Some(kind.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        ["openai-responses.response.output_item.added", "openai-responses.response.web_search_call.searching"]
    );
    assert!(events.iter().any(|event| matches!(event, Event::Ping)));
    let response = collect(events);
    let [part] = &response.message.content[..] else { panic!("one part") };
    assert_eq!(part.kind, PartKind::Opaque { kind: "openai-responses.web_search_call".into(), data: item });
}

#[test]
fn errors_inside_a_stream_are_errors() {
    let kind = |last: Value| {
        let body = body(&[created(), last], false);
        let (_, error) = events([body.as_bytes()]);
        let error = error.expect("an error");
        (error.kind(), error.message().to_owned(), error.code().map(str::to_owned))
    };
    let top = json!({"type": "error", "code": "rate_limit_exceeded", "message": "Slow down", "param": null});
    assert_eq!(kind(top), (ErrorKind::RateLimited, "Slow down".into(), Some("rate_limit_exceeded".into())));
    let nested = json!({"type": "error", "error": {"type": "invalid_request_error", "code": "context_length_exceeded",
        "message": "Too long"}});
    assert_eq!(kind(nested), (ErrorKind::ContextLength, "Too long".into(), Some("context_length_exceeded".into())));
    let failed = json!({"type": "response.failed", "response": {"id": "r", "status": "failed",
        "error": {"code": "server_error", "message": "It broke"}}});
    assert_eq!(kind(failed), (ErrorKind::Server, "It broke".into(), Some("server_error".into())));
    let silent = json!({"type": "response.failed", "response": {"id": "r", "status": "failed", "error": null}});
    assert_eq!(kind(silent).0, ErrorKind::Server);
}

#[test]
fn an_answer_at_its_limit_marks_the_call_that_was_cut() {
    let response = answered(&[
        created(),
        json!({"type": "response.output_item.added", "output_index": 0,
            "item": {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": ""}}),
        json!({"type": "response.function_call_arguments.delta", "output_index": 0, "delta": "{\"a\":"}),
        json!({"type": "response.incomplete", "response": {"id": "r", "status": "incomplete",
            "incomplete_details": {"reason": "max_output_tokens"}, "output": []}}),
    ]);
    assert_eq!(response.finish.reason, FinishReason::Length);
    assert!(response.message.tool_calls().next().unwrap().truncated);
}

#[test]
fn a_custom_tools_call_is_free_text() {
    let response = answered(&[
        created(),
        json!({"type": "response.output_item.added", "output_index": 0,
            "item": {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c", "name": "sh", "input": ""}}),
        json!({"type": "response.custom_tool_call_input.delta", "output_index": 0, "delta": "ls {"}),
        json!({"type": "response.output_item.done", "output_index": 0,
            "item": {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c", "name": "sh", "input": "ls {"}}),
        completed(),
    ]);
    let call = response.message.tool_calls().next().unwrap();
    assert_eq!((call.arguments.as_str(), call.truncated), ("ls {", false));
    assert_eq!(response.message.content[0].ext.value("openai-chat", "type"), Some(&json!("custom")));
}

#[test]
fn an_end_without_the_text_of_an_open_part_ends_the_part() {
    let body = concat!(
        "data: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"m\",\"content\":[]}}\n\n",
        "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"content_index\":0,\"delta\":\"said\"}\n\n",
        "data: {\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"m\",\"content\":[7]}}\n\n",
        "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n",
    );
    let (events, error) = events([body.as_bytes()]);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(collect(events).text(), "said");
}

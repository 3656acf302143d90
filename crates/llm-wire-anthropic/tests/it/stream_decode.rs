//! From the vendor's stream to events.

use http::HeaderMap;
use llm_core::{ErrorKind, Event, FinishReason, PartId, PartKind};
use llm_wire::{EventQueue, Frame, StreamDecoder};
use llm_wire_anthropic::{API, messages};
use serde_json::{Value, json};

use crate::answers::origin;
use crate::transcripts::{answer, block, end, events, everything, read, read_pieces, sse, start, text, whole};

#[test]
fn one_of_everything_becomes_parts_in_their_places() {
    let response = answer(events(&everything()));
    assert_eq!((response.id.as_deref(), response.model.as_deref()), (Some("msg_1"), Some("claude-test-1")));
    assert_eq!(response.text(), "line\n\"quoted\" \\ 世界");
    assert_eq!(response.message.reasoning().as_deref(), Some("Größe \"und\" 🦀"));
    let parts = &response.message.content;
    assert_eq!(parts.len(), 8);
    assert_eq!(parts[0].signature.as_deref(), Some("c2ln"));
    assert!(matches!(&parts[1].kind, PartKind::Reasoning { encrypted: Some(data), .. } if data == "enc"));
    assert!(matches!(&parts[2].kind, PartKind::Text { citations, .. } if citations[0].source == "facts.txt"));
    let opaque = |at: usize| match &parts[at].kind {
        PartKind::Opaque { kind, data } => (kind.as_str(), data.clone()),
        other => panic!("{other:?}"),
    };
    let used = json!({"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "q"}});
    assert_eq!(opaque(3), ("anthropic.server_tool_use", used));
    assert_eq!(opaque(7), ("anthropic.compaction", json!({"type": "compaction", "content": "summary"})));
    let calls: Vec<_> =
        response.message.tool_calls().map(|call| (call.name.as_str(), call.arguments.as_str())).collect();
    assert_eq!(calls, [("f", r#"{"city": "Paris"}"#), ("now", "{}")]);
    assert_eq!((response.usage.input, response.usage.cache_read, response.usage.output), (Some(15), Some(5), Some(20)));
    assert_eq!(response.finish.reason, FinishReason::ToolCalls);
}

#[test]
fn every_split_of_the_bytes_gives_the_same_events() {
    let stream = everything();
    let expected = events(&stream);
    for at in 0..=stream.len() {
        let (head, tail) = stream.as_bytes().split_at(at);
        assert_eq!(read_pieces([head, tail]).0, expected, "split at {at}");
    }
    let crlf = stream.replace('\n', "\r\n");
    assert_eq!(read_pieces(crlf.as_bytes().chunks(1)).0, expected);
}

#[test]
fn a_stream_cut_anywhere_is_truncated() {
    let stream = everything();
    let frames: Vec<&str> = stream.split_inclusive("\n\n").collect();
    for length in 0..frames.len() {
        let (events, result) = read(&frames[..length].concat());
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Truncated, "after {length} frames");
        assert!(!events.iter().any(|event| matches!(event, Event::Finish(_))));
    }
}

#[test]
fn a_stream_is_the_same_as_a_whole_answer() {
    let streamed = answer(events(&everything()));
    let body = messages::encode_response(&streamed);
    let unary = messages::decode_response(&body, &origin()).unwrap();
    assert_eq!(streamed, unary);
}

#[test]
fn usage_is_replaced_and_never_added() {
    let stream = |first: Value, last: Value| {
        let mut begin = start();
        begin["message"]["usage"] = first;
        let mut events = vec![begin];
        events.extend(text(0, &["a"]));
        events.push(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": last}));
        events.push(json!({"type": "message_stop"}));
        answer(self::events(&sse(&events))).usage
    };
    let usage = stream(json!({"input_tokens": 10, "output_tokens": 88}), json!({"output_tokens": 90}));
    assert_eq!((usage.input, usage.output), (Some(10), Some(90)));
    // Server tools make the input grow; gateways know it only at the end.
    let usage = stream(
        json!({"input_tokens": 10, "cache_read_input_tokens": 1, "output_tokens": 1}),
        json!({"input_tokens": 2000, "cache_read_input_tokens": 500, "output_tokens": 9, "server_tool_use": {"n": 1}}),
    );
    assert_eq!((usage.input, usage.cache_read, usage.output), (Some(2500), Some(500), Some(9)));
    assert_eq!(usage.extra["server_tool_use"], json!({"n": 1}));
    let usage = stream(
        json!({"input_tokens": 0, "output_tokens": 0, "cache_creation": null}),
        json!({"input_tokens": 32, "cache_read_input_tokens": null, "output_tokens": 16, "service_tier": null}),
    );
    assert_eq!((usage.input, usage.cache_read, usage.output), (Some(32), None, Some(16)));
    let usage = stream(json!({"input_tokens": null, "output_tokens": null}), json!({"output_tokens": 3}));
    assert_eq!((usage.input, usage.output), (None, Some(3)));
}

#[test]
fn arguments_that_were_cut_off_mark_their_call() {
    let pieces = [json!({"type": "input_json_delta", "partial_json": "{\"city\": \"Par"})];
    let call = json!({"type": "tool_use", "id": "t", "name": "f", "input": {}});
    let response = answer(events(&whole(block(0, call, &pieces), "max_tokens")));
    let call = response.message.tool_calls().next().unwrap();
    assert!(call.truncated);
    assert_eq!((call.arguments.as_str(), &response.finish.reason), ("{\"city\": \"Par", &FinishReason::Length));
}

#[test]
fn arguments_may_come_whole_with_the_start() {
    let call = json!({"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}, "caller": {"type": "direct"}});
    let response = answer(events(&whole(block(0, call, &[]), "tool_use")));
    let call = response.message.tool_calls().next().unwrap();
    assert_eq!((call.arguments.as_str(), call.truncated), (r#"{"a":1}"#, false));
    assert_eq!(response.message.content[0].ext.value(API, "caller"), Some(&json!({"type": "direct"})));
}

#[test]
fn an_error_inside_the_stream_is_an_error_of_its_class() {
    let check = |kind: &str, class| {
        let error = json!({"type": "error", "error": {"type": kind, "message": "Overloaded"}, "request_id": "req_1"});
        let mut events = vec![start()];
        events.extend(text(0, &["so far"]));
        events.push(error);
        let (before, result) = read(&sse(&events));
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.message(), error.request_id()), (class, "Overloaded", Some("req_1")));
        assert!(before.iter().any(Event::is_content));
    };
    check("overloaded_error", ErrorKind::Overloaded);
    check("api_error", ErrorKind::Server);
    check("rate_limit_error", ErrorKind::RateLimited);
    check("invalid_request_error", ErrorKind::InvalidRequest);
    check("error_of_tomorrow", ErrorKind::Server);
}

#[test]
fn an_error_may_come_without_a_name_or_as_bare_json() {
    let class = |stream: &str| read(stream).1.unwrap_err().kind();
    assert_eq!(class("data: {\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}\n\n"), ErrorKind::Overloaded);
    assert_eq!(class("{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"m\"}}"), ErrorKind::Server);
    assert_eq!(class("data: {\"error\":\"broken\"}\n\n"), ErrorKind::Server);
}

#[test]
fn a_whole_answer_in_place_of_a_stream_is_taken() {
    let body = json!({"id": "msg_1", "type": "message", "model": "m", "stop_reason": "end_turn",
        "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "so"}],
        "usage": {"input_tokens": 1, "output_tokens": 2}});
    let streamed = answer(events(&body.to_string()));
    let unary = messages::decode_response(body.to_string().as_bytes(), &origin()).unwrap();
    assert_eq!(streamed, unary);
    let mut cut = body;
    cut["stop_reason"] = Value::Null;
    assert_eq!(read(&format!("data: {cut}\n\n")).1.unwrap_err().kind(), ErrorKind::Truncated);
}

#[test]
fn markers_of_other_protocols_and_names_that_lie_are_ignored() {
    let stream = whole(text(0, &["a", "", "b"]), "end_turn").replace("event: content_block_delta", "event: data");
    let response = answer(events(&format!("{stream}event: data\ndata: [DONE]\n\n")));
    assert_eq!(response.text(), "ab");
    let nameless: String =
        stream.lines().filter(|line| !line.starts_with("event:")).map(|line| format!("{line}\n")).collect();
    assert_eq!(answer(events(&nameless)).text(), "ab");
}

#[test]
fn unknown_events_deltas_and_words_are_kept() {
    let mut stream = vec![json!({"type": "heartbeat", "n": 1}), start()];
    let mut blocks = text(0, &["a"]);
    blocks
        .insert(1, json!({"type": "content_block_delta", "index": 0, "delta": {"type": "mood_delta", "mood": "good"}}));
    stream.extend(blocks);
    stream.push(json!({"type": "progress", "index": "first", "delta": "none"}));
    stream.push(json!({"type": "message_delta", "delta": {"stop_reason": "bored", "container": {"id": "c"}},
        "context_management": {"applied_edits": []}, "usage": {"output_tokens": 1}}));
    stream.push(json!({"type": "message_stop"}));
    let events = events(&sse(&stream));
    let unknown = events.iter().filter_map(|event| match event {
        Event::Unknown { kind, .. } => Some(kind.as_str()),
        _ => None,
    });
    let unknown = unknown.collect::<Vec<_>>();
    assert_eq!(unknown, ["heartbeat", "mood_delta", "progress"]);
    let response = answer(events);
    assert_eq!(response.finish.reason, FinishReason::Other("bored".into()));
    assert_eq!(response.ext.value(API, "container"), Some(&json!({"id": "c"})));
    assert_eq!(response.ext.value(API, "context_management"), Some(&json!({"applied_edits": []})));
}

#[test]
fn blocks_that_were_never_closed_are_closed_at_the_end() {
    let mut stream = vec![start()];
    let mut open = text(0, &["a"]);
    open.pop();
    stream.extend(open);
    stream.extend(end("end_turn"));
    assert_eq!(answer(events(&sse(&stream))).text(), "a");
}

#[test]
fn what_breaks_the_protocol_is_malformed_and_shows_nothing_of_the_body() {
    let check = |data: &str| {
        let stream = format!("{}event: x\ndata: {data}\n\n", sse(&[start()]));
        let error = read(&stream).1.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{data}");
        assert!(!error.message().contains("secret"), "{error}");
    };
    check("secret");
    check("{\"type\": \"secret");
    check(r#"{"type":"content_block_start","index":0}"#);
    check(r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"secret"}}"#);
    check(r#"{"type":"content_block_delta","index":"secret"}"#);
    check(r#"{"type":"content_block_delta","index":0}"#);
}

#[test]
fn headers_are_told_with_the_start() {
    let mut headers = HeaderMap::new();
    headers.insert("request-id", "req_1".parse().unwrap());
    headers.insert("anthropic-ratelimit-requests-remaining", "49".parse().unwrap());
    headers.insert("anthropic-ratelimit-tokens-remaining", "1000".parse().unwrap());
    let mut decoder = messages::Decoder::new(origin(), Vec::new()).with_headers(&headers);
    let mut queue = EventQueue::default();
    decoder.frame(Frame::data(start().to_string().as_bytes()), &mut queue).unwrap();
    let Some(Event::Start(start)) = queue.pop() else { panic!("no start") };
    assert_eq!(start.request_id.as_deref(), Some("req_1"));
    let limits = start.rate_limits.unwrap();
    assert_eq!((limits.requests_remaining, limits.tokens_remaining), (Some(49), Some(1000)));
}

#[test]
fn parts_are_numbered_by_us_and_pings_are_told() {
    let mut blocks = text(7, &["a"]);
    blocks.extend(text(7, &["b"]));
    let events = events(&whole(blocks, "end_turn"));
    assert!(events.contains(&Event::Ping));
    assert!(events.contains(&Event::TextDelta { part: PartId(1), text: "b".into() }));
    assert_eq!(answer(events).text(), "ab");
}

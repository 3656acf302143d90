//! What a stream becomes, piece by piece and broken.

use llm_core::{ErrorKind, Event, FinishReason, PartId, PartKind, ToolCall};
use llm_wire::{EventQueue, Frame, StreamDecoder};
use llm_wire_ollama::chat::{self, Decoder};
use serde_json::json;

use crate::support::{collect, events, origin};

const STREAM: &str = concat!(
    r#"{"model":"qwen3:8b","created_at":"2026-08-04T19:58:15.1Z","message":{"role":"assistant","content":"","thinking":"Hm, \"größer\""},"done":false}"#,
    "\n",
    r#"{"model":"qwen3:8b","created_at":"2026-08-04T19:58:15.2Z","message":{"role":"assistant","content":"","thinking":"…"},"done":false}"#,
    "\n\r\n",
    r#"{"model":"qwen3:8b","created_at":"2026-08-04T19:58:15.3Z","message":{"role":"assistant","content":"Ok"},"done":false,"logprobs":[{"token":"Ok"}]}"#,
    "\r\n",
    r#"{"model":"qwen3:8b","created_at":"2026-08-04T19:58:15.4Z","message":{"role":"assistant","content":" 😊\n"},"done":false,"logprobs":[{"token":" 😊"}]}"#,
    "\n",
    r#"{"model":"qwen3:8b","created_at":"2026-08-04T19:58:15.5Z","message":{"role":"assistant","content":"","tool_calls":[{"id":"call_a","function":{"index":0,"name":"weather","arguments":{"city": "Tokyo"}}},{"function":{"index":1,"name":"now","arguments":{}}}]},"done":false}"#,
    "\n",
    r#"{"model":"qwen3:8b","created_at":"2026-08-04T19:58:15.6Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":5645304708,"prompt_eval_count":307,"eval_count":308}"#,
    "\n",
);

#[test]
fn pieces_of_every_kind_become_parts_in_order() {
    let (events, error) = events([STREAM.as_bytes()]);
    assert!(error.is_none());
    let response = collect(events);
    assert_eq!(response.message.reasoning().as_deref(), Some("Hm, \"größer\"…"));
    assert_eq!(response.text(), "Ok 😊\n");
    let kinds: Vec<_> = response.message.content.iter().map(|part| &part.kind).collect();
    assert!(matches!(
        kinds[..],
        [PartKind::Reasoning { .. }, PartKind::Text { .. }, PartKind::ToolCall(_), PartKind::ToolCall(_)]
    ));
    let calls: Vec<ToolCall> = response.message.tool_calls().cloned().collect();
    assert_eq!((&*calls[0].id, &*calls[0].arguments), ("call_a", "{\"city\": \"Tokyo\"}"));
    assert_eq!((&*calls[1].id, &*calls[1].name), ("call_1", "now"));
    // The server says stop in the last line, which has no call in it.
    assert_eq!((response.finish.reason, response.finish.raw.as_deref()), (FinishReason::ToolCalls, Some("stop")));
    assert_eq!((response.usage.input, response.usage.output), (Some(307), Some(308)));
    assert_eq!(response.model.as_deref(), Some("qwen3:8b"));
    assert_eq!(json!(response.ext), json!({ "ollama": { "logprobs": [{ "token": "Ok" }, { "token": " 😊" }] } }));
}

#[test]
fn every_byte_boundary_gives_the_same_events() {
    let (whole, _) = events([STREAM.as_bytes()]);
    for at in 0..=STREAM.len() {
        let (head, tail) = STREAM.as_bytes().split_at(at);
        let (split, error) = events([head, tail]);
        assert!(error.is_none() && split == whole, "split at byte {at}");
    }
    let (single, error) = events(STREAM.as_bytes().chunks(1));
    assert!(error.is_none() && single == whole);
}

#[test]
fn a_stream_without_its_end_is_truncated() {
    let last = STREAM.trim_end().rfind('\n').unwrap();
    for at in 0..=last {
        let (_, error) = events([&STREAM.as_bytes()[..at]]);
        // Inside a line the JSON is broken, which the shell around the decoder reports as truncated too.
        assert!(matches!(error.unwrap().kind(), ErrorKind::Truncated | ErrorKind::Malformed), "cut at byte {at}");
    }
    let lines: Vec<usize> = STREAM.match_indices('\n').map(|(at, _)| at + 1).filter(|at| *at <= last).collect();
    for at in lines {
        assert_eq!(events([&STREAM.as_bytes()[..at]]).1.unwrap().kind(), ErrorKind::Truncated);
    }
    // The newline behind the last line is no part of it.
    assert!(events([STREAM.trim_end().as_bytes()]).1.is_none());
}

#[test]
fn an_error_line_ends_the_stream() {
    let check = |line: &str, kind: ErrorKind, message: &str| {
        let body = format!("{}\n{line}\n", STREAM.lines().next().unwrap());
        let (events, error) = events([body.as_bytes()]);
        let error = error.unwrap();
        assert_eq!((error.kind(), error.message()), (kind, message));
        assert!(events.iter().any(Event::is_content), "what came before is kept");
    };
    check(
        r#"{"error":"an error was encountered while running the model"}"#,
        ErrorKind::Server,
        "an error was encountered while running the model",
    );
    check(
        r#"{"error":"server busy, please try again.  maximum pending requests exceeded"}"#,
        ErrorKind::Overloaded,
        "server busy, please try again.  maximum pending requests exceeded",
    );
    check(r#"{"error":{"message":"inner","code":500}}"#, ErrorKind::Server, "inner");
}

#[test]
fn an_error_in_the_first_line_comes_before_any_event() {
    let (events, error) = events([b"{\"error\":\"boom\"}\n".as_slice()]);
    assert!(events.is_empty());
    assert_eq!(error.unwrap().message(), "boom");
}

#[test]
fn nothing_is_read_behind_the_end() {
    let body = format!("{STREAM}{{\"error\":\"late\"}}\n");
    let (events, error) = events([body.as_bytes()]);
    assert!(error.is_none());
    assert!(matches!(events.last(), Some(Event::Finish(_))));
}

#[test]
fn a_line_without_a_message_is_passed_on() {
    let body = "{\"status\":\"pulling manifest\"}\n{\"message\":{\"content\":\"x\"},\"done\":true}\n";
    let (events, error) = events([body.as_bytes()]);
    assert!(error.is_none());
    assert!(
        matches!(&events[1], Event::Unknown { kind, data } if kind == "ollama.line" && *data == json!({ "status": "pulling manifest" }))
    );
    assert_eq!(collect(events).text(), "x");
}

#[test]
fn the_start_says_what_headers_and_encoding_said() {
    let mut headers = http::HeaderMap::new();
    headers.insert("x-request-id", "req-7".parse().unwrap());
    let warning = llm_core::Warning::Other { message: "w".to_owned() };
    let mut decoder = Decoder::new(origin(), vec![warning.clone()]).with_headers(&headers);
    let mut queue = EventQueue::default();
    decoder.frame(Frame::data(STREAM.lines().next().unwrap().as_bytes()), &mut queue).unwrap();
    let Some(Event::Start(start)) = queue.pop() else { panic!("no start") };
    assert_eq!((start.request_id.as_deref(), start.warnings), (Some("req-7"), vec![warning]));
    assert_eq!(start.created, Some(1_785_873_495));
    assert!(matches!(queue.pop(), Some(Event::PartStart { part: PartId(0), .. })));
}

#[test]
fn a_stream_and_a_whole_answer_are_the_same() {
    let streamed = collect(events([STREAM.as_bytes()]).0);
    let whole = json!({
        "model": "qwen3:8b", "created_at": "2026-08-04T19:58:15.1Z",
        "message": { "role": "assistant", "content": "Ok 😊\n", "thinking": "Hm, \"größer\"…", "tool_calls": [
            { "id": "call_a", "function": { "index": 0, "name": "weather", "arguments": { "city": "Tokyo" } } },
            { "function": { "index": 1, "name": "now", "arguments": {} } },
        ] },
        "done": true, "done_reason": "stop", "total_duration": 5_645_304_708u64, "prompt_eval_count": 307, "eval_count": 308,
        "logprobs": [{ "token": "Ok" }, { "token": " 😊" }],
    });
    let mut whole = chat::decode_response(whole.to_string().as_bytes(), &origin()).unwrap();
    for part in &mut whole.message.content {
        if let PartKind::ToolCall(call) = &mut part.kind {
            call.arguments = call.arguments.replace("\":\"", "\": \"");
        }
    }
    assert_eq!(streamed, whole);
}

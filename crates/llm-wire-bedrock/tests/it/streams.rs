//! Converse's stream: any pieces of it give the same, a cut gives an error, and so does an exception.

use llm_core::{ErrorKind, Event, PartKind};
use llm_wire::aws_event_stream::{AwsEventStreamParser, AwsHeaderValue, decode_message, encode_message};
use llm_wire::{EventQueue, StreamDecoder, StreamEncoder};
use llm_wire_bedrock::converse;
use serde_json::{Value, json};

use crate::origin;

fn message(name: &str, payload: &Value) -> Vec<u8> {
    let header = if name.ends_with("Exception") { (":exception-type", "exception") } else { (":event-type", "event") };
    let headers =
        [(header.0, name), (":message-type", header.1)].map(|(name, value)| (name, AwsHeaderValue::Text(value)));
    encode_message(&headers, payload.to_string().as_bytes()).unwrap()
}

fn frames() -> Vec<Vec<u8>> {
    let index = |number: u32, delta: Value| json!({"contentBlockIndex": number, "delta": delta, "p": "abc"});
    vec![
        message("messageStart", &json!({"role": "assistant"})),
        message(
            "contentBlockStart",
            &json!({"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "s", "name": "nova_grounding", "type": "server_tool_use"}}}),
        ),
        message("contentBlockDelta", &index(0, json!({"toolUse": {"input": "{\"query\":\"q\"}"}}))),
        message("contentBlockStop", &json!({"contentBlockIndex": 0})),
        message(
            "contentBlockStart",
            &json!({"contentBlockIndex": 1, "start": {"toolResult": {"toolUseId": "s", "status": "success", "type": "r"}}}),
        ),
        message("contentBlockDelta", &index(1, json!({"toolResult": [{"text": "[HIDDEN]"}]}))),
        message("contentBlockStop", &json!({"contentBlockIndex": 1})),
        message("contentBlockDelta", &index(2, json!({"reasoningContent": {"text": "hm"}}))),
        // The same number, another kind of block.
        message("contentBlockDelta", &index(2, json!({"text": "Grüße "}))),
        message("contentBlockDelta", &index(2, json!({"text": "🏔"}))),
        message("contentBlockDelta", &index(2, json!({"citation": {"location": {"web": {"url": "https://a.test/"}}}}))),
        message("contentBlockDelta", &index(2, json!({"tomorrow": 1}))),
        message("contentBlockStop", &json!({"contentBlockIndex": 2})),
        message(
            "contentBlockStart",
            &json!({"contentBlockIndex": 3, "start": {"toolUse": {"toolUseId": "t", "name": "now"}}}),
        ),
        message("contentBlockStop", &json!({"contentBlockIndex": 3})),
        message("messageStop", &json!({"stopReason": "tool_use", "additionalModelResponseFields": {"x": 1}})),
        message(
            "metadata",
            &json!({"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}, "metrics": {"latencyMs": 4}}),
        ),
    ]
}

/// The events of a body in pieces, and the class of the error at its end.
fn decoded<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Option<ErrorKind>) {
    let (mut parser, mut decoder) = (AwsEventStreamParser::new(), converse::Decoder::new(origin(), Vec::new()));
    let (mut queue, mut events, mut error) = (EventQueue::default(), Vec::new(), None);
    'all: for piece in pieces {
        parser.push(bytes::Bytes::copy_from_slice(piece));
        while let Some(message) = parser.next_message() {
            if let Err(failed) = decode_message(message.unwrap(), &mut decoder, &mut queue) {
                error = Some(failed.kind());
                break 'all;
            }
        }
    }
    if error.is_none() {
        error = decoder.end(&mut queue).err().map(|error| error.kind());
    }
    while let Some(event) = queue.pop() {
        events.push(event);
    }
    (events, error)
}

fn collected(events: Vec<Event>) -> llm_core::ChatResponse {
    let mut accumulator = llm_core::Accumulator::default();
    for event in events {
        accumulator.push(event).unwrap();
    }
    accumulator.finish().unwrap()
}

#[test]
fn a_stream_says_all_that_is_in_it() {
    let body = frames().concat();
    let (events, error) = decoded([body.as_slice()]);
    assert_eq!(error, None);
    assert!(events.iter().any(|event| matches!(event, Event::Unknown { .. })));
    let response = collected(events);
    assert_eq!((response.text().as_str(), response.message.reasoning().as_deref()), ("Grüße 🏔", Some("hm")));
    assert_eq!(response.finish.reason.as_str(), "tool_calls");
    let call = response.message.tool_calls().next().unwrap();
    assert_eq!((call.id.as_str(), call.arguments.as_str()), ("t", "{}"));
    let PartKind::Opaque { kind, data } = &response.message.content[0].kind else { panic!() };
    assert_eq!(kind, "bedrock-converse.toolUse");
    assert_eq!(data["toolUse"]["input"], json!({"query": "q"}));
    let PartKind::Opaque { data, .. } = &response.message.content[1].kind else { panic!() };
    assert_eq!(data["toolResult"]["content"], json!([{"text": "[HIDDEN]"}]));
    assert_eq!(response.usage.total(), Some(5));
    assert_eq!(response.ext.value("bedrock-converse", "additionalModelResponseFields"), Some(&json!({"x": 1})));

    // The same goes out again, but for what this version does not know.
    let mut encoder = converse::Encoder::new();
    let mut again = Vec::new();
    decoded([body.as_slice()]).0.iter().for_each(|event| encoder.event(event, &mut again));
    assert_eq!(collected(decoded([again.as_slice()]).0).message, response.message);
}

#[test]
fn any_pieces_give_the_same_events() {
    let body = frames().concat();
    let whole = decoded([body.as_slice()]);
    for at in 1..body.len() {
        let (first, second) = body.split_at(at);
        assert_eq!(decoded([first, second]), whole, "split after {at} bytes");
    }
    assert_eq!(decoded(body.chunks(1)), whole);
}

#[test]
fn a_stream_that_is_cut_after_any_frame_is_no_success() {
    let frames = frames();
    for kept in 0..frames.len() {
        let body = frames[..kept].concat();
        let (events, error) = decoded([body.as_slice()]);
        assert_eq!(error, Some(ErrorKind::Truncated), "after {kept} frames");
        assert!(!events.iter().any(|event| matches!(event, Event::Finish(_))));
    }
}

#[test]
fn an_exception_has_its_class_wherever_it_comes() {
    for (name, text, kind) in [
        ("throttlingException", "Too many tokens, please wait before trying again.", ErrorKind::RateLimited),
        ("throttlingException", "Too many tokens per day", ErrorKind::QuotaExhausted),
        ("modelStreamErrorException", "", ErrorKind::Server),
        ("modelTimeoutException", "too slow", ErrorKind::Server),
        ("internalServerException", "oops", ErrorKind::Server),
        ("serviceUnavailableException", "no capacity", ErrorKind::Overloaded),
        ("validationException", "bad", ErrorKind::InvalidRequest),
        ("tomorrowException", "rate limit exceeded", ErrorKind::Server),
    ] {
        for before in [0, 1, 9, frames().len() - 1] {
            let mut all = frames()[..before].to_vec();
            all.push(message(name, &json!({ "message": text })));
            assert_eq!(decoded([all.concat().as_slice()]).1, Some(kind), "{name} after {before} frames");
        }
    }
}

#[test]
fn an_error_of_ours_is_an_exception_that_reads_as_the_same_class() {
    for kind in [ErrorKind::RateLimited, ErrorKind::Overloaded, ErrorKind::Server, ErrorKind::ContextLength] {
        let mut out = Vec::new();
        let error = llm_core::Error::new(kind, "what happened");
        converse::Encoder::new().error(&error, &mut out);
        assert_eq!(decoded([out.as_slice()]).1, Some(kind));
        let (status, body) = llm_wire_bedrock::encode_error(&error);
        let mut headers = http::HeaderMap::new();
        headers.insert("x-amzn-errortype", llm_wire_bedrock::error::error_type(&error).parse().unwrap());
        let response = llm_wire::ErrorResponse { status, headers, body: body.into(), received_at: None };
        assert_eq!(llm_wire_bedrock::decode_error(&response).kind(), kind);
    }
}

#[test]
fn a_delta_behind_the_stop_leaves_no_part_open() {
    let late = json!({"contentBlockIndex": 0, "delta": {"text": "late"}});
    let body = [
        message("messageStart", &json!({"role": "assistant"})),
        message("messageStop", &json!({"stopReason": "end_turn"})),
        message("contentBlockDelta", &late),
        message("metadata", &json!({"usage": {"inputTokens": 1, "outputTokens": 1}})),
    ];
    let (events, error) = decoded([body.concat().as_slice()]);
    assert_eq!((collected(events).text().as_str(), error), ("late", None));
}

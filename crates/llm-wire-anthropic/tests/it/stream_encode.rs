//! From events to the vendor's stream.

use std::sync::Arc;

use llm_core::{
    Citation, Error, ErrorKind, Event, Extensions, Finish, FinishReason, Media, Origin, Part, PartId, PartKind,
    StreamFinish, StreamStart, Usage,
};
use llm_wire::StreamEncoder;
use llm_wire_anthropic::{API, messages};
use serde_json::{Value, json};

use crate::grammar;
use crate::transcripts::{answer, events, everything, read, write};

const A: PartId = PartId(0);
const B: PartId = PartId(1);
const C: PartId = PartId(2);

fn foreign_start() -> Event {
    let mut start = StreamStart::new(Arc::new(Origin::new("openai-chat", "openai", "gpt")));
    start.id = Some("chatcmpl-1".into());
    Event::Start(Box::new(start))
}

fn open(part: PartId, kind: PartKind) -> Event {
    Event::PartStart { part, candidate: 0, shell: Box::new(kind) }
}

fn close(part: PartId) -> Event {
    Event::PartEnd { part, truncated: false, ext: None }
}

fn text(part: PartId, text: &str) -> Event {
    Event::TextDelta { part, text: text.into() }
}

fn json_piece(part: PartId, json: &str) -> Event {
    Event::ArgumentsDelta { part, json: json.into() }
}

fn call(id: &str) -> PartKind {
    Part::tool_call(id, "f", "").kind
}

fn finish(reason: FinishReason) -> Event {
    Event::Finish(Box::new(StreamFinish::new(Finish::new(reason, "theirs"), Usage::new(7, 9))))
}

/// The events' names and, for blocks, their numbers.
fn outline(stream: &str) -> Vec<String> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| {
        let event: Value = serde_json::from_str(data).unwrap();
        let index = event.get("index").map(|index| format!(" {index}")).unwrap_or_default();
        format!("{}{index}", event["type"].as_str().unwrap())
    })
    .collect()
}

#[test]
fn the_vendors_own_stream_comes_out_as_it_went_in() {
    let stream = everything();
    let first = events(&stream);
    let written = write(&first);
    grammar::check(&written);
    assert_eq!(answer(events(&written)), answer(first));
}

#[test]
fn a_foreign_stream_obeys_the_grammar() {
    let stream = write(&[
        foreign_start(),
        Event::Ping,
        open(A, Part::reasoning("already ").kind),
        Event::ReasoningDelta { part: A, text: "thinking".into() },
        Event::SignatureDelta { part: A, signature: "s".into() },
        close(A),
        open(B, Part::text("").kind),
        text(B, "words"),
        Event::Citation {
            part: B,
            citation: Box::new(Citation { source: "https://a.test".into(), ..Citation::default() }),
        },
        close(B),
        open(C, call("c")),
        // Gemini signs calls; the protocol has no place for that.
        Event::SignatureDelta { part: C, signature: "gemini's".into() },
        json_piece(C, "{}"),
        close(C),
        Event::Usage(Box::new(Usage::new(7, 9))),
        Event::Unknown { kind: "x".into(), data: json!({"type": "x"}) },
        finish(FinishReason::ToolCalls),
    ]);
    grammar::check(&stream);
    let response = answer(events(&stream));
    assert_eq!((response.id.as_deref(), response.model.as_deref()), (Some("chatcmpl-1"), Some("gpt")));
    assert_eq!(response.message.reasoning().as_deref(), Some("already thinking"));
    assert_eq!(response.message.content[0].signature.as_deref(), Some("s"));
    assert_eq!(response.text(), "words");
    assert_eq!(response.message.tool_calls().count(), 1);
    assert_eq!(response.finish, Finish::new(FinishReason::ToolCalls, "tool_use"));
    assert_eq!((response.usage.input, response.usage.output), (Some(7), Some(9)));
}

#[test]
fn interleaved_parts_are_put_one_behind_the_other() {
    let stream = write(&[
        foreign_start(),
        open(A, call("a")),
        open(B, call("b")),
        open(C, Part::text("").kind),
        json_piece(B, "{\"b\":"),
        text(C, "x"),
        json_piece(A, "{\"a\":1}"),
        json_piece(B, "2}"),
        close(B),
        close(A),
        text(C, "y"),
        close(C),
        finish(FinishReason::ToolCalls),
    ]);
    grammar::check(&stream);
    let response = answer(events(&stream));
    let calls: Vec<_> = response.message.tool_calls().map(|call| (call.id.as_str(), call.arguments.as_str())).collect();
    assert_eq!(calls, [("a", "{\"a\":1}"), ("b", "{\"b\":2}")]);
    assert_eq!(response.text(), "xy");
}

#[test]
fn what_the_protocol_has_no_block_for_leaves_no_gap() {
    let second = Event::PartStart { part: B, candidate: 1, shell: Box::new(Part::text("").kind) };
    let stream = write(&[
        foreign_start(),
        open(A, PartKind::Media(Media::inline("image/png", ""))),
        Event::MediaDelta { part: A, bytes: "png".into() },
        second,
        text(B, "another answer"),
        close(A),
        open(C, Part::text("").kind),
        text(C, "words"),
        close(B),
        close(C),
        open(PartId(3), Part::opaque("openai-responses.reasoning", json!({"type": "reasoning"})).kind),
        close(PartId(3)),
        finish(FinishReason::Stop),
    ]);
    grammar::check(&stream);
    assert_eq!(
        outline(&stream),
        [
            "message_start",
            "content_block_start 0",
            "content_block_delta 0",
            "content_block_stop 0",
            "message_delta",
            "message_stop"
        ]
    );
}

#[test]
fn a_part_left_out_while_another_is_open_leaves_no_trace() {
    let stream = write(&[
        foreign_start(),
        open(A, Part::text("").kind),
        open(B, PartKind::Media(Media::inline("image/png", ""))),
        Event::MediaDelta { part: B, bytes: "png".into() },
        text(A, "words"),
        close(B),
        close(A),
        finish(FinishReason::Stop),
    ]);
    grammar::check(&stream);
    assert_eq!(outline(&stream).len(), 6);
}

#[test]
fn the_start_is_written_with_the_usage_that_follows_it() {
    let mut encoder = messages::Encoder::new();
    let mut out = Vec::new();
    encoder.event(&Event::Ping, &mut out);
    assert_eq!(out, b"event: ping\ndata: {\"type\":\"ping\"}\n\n");
    out.clear();
    encoder.event(&foreign_start(), &mut out);
    assert!(out.is_empty());
    encoder.event(&Event::Usage(Box::new(Usage::new(42, 1))), &mut out);
    let written = String::from_utf8(std::mem::take(&mut out)).unwrap();
    assert!(written.starts_with("event: message_start\n") && written.contains("\"input_tokens\":42"), "{written}");
    encoder.event(&Event::Ping, &mut out);
    assert_eq!(out, b"event: ping\ndata: {\"type\":\"ping\"}\n\n");
}

#[test]
fn a_text_delta_is_the_vendors_to_the_byte() {
    let mut encoder = messages::Encoder::new();
    let mut out = Vec::new();
    encoder.event(&foreign_start(), &mut out);
    encoder.event(&open(A, Part::text("").kind), &mut out);
    out.clear();
    encoder.event(&text(A, "a\n\"b\""), &mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\\n\\\"b\\\"\"}}\n\n"
    );
}

#[test]
fn an_error_is_the_last_word() {
    let mut encoder = messages::Encoder::new();
    let mut out = Vec::new();
    encoder.event(&foreign_start(), &mut out);
    encoder.event(&open(A, Part::text("").kind), &mut out);
    encoder.event(&text(A, "so far"), &mut out);
    encoder.error(&Error::new(ErrorKind::Overloaded, "Overloaded"), &mut out);
    let stream = String::from_utf8(out).unwrap();
    grammar::check(&stream);
    assert_eq!(read(&stream).1.unwrap_err().kind(), ErrorKind::Overloaded);
}

#[test]
fn facts_and_unknown_events_of_the_same_protocol_are_handed_on() {
    let start = StreamStart::new(Arc::new(Origin::new(API, "anthropic", "claude")));
    let mut end = StreamFinish::new(Finish::new(FinishReason::Stop, "stop_sequence"), Usage::new(1, 2));
    end.service_tier = Some("standard".into());
    let mut ext = Extensions::default();
    ext.set(API, "stop_sequence", "END");
    ext.set(API, "context_management", json!({"applied_edits": []}));
    ext.set(API, "stop_details", json!({"category": "c"}));
    end.ext = ext;
    let unknown = |data: Value| Event::Unknown { kind: "x".into(), data };
    let stream = write(&[
        Event::Start(Box::new(start)),
        unknown(json!({"type": "progress", "n": 1})),
        unknown(json!({"type": "bad\n\nevent: message_stop", "n": 1})),
        unknown(json!({"type": "content_block_delta", "index": 4, "delta": {"type": "mood_delta"}})),
        Event::Finish(Box::new(end)),
    ]);
    assert_eq!(outline(&stream), ["message_start", "progress", "message_delta", "message_stop"]);
    let response = answer(events(&stream));
    assert_eq!(response.ext.value(API, "stop_sequence"), Some(&json!("END")));
    assert_eq!(response.service_tier.as_deref(), Some("standard"));
    let delta = stream.lines().find(|line| line.contains("message_delta\"")).unwrap();
    let delta: Value = serde_json::from_str(delta.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(delta["context_management"], json!({"applied_edits": []}));
    assert_eq!(
        delta["delta"],
        json!({"stop_reason": "stop_sequence", "stop_sequence": "END", "stop_details": {"category": "c"}})
    );
}

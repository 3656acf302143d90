//! How often the hot paths allocate. In a binary of its own, because the counter counts the whole process.
#![cfg(test)]

use std::alloc::System;
use std::sync::Arc;

use llm_core::{ChatRequest, Event, Message, Origin};
use llm_wire::{EventQueue, Frame, StreamDecoder, StreamEncoder};
use llm_wire_anthropic::{API, Profile, messages};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Allocations and reallocations of one piece of work.
fn count<T>(work: impl FnOnce() -> T) -> usize {
    let region = Region::new(GLOBAL);
    let result = work();
    let change = region.change();
    drop(result);
    change.allocations + change.reallocations
}

fn origin() -> Arc<Origin> {
    Arc::new(Origin::new(API, "anthropic", "claude-test"))
}

#[test]
fn the_hot_paths_allocate_little() {
    let mut decoder = messages::Decoder::new(origin(), Vec::new());
    let mut queue = EventQueue::default();
    let frame = |decoder: &mut messages::Decoder, queue: &mut EventQueue, data: &str| {
        decoder.frame(Frame { name: None, data: data.as_bytes() }, queue).unwrap();
        std::iter::from_fn(|| queue.pop()).last()
    };
    let start =
        r#"{"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":1,"output_tokens":1}}}"#;
    frame(&mut decoder, &mut queue, start);
    let block = r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
    frame(&mut decoder, &mut queue, block);

    let plain = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"some words"}}"#;
    assert!(count(|| frame(&mut decoder, &mut queue, plain)) <= 1, "a plain text delta");
    let escaped =
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a \"word\"\n and ä"}}"#;
    assert!(count(|| frame(&mut decoder, &mut queue, escaped)) <= 3, "a text delta with escapes");

    let mut encoder = messages::Encoder::new();
    let mut out = Vec::with_capacity(4096);
    let event = frame(&mut decoder, &mut queue, plain).unwrap();
    assert!(matches!(event, Event::TextDelta { .. }));
    encoder.event(&Event::Start(Box::new(llm_core::StreamStart::new(origin()))), &mut out);
    encoder.event(
        &Event::PartStart { part: llm_core::PartId(0), candidate: 0, shell: Box::new(llm_core::Part::text("").kind) },
        &mut out,
    );
    assert_eq!(count(|| encoder.event(&event, &mut out)), 0, "writing a text delta");

    let request = ChatRequest::new("claude-test").with_message(Message::system("Be brief.")).with_user("Hello!");
    let profile = Profile::default();
    let encoding = count(|| messages::encode_request(&request, &origin(), false, &profile).unwrap());
    println!("encode {encoding}");
    assert!(encoding <= 10, "encoding a small request: {encoding}");

    let body = br#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-test-1","content":[{"type":"text",
        "text":"Hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2}}"#;
    let target = origin();
    let decoding = count(|| messages::decode_response(body, &target).unwrap());
    println!("decode {decoding}");
    assert!(decoding <= 12, "decoding a small answer: {decoding}");
}

//! Server-sent events: no panic, and every split reads the same.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use llm_wire::{FrameLimits, SseItem, SseParser};

mod split;

fn drain(parser: &mut SseParser, items: &mut Vec<String>) {
    while let Some(item) = parser.next_item() {
        items.push(match item {
            Ok(SseItem::Event(event)) => format!("{event:?}"),
            Ok(SseItem::Comment(text)) => format!("{text:?}"),
            Err(error) => error.to_string(),
        });
    }
}

fn parse(chunks: &[Bytes]) -> Vec<String> {
    let mut parser = SseParser::with_limits(FrameLimits::default().with_line(256).with_event(512));
    let mut items = Vec::new();
    for chunk in chunks {
        parser.push(chunk.clone());
        drain(&mut parser, &mut items);
    }
    parser.finish();
    drain(&mut parser, &mut items);
    items
}

fuzz_target!(|input: &[u8]| split::check(input, parse));

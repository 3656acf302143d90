//! A JSON array that arrives bit by bit: no panic, and every split reads the same.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use llm_wire::{FrameLimits, JsonArrayParser};

mod split;

fn parse(chunks: &[Bytes]) -> Vec<String> {
    let mut parser = JsonArrayParser::with_limits(FrameLimits::default().with_event(512));
    let mut items = Vec::new();
    for chunk in chunks {
        parser.push(chunk.clone());
        while let Some(item) = parser.next_element() {
            items.push(format!("{item:?}"));
        }
    }
    items.push(format!("{:?}", parser.finish()));
    items
}

fuzz_target!(|input: &[u8]| split::check(input, parse));

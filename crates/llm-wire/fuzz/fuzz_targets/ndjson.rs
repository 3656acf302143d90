//! Newline-delimited JSON: no panic, and every split reads the same.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use llm_wire::{FrameLimits, NdjsonParser};

mod split;

fn parse(chunks: &[Bytes]) -> Vec<String> {
    let mut parser = NdjsonParser::with_limits(FrameLimits::default().with_line(256));
    let mut items = Vec::new();
    for chunk in chunks {
        parser.push(chunk.clone());
        while let Some(item) = parser.next_line() {
            items.push(format!("{item:?}"));
        }
    }
    parser.finish();
    while let Some(item) = parser.next_line() {
        items.push(format!("{item:?}"));
    }
    items
}

fuzz_target!(|input: &[u8]| split::check(input, parse));

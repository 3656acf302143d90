//! Server-sent events: what comes out, for every way the bytes may come in.

use std::time::Duration;

use bytes::Bytes;
use llm_wire::{FrameError, FrameLimits, SseItem, SseParser};
use proptest::prelude::*;

use crate::split::{bytes_and_cuts, cut, same_for_every_split};

fn small() -> FrameLimits {
    FrameLimits::default().with_line(64).with_event(100)
}

fn drain(parser: &mut SseParser, items: &mut Vec<String>) {
    while let Some(item) = parser.next_item() {
        items.push(match item {
            Ok(SseItem::Event(event)) => {
                let name = event.name.map(|name| format!("{name} ")).unwrap_or_default();
                let id = event.id.map(|id| format!(" #{id}")).unwrap_or_default();
                format!("{name}<{}>{id}", event.data.escape_ascii())
            }
            Ok(SseItem::Comment(text)) => format!(": {}", text.escape_ascii()),
            Err(error) => format!("! {error:?}"),
        });
    }
}

fn parse(chunks: &[Bytes]) -> Vec<String> {
    parse_with(SseParser::with_limits(small()), chunks)
}

fn parse_unlimited(chunks: &[Bytes]) -> Vec<String> {
    parse_with(SseParser::new(), chunks)
}

fn parse_with(mut parser: SseParser, chunks: &[Bytes]) -> Vec<String> {
    let mut items = Vec::new();
    for chunk in chunks {
        parser.push(chunk.clone());
        drain(&mut parser, &mut items);
    }
    parser.finish();
    drain(&mut parser, &mut items);
    assert_eq!(parser.next_item(), None, "the end is final");
    items
}

/// All chunks are pushed before the first item is taken.
fn parse_late(chunks: &[Bytes]) -> Vec<String> {
    let mut parser = SseParser::with_limits(small());
    let mut items = Vec::new();
    for chunk in chunks {
        parser.push(chunk.clone());
    }
    parser.finish();
    drain(&mut parser, &mut items);
    items
}

#[track_caller]
fn check(input: impl AsRef<[u8]>, expected: &[&str]) {
    assert_eq!(same_for_every_split(input.as_ref(), parse), expected);
    assert_eq!(same_for_every_split(input.as_ref(), parse_late), expected);
}

#[test]
fn events_end_with_a_blank_line() {
    check("data: 1\n\ndata: 2\n\n", &["<1>", "<2>"]);
    check("\n\n\ndata: 1\n\n\n\n", &["<1>"]);
    check("", &[]);
}

#[test]
fn all_three_line_ends_and_mixtures() {
    check("data: a\r\n\r\ndata: b\r\n\r\n", &["<a>", "<b>"]);
    check("data: a\r\rdata: b\r\r", &["<a>", "<b>"]);
    check("data: a\n\r\ndata: b\r\n\n", &["<a>", "<b>"]);
    check("data: a\r\ndata: b\r\n\r\n", &["<a\\nb>"]);
}

#[test]
fn byte_order_mark_only_at_the_start() {
    check("\u{feff}data: a\n\n", &["<a>"]);
    check("\u{feff}\ndata: a\n\n", &["<a>"]);
    check("data: a\n\n\u{feff}data: b\n\n", &["<a>"]);
    check("\u{feff}{\"error\":1}", &["<{\\\"error\\\":1}>"]);
}

#[test]
fn comments_are_items_of_their_own() {
    check(": OPENROUTER PROCESSING\n\n: \n:\ndata: a\n\n", &[": OPENROUTER PROCESSING", ": ", ": ", "<a>"]);
    check("data: a\n: between\ndata: b\n\n", &[": between", "<a\\nb>"]);
}

#[test]
fn many_data_lines_are_joined() {
    check("data: a\ndata:b\ndata:  c\n\n", &["<a\\nb\\n c>"]);
    check("data\n\ndata\ndata\n\ndata:\n\n", &["<>", "<\\n>", "<>"]);
    check("data: {\ndata: \"a\": 1\ndata: }\n\n", &["<{\\n\\\"a\\\": 1\\n}>"]);
}

#[test]
fn names_and_ids() {
    check("event: ping\ndata: {}\n\ndata: 2\n\n", &["ping <{}>", "<2>"]);
    check("event:a\nevent: b\ndata: 1\n\n", &["b <1>"]);
    check("id: 7\ndata: 1\n\ndata: 2\n\nid\ndata: 3\n\n", &["<1> #7", "<2> #7", "<3>"]);
    check("id: 7\nid: a\0b\ndata: 1\n\n", &["<1> #7"]);
    check("event: ping\n\ndata: 1\n\n", &["<1>"]);
}

#[test]
fn unknown_fields_are_ignored() {
    check("foo: bar\nDATA: no\n data: no\nfoo\ndata : no\ndata: 1\n\n", &["<1>"]);
}

#[test]
fn split_and_broken_characters_pass_untouched() {
    check("data: 日本🎈\n\n", &["<\\xe6\\x97\\xa5\\xe6\\x9c\\xac\\xf0\\x9f\\x8e\\x88>"]);
    check(b"event: \xff\ndata: \xff\n\n", &["\u{fffd} <\\xff>"]);
}

#[test]
fn the_last_event_needs_no_blank_line() {
    check("data: 1\n\ndata: 2", &["<1>", "<2>"]);
    check("data: 1\n\ndata: 2\n", &["<1>", "<2>"]);
    check("data: 1\ndata: 2\r", &["<1\\n2>"]);
    check("data: 1\n: bye", &[": bye", "<1>"]);
    check("event: ping\n", &[]);
}

#[test]
fn bare_json_is_an_event() {
    let error = "{\n  \"error\": {\n    \"code\": 503\n  }\n}\n";
    let event = "<{\\n  \\\"error\\\": {\\n    \\\"code\\\": 503\\n  }\\n}>";
    check(error, &[event]);
    check(format!("data: 1\n\n{error}\ndata: 2\n\n"), &["<1>", event, "<2>"]);
    // Inside an event with data it is an unknown field like any other.
    check("data: 1\n{\"a\": 1}\n\n", &["<1>"]);
}

#[test]
fn caps_name_themselves_and_end_the_stream() {
    let line = "x".repeat(65);
    check(&line, &["! LineTooLong { cap: 64 }"]);
    check(format!("data: 1\n\n: {line}\n\ndata: 2\n\n"), &["<1>", "! LineTooLong { cap: 64 }"]);
    check(format!("{}\ndata: 1\n\n", "x".repeat(64)), &["<1>"]);
    let half = "x".repeat(50);
    check(format!("data: {half}\ndata: {half}\n\n"), &["! EventTooLarge { cap: 100 }"]);
    check(format!("data: {half}\ndata: {}\n\n", "x".repeat(49)), &[&format!("<{half}\\n{}>", "x".repeat(49))]);
    assert_eq!(
        FrameError::LineTooLong { cap: 64 }.to_string(),
        "reading a stream: a line exceeds the cap of 64 bytes (FrameLimits.line)"
    );
}

#[test]
fn default_caps_hold_sixteen_mebibytes() {
    let limits = FrameLimits::default();
    assert_eq!((limits.line, limits.event), (16 * 1024 * 1024, 16 * 1024 * 1024));
}

#[test]
fn retry_is_remembered() {
    let cases = [("retry: 1500\n", Some(1500)), ("retry: -1\n", None), ("retry: 1.5\n", None), ("retry:\n", None)];
    for (input, expected) in cases {
        let mut parser = SseParser::new();
        parser.push(input.into());
        assert_eq!(parser.next_item(), None);
        assert_eq!(parser.retry(), expected.map(Duration::from_millis), "{input}");
    }
}

#[test]
fn data_within_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"event: a\ndata: {\"x\":1}\n\ndata: {\"x\":2}\n\n");
    let memory = chunk.as_ptr_range();
    let mut parser = SseParser::new();
    parser.push(chunk.clone());
    let mut events = 0;
    while let Some(item) = parser.next_item() {
        let Ok(SseItem::Event(event)) = item else { panic!("an event") };
        assert!(memory.contains(&event.data.as_ptr()));
        events += 1;
    }
    assert_eq!(events, 2);
}

const WORDS: &[&[u8]] = &[
    b"data: ",
    b"data",
    b"data: x\n\n",
    b"event: ping\n",
    b"id: 1\n",
    b":",
    b": c\n",
    b"\n",
    b"\r",
    b"\r\n",
    b"{",
    b"{\"a\":",
    b"retry: 1\n",
    "\u{feff}".as_bytes(),
    "é".as_bytes(),
    b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];

proptest! {
    #[test]
    fn any_bytes_in_any_split_give_the_same_items((bytes, sizes) in bytes_and_cuts(WORDS)) {
        let whole = parse(&[Bytes::copy_from_slice(&bytes)]);
        let chunks = cut(&bytes, &sizes);
        prop_assert_eq!(parse(&chunks), &whole[..]);
        prop_assert_eq!(parse_late(&chunks), whole);
    }

    #[test]
    fn what_a_server_writes_is_what_comes_out(
        events in prop::collection::vec((prop::option::of("[a-z_.]{1,8}"), prop::collection::vec("[^\r\n]{0,12}", 1..4)), 0..8),
        end in prop::sample::select(&["\n", "\r", "\r\n"][..]),
        sizes in prop::collection::vec(1_usize..24, 1..20),
    ) {
        let (mut wire, mut expected) = (String::new(), Vec::new());
        for (name, lines) in &events {
            if let Some(name) = name {
                wire.extend(["event: ", name, end]);
            }
            for line in lines {
                wire.extend(["data: ", line, end]);
            }
            wire.push_str(end);
            let name = name.as_ref().map(|name| format!("{name} ")).unwrap_or_default();
            expected.push(format!("{name}<{}>", lines.join("\n").as_bytes().escape_ascii()));
        }
        prop_assert_eq!(parse_unlimited(&cut(wire.as_bytes(), &sizes)), expected);
    }
}

//! Newline-delimited JSON: what comes out, for every way the bytes may come in.

use bytes::Bytes;
use llm_wire::{FrameLimits, NdjsonItem, NdjsonParser};
use proptest::prelude::*;

use crate::split::{bytes_and_cuts, cut, same_for_every_split};

fn drain(parser: &mut NdjsonParser, items: &mut Vec<String>) {
    while let Some(item) = parser.next_line() {
        items.push(match item {
            Ok(NdjsonItem::Line(line)) => format!("<{}>", line.escape_ascii()),
            Ok(NdjsonItem::Blank) => "blank".to_owned(),
            Err(error) => format!("! {error:?}"),
        });
    }
}

fn parse(chunks: &[Bytes]) -> Vec<String> {
    let mut parser = NdjsonParser::with_limits(FrameLimits::default().with_line(32));
    let mut items = Vec::new();
    for chunk in chunks {
        parser.push(chunk.clone());
        drain(&mut parser, &mut items);
    }
    parser.finish();
    drain(&mut parser, &mut items);
    assert_eq!(parser.next_line(), None, "the end is final");
    items
}

#[track_caller]
fn check(input: &str, expected: &[&str]) {
    assert_eq!(same_for_every_split(input.as_bytes(), parse), expected);
}

#[test]
fn lines_with_either_end() {
    check("{\"a\":1}\n[2]\r\n3\n", &["<{\\\"a\\\":1}>", "<[2]>", "<3>"]);
    check("", &[]);
}

#[test]
fn blank_lines_are_signs_of_life() {
    check("\n1\n\r\n \t\n2\n", &["blank", "<1>", "blank", "blank", "<2>"]);
}

#[test]
fn a_lone_carriage_return_is_white_space() {
    check("[1,\r2]\n", &["<[1,\\r2]>"]);
}

#[test]
fn the_last_line_needs_no_end() {
    check("1\n{\"done\":true}", &["<1>", "<{\\\"done\\\":true}>"]);
    check("1\n2\r", &["<1>", "<2>"]);
}

#[test]
fn the_cap_ends_the_stream() {
    let long = "x".repeat(33);
    check(&format!("1\n{long}\n2\n"), &["<1>", "! LineTooLong { cap: 32 }"]);
    check(&long, &["! LineTooLong { cap: 32 }"]);
    check(&"x".repeat(32), &[&format!("<{}>", "x".repeat(32))]);
}

#[test]
fn a_line_within_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"{\"a\":1}\n");
    let memory = chunk.as_ptr_range();
    let mut parser = NdjsonParser::new();
    parser.push(chunk.clone());
    let Some(Ok(NdjsonItem::Line(line))) = parser.next_line() else { panic!("a line") };
    assert!(memory.contains(&line.as_ptr()));
}

proptest! {
    #[test]
    fn any_bytes_in_any_split_give_the_same_lines(
        (bytes, sizes) in bytes_and_cuts(&[b"{\"a\":1}\n", b"\n", b"\r\n", b"\r", b" ", b"{", b"xxxxxxxxxxxxxxxxx"]),
    ) {
        let whole = parse(&[Bytes::copy_from_slice(&bytes)]);
        prop_assert_eq!(parse(&cut(&bytes, &sizes)), whole);
    }
}

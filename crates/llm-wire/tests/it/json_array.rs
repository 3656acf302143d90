//! A JSON array that arrives bit by bit: its elements, for every way the bytes may come in.

use bytes::Bytes;
use llm_wire::{FrameLimits, JsonArrayParser};
use proptest::prelude::*;

use crate::split::{bytes_and_cuts, cut, same_for_every_split};

fn parse(chunks: &[Bytes]) -> Vec<String> {
    let mut parser = JsonArrayParser::with_limits(FrameLimits::default().with_event(48));
    let mut items = Vec::new();
    for chunk in chunks {
        parser.push(chunk.clone());
        while let Some(element) = parser.next_element() {
            items.push(match element {
                Ok(element) => format!("<{}>", String::from_utf8_lossy(element)),
                Err(error) => format!("! {error}"),
            });
        }
    }
    if let Err(error) = parser.finish() {
        items.push(format!("! {error}"));
    }
    items
}

#[track_caller]
fn check(input: &str, expected: &[&str]) {
    assert_eq!(same_for_every_split(input.as_bytes(), parse), expected);
}

#[test]
fn elements_of_a_pretty_printed_array() {
    check("[{\n  \"a\": [1, {}]\n}\n,\r\n{\n  \"b\": 2\n}\n]\n", &["<{\n  \"a\": [1, {}]\n}>", "<{\n  \"b\": 2\n}>"]);
    check(" [ ] ", &[]);
}

#[test]
fn brackets_inside_strings_are_text() {
    check(r#"[{"a":"]}\"],\\"},"x,]\\","y"]"#, &[r#"<{"a":"]}\"],\\"}>"#, r#"<"x,]\\">"#, r#"<"y">"#]);
}

#[test]
fn scalars_end_at_a_comma_a_blank_or_the_end() {
    check("[1,-2.5e3 ,true,null]", &["<1>", "<-2.5e3>", "<true>", "<null>"]);
}

#[test]
fn one_object_counts_as_an_array_of_it() {
    check("\n {\"error\":{\"code\":503}}\n", &["<{\"error\":{\"code\":503}}>"]);
}

#[test]
fn an_open_array_is_cut() {
    let cut = "! reading a stream: the body ended inside a json array";
    check("[{\"a\":1},", &["<{\"a\":1}>", cut]);
    check("[{\"a\":1}", &["<{\"a\":1}>", cut]);
    check("[{\"a\":", &[cut]);
    check("{\"a\":", &[cut]);
    check("", &[cut]);
}

#[test]
fn other_bytes_are_refused() {
    check("<html>", &["! reading a json array: the body is neither an array nor an object"]);
    check("[1] x", &["<1>", "! reading a json array: there are bytes after its end"]);
    check("[}", &["! reading a json array: brackets do not match"]);
}

#[test]
fn the_cap_ends_the_stream() {
    let long = "x".repeat(47);
    let error = "! reading a stream: an event exceeds the cap of 48 bytes (FrameLimits.event)";
    check(&format!("[1,\"{long}\",2]"), &["<1>", error]);
    check(&format!("[\"{long}"), &["! reading a stream: the body ended inside a json array"]);
}

proptest! {
    #[test]
    fn any_bytes_in_any_split_give_the_same_elements(
        (bytes, sizes) in bytes_and_cuts(&[b"[", b"]", b"{", b"}", b",", b"\"", b"\\", b" ", b"\n", b"1", b"[{\"a\":\"", b"\"},"]),
    ) {
        let whole = parse(&[Bytes::copy_from_slice(&bytes)]);
        prop_assert_eq!(parse(&cut(&bytes, &sizes)), whole);
    }

    #[test]
    fn elements_of_valid_arrays_parse(values in prop::collection::vec(("[^x]{0,6}", any::<i32>()), 0..6), sizes in prop::collection::vec(1_usize..9, 1..9)) {
        let values: Vec<_> = values.iter().map(|(text, number)| serde_json::json!([text, {"n": number}])).collect();
        let body = serde_json::to_vec_pretty(&values).unwrap();
        let mut parser = JsonArrayParser::new();
        let mut parsed: Vec<serde_json::Value> = Vec::new();
        for chunk in cut(&body, &sizes) {
            parser.push(chunk);
            while let Some(element) = parser.next_element() {
                parsed.push(serde_json::from_slice(element.unwrap()).unwrap());
            }
        }
        prop_assert_eq!(parser.finish(), Ok(()));
        prop_assert_eq!(parsed, values);
    }
}

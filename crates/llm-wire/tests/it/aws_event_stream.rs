//! AWS event stream: messages, their headers and checksums, for every way the bytes may come in.

use bytes::Bytes;
use llm_wire::aws_event_stream::{AwsEventStreamParser, AwsHeaderValue, encode_message};
use proptest::prelude::*;

use crate::split::{bytes_and_cuts, cut, same_for_every_split};

fn parse(chunks: &[Bytes]) -> Vec<String> {
    let mut parser = AwsEventStreamParser::with_cap(1024);
    let mut items = Vec::new();
    for chunk in chunks {
        parser.push(chunk.clone());
        while let Some(message) = parser.next_message() {
            items.push(match message {
                Ok(message) => {
                    let headers: Vec<_> = message
                        .headers
                        .into_iter()
                        .map(|header| format!("{}={:?}", header.name, header.value))
                        .collect();
                    format!("{} <{}>", headers.join(" "), message.payload.escape_ascii())
                }
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
fn check(input: &[u8], expected: &[&str]) {
    assert_eq!(same_for_every_split(input, parse), expected);
}

fn event(kind: &str, payload: &str) -> Vec<u8> {
    encode_message(&[(":event-type", AwsHeaderValue::Text(kind))], payload.as_bytes()).unwrap()
}

/// Raw bytes with right checksums, whatever they claim.
fn forged(total: u32, headers: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = [total.to_be_bytes(), headers.to_be_bytes()].concat();
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend(body);
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

#[test]
fn the_reference_bytes_of_the_format() {
    // aws-c-event-stream, tests/messages/positive: empty_message, payload_no_headers.
    let empty = [0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];
    check(&empty, &[" <>"]);
    assert_eq!(encode_message(&[], b"").unwrap(), empty);
    let payload =
        [&[0, 0, 0, 0x1d, 0, 0, 0, 0, 0xfd, 0x52, 0x8c, 0x5a][..], b"{'foo':'bar'}", &[0xc3, 0x65, 0x39, 0x36]]
            .concat();
    check(&payload, &[" <{\\'foo\\':\\'bar\\'}>"]);
}

#[test]
fn messages_follow_each_other() {
    let bytes = [event("messageStart", "{}"), event("messageStop", "")].concat();
    check(&bytes, &[":event-type=Text(\"messageStart\") <{}>", ":event-type=Text(\"messageStop\") <>"]);
}

#[test]
fn all_ten_header_types() {
    let headers = [
        ("t", AwsHeaderValue::Bool(true)),
        ("f", AwsHeaderValue::Bool(false)),
        ("b", AwsHeaderValue::Byte(-1)),
        ("s", AwsHeaderValue::Short(-2)),
        ("i", AwsHeaderValue::Int(-3)),
        ("l", AwsHeaderValue::Long(-4)),
        ("y", AwsHeaderValue::Bytes(&[1, 2])),
        ("x", AwsHeaderValue::Text("é")),
        ("ts", AwsHeaderValue::Timestamp(1_790_000_000_000)),
        ("u", AwsHeaderValue::Uuid([7; 16])),
    ];
    let expected = "t=Bool(true) f=Bool(false) b=Byte(-1) s=Short(-2) i=Int(-3) l=Long(-4) y=Bytes([1, 2]) x=Text(\"é\") \
                    ts=Timestamp(1790000000000) u=Uuid([7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7]) <p>";
    check(&encode_message(&headers, b"p").unwrap(), &[expected]);
}

#[test]
fn damaged_bytes_are_errors() {
    let good = event("a", "{}");
    for (at, part) in [(0, "prelude"), (9, "prelude"), (13, "message"), (good.len() - 1, "message")] {
        let mut bytes = [event("first", ""), good.clone()].concat();
        let at = bytes.len() - good.len() + at;
        bytes[at] ^= 0x40;
        let error = format!("! reading an aws event stream: wrong checksum of the {part}, the bytes were damaged");
        check(&bytes, &[":event-type=Text(\"first\") <>", &error]);
    }
}

#[test]
fn hostile_lengths_are_errors() {
    let too_large = "! reading an aws event stream: a message of 1025 bytes exceeds the cap of 1024 bytes";
    check(&forged(1025, 0, &[]), &[too_large]);
    let contradiction = "! reading an aws event stream: the lengths in the prelude contradict each other";
    check(&forged(15, 0, &[]), &[contradiction]);
    check(&forged(16, 1, &[]), &[contradiction]);
    check(&forged(20, u32::MAX, &[0; 4]), &[contradiction]);
}

#[test]
fn malformed_headers_are_errors() {
    let rows: [(&[u8], &str); 5] = [
        (&[1, b'a', 10], "a header has an unknown type, so its length is unknown"),
        (&[2, b'a'], "a header reaches beyond the headers"),
        (&[1, b'a', 7, 0, 9, b'x'], "a header reaches beyond the headers"),
        (&[1, b'a', 5, 0], "a header reaches beyond the headers"),
        (&[1, b'a', 7, 0, 1, 0xff], "a header is not valid utf-8"),
    ];
    for (headers, what) in rows {
        let length = u32::try_from(headers.len()).unwrap();
        check(&forged(16 + length, length, headers), &[&format!("! reading an aws event stream: {what}")]);
    }
}

#[test]
fn a_body_that_ends_inside_a_message_is_cut() {
    let cut = "! reading a stream: the body ended inside a message";
    let bytes = event("a", "{}");
    check(&bytes[..bytes.len() - 1], &[cut]);
    check(&bytes[..3], &[cut]);
    check(&[], &[]);
}

#[test]
fn a_message_within_one_chunk_is_not_copied() {
    let chunk = Bytes::from(event("a", "{}"));
    let memory = chunk.as_ptr_range();
    let mut parser = AwsEventStreamParser::new();
    parser.push(chunk.clone());
    let message = parser.next_message().unwrap().unwrap();
    assert!(memory.contains(&message.payload.as_ptr()));
    assert_eq!((message.text(":event-type"), message.text("b")), (Some("a"), None));
}

const EMPTY: &[u8] = &[0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];

proptest! {
    #[test]
    fn any_bytes_in_any_split_give_the_same_messages((bytes, sizes) in bytes_and_cuts(&[EMPTY, EMPTY, b"\0"])) {
        let whole = parse(&[Bytes::copy_from_slice(&bytes)]);
        prop_assert_eq!(parse(&cut(&bytes, &sizes)), whole);
    }

    #[test]
    fn what_is_encoded_is_decoded_and_no_flipped_bit_passes(
        headers in prop::collection::vec(("[a-z:-]{1,20}", "\\PC{0,20}"), 0..5),
        payload in prop::collection::vec(any::<u8>(), 0..200),
        flip in any::<prop::sample::Index>(),
    ) {
        let headers: Vec<_> = headers.iter().map(|(name, text)| (name.as_str(), AwsHeaderValue::Text(text))).collect();
        let mut bytes = encode_message(&headers, &payload).unwrap();
        let mut parser = AwsEventStreamParser::new();
        parser.push(bytes.clone().into());
        let message = parser.next_message().unwrap().unwrap();
        let decoded: Vec<_> = message.headers.into_iter().map(|header| (header.name, header.value)).collect();
        prop_assert_eq!(decoded, headers);
        prop_assert_eq!(message.payload, &payload[..]);

        let bit = flip.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let mut parser = AwsEventStreamParser::new();
        parser.push(bytes.into());
        prop_assert!(parser.next_message().is_some_and(|message| message.is_err()));
    }
}

//! AWS event stream: no panic, and every split reads the same, whether the checksums hold or not.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use llm_wire::aws_event_stream::{AwsEventStreamParser, AwsHeaderValue, encode_message};

mod split;

fn parse(chunks: &[Bytes]) -> Vec<String> {
    let mut parser = AwsEventStreamParser::with_cap(4096);
    let mut items = Vec::new();
    for chunk in chunks {
        parser.push(chunk.clone());
        while let Some(message) = parser.next_message() {
            items.push(match message {
                Ok(message) => format!("{:?} {:?}", message.headers.into_iter().collect::<Vec<_>>(), message.payload),
                Err(error) => error.to_string(),
            });
        }
    }
    items.push(format!("{:?}", parser.finish()));
    items
}

fuzz_target!(|input: &[u8]| {
    split::check(input, parse);
    // Arbitrary bytes hardly ever carry a right checksum, so the fuzzer also writes the inside of a message.
    let Some((size, inside)) = input.split_first() else { return };
    let header = [("name", AwsHeaderValue::Bytes(inside))];
    if let Ok(message) = encode_message(&header, inside) {
        let whole: Vec<u8> = [&[*size][..], &message, &message].concat();
        split::check(&whole, parse);
    }
    if let Ok(message) = encode_message(&[], inside)
        && let Ok(length) = u32::try_from(inside.len())
    {
        split::check(&[&[*size][..], &all_headers(message, length)].concat(), parse);
    }
});

/// The same message, its payload declared to be headers, its checksums made right again.
fn all_headers(mut message: Vec<u8>, length: u32) -> Vec<u8> {
    message[4..8].copy_from_slice(&length.to_be_bytes());
    let prelude = crc32(&message[..8]);
    message[8..12].copy_from_slice(&prelude.to_be_bytes());
    let end = message.len() - 4;
    let checksum = crc32(&message[..end]);
    message[end..].copy_from_slice(&checksum.to_be_bytes());
    message
}

/// CRC-32 bit by bit, written apart from the one under test.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

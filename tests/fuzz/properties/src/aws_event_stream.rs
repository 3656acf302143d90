//! The AWS event stream: the same messages however the bytes arrive, and no damage goes unseen.

use bytes::Bytes;
use llm_wire::FrameError;
use llm_wire::aws_event_stream::{AwsEventStreamParser, AwsHeaderValue, encode_message};

use crate::input::Input;

const CAP: usize = 4096;

/// Choices: `a` the bytes as they are, `b` a message made of them, `c` the same with one bit changed.
pub fn check(data: &[u8]) {
    let Some(input) = Input::read(data) else { return };
    let choice = input.choice(3);
    if choice == 0 {
        let whole = parse(vec![Bytes::copy_from_slice(input.body)]);
        assert_eq!(whole, parse(input.pieces(input.body)), "split bytes give other messages");
        return;
    }
    let (headers, payload) = written(input.body);
    let named: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let Ok(mut bytes) = encode_message(&named, payload) else { return };
    if choice == 1 {
        let shown = named.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        let expected = if bytes.len() > CAP {
            Err(FrameError::MessageTooLarge { cap: CAP, announced: bytes.len() })
        } else {
            Ok(vec![(shown, payload.to_vec())])
        };
        assert_eq!(parse(input.pieces(&bytes)), expected, "what was written is not what is read");
    } else {
        let bit = input.random().usize(0..bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(parse(input.pieces(&bytes)).is_err(), "a changed bit goes unseen");
    }
}

type Message = (Vec<String>, Vec<u8>);

fn parse(pieces: Vec<Bytes>) -> Result<Vec<Message>, FrameError> {
    let mut parser = AwsEventStreamParser::with_cap(CAP);
    let mut messages = Vec::new();
    for piece in pieces {
        parser.push(piece);
        while let Some(message) = parser.next_message() {
            let message = message?;
            let headers = message.headers.into_iter().map(|header| format!("{}={:?}", header.name, header.value));
            messages.push((headers.collect(), message.payload.to_vec()));
        }
    }
    parser.finish()?;
    Ok(messages)
}

/// Headers and a payload made of any bytes: each header takes a byte for its type and what its value needs.
fn written(mut bytes: &[u8]) -> (Vec<(String, AwsHeaderValue<'_>)>, &[u8]) {
    let mut headers = Vec::new();
    while let Some((&[kind, size], rest)) = bytes.split_first_chunk()
        && kind != b' '
        && headers.len() < 8
    {
        let (value, rest) = rest.split_at(usize::from(size % 32).min(rest.len()));
        bytes = rest;
        let mut eight = [0; 8];
        eight[..value.len().min(8)].copy_from_slice(&value[..value.len().min(8)]);
        let number = i64::from_be_bytes(eight);
        let text = std::str::from_utf8(value).unwrap_or("text");
        let value = match kind % 9 {
            0 => AwsHeaderValue::Bool(size % 2 == 0),
            1 => AwsHeaderValue::Byte(size.cast_signed()),
            2 => AwsHeaderValue::Short(i16::from_be_bytes([kind, size])),
            3 => AwsHeaderValue::Int(i32::from_be_bytes([kind, size, eight[0], eight[1]])),
            4 => AwsHeaderValue::Long(number),
            5 => AwsHeaderValue::Bytes(value),
            6 => AwsHeaderValue::Text(text),
            7 => AwsHeaderValue::Timestamp(number),
            _ => AwsHeaderValue::Uuid([kind; 16]),
        };
        headers.push((format!(":h{}{text}", headers.len()), value));
    }
    (headers, bytes)
}

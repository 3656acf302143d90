//! Streams in the AWS event stream format: written as text in fixtures, because they are binary and have checksums.
//!
//! The first line is `#aws-event-stream`; every other line is the type of an event and its JSON, or `!` and the type of an
//! exception and its JSON.

use std::ops::Range;

use bytes::Bytes;
use llm_wire::aws_event_stream::{AwsEventStreamParser, AwsHeaderValue, encode_message};

use super::report::Failure;

const LOOK: &str = "#aws-event-stream";

/// The bytes that a fixture stands for: of a fixture in this form its messages, of any other the fixture.
pub(super) fn encoded(fixture: Bytes) -> Result<Bytes, Failure> {
    let Some(lines) = fixture.strip_prefix(LOOK.as_bytes()) else { return Ok(fixture) };
    let text = String::from_utf8_lossy(lines);
    let mut body = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, payload) = line.split_once(' ').unwrap_or((line, "{}"));
        body.extend(match name.strip_prefix('!') {
            Some(exception) => message(":exception-type", exception, "exception", payload.as_bytes())?,
            None => message(":event-type", name, "event", payload.as_bytes())?,
        });
    }
    Ok(body.into())
}

/// One message.
pub(super) fn message(header: &str, name: &str, kind: &str, payload: &[u8]) -> Result<Vec<u8>, Failure> {
    let headers = [(header, name), (":content-type", "application/json"), (":message-type", kind)];
    encode_message(&headers.map(|(name, value)| (name, AwsHeaderValue::Text(value))), payload)
        .map_err(|error| Failure::new(format!("writing a message of an aws event stream: {error}")))
}

/// True for messages: their length comes first and is below 16 MiB. No text begins so.
pub(super) fn is_messages(body: &[u8]) -> bool {
    body.first() == Some(&0)
}

/// The byte ranges of the messages.
pub(super) fn messages(body: &[u8]) -> Vec<Range<usize>> {
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some(length) = body.get(at..).and_then(<[u8]>::first_chunk) {
        let end = at + u32::from_be_bytes(*length) as usize;
        if end <= at || end > body.len() {
            break;
        }
        all.push(at..end);
        at = end;
    }
    all
}

/// The payload of one message.
pub(super) fn payload(message: &[u8]) -> Option<Vec<u8>> {
    let mut parser = AwsEventStreamParser::new();
    parser.push(Bytes::copy_from_slice(message));
    parser.next_message()?.ok().map(|message| message.payload.to_vec())
}

/// The same message with another payload.
pub(super) fn with_payload(message: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
    let mut parser = AwsEventStreamParser::new();
    parser.push(Bytes::copy_from_slice(message));
    let message = parser.next_message()?.ok()?;
    let headers: Vec<_> = message.headers.into_iter().map(|header| (header.name, header.value)).collect();
    encode_message(&headers, payload).ok()
}

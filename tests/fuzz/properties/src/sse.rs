//! Server-sent events: however the bytes arrive, what comes out is what a plain reading of the standard gives.

use bytes::Bytes;
use llm_wire::{FrameError, FrameLimits, SseItem, SseParser};

use crate::input::Input;

/// Small, so that inputs reach it.
const CAP: usize = 256;

/// Compares the parser with itself over other pieces, and with the reading of the whole text.
pub fn check(data: &[u8]) {
    let Some(input) = Input::read(data) else { return };
    let whole = parse(vec![Bytes::copy_from_slice(input.body)]);
    assert_eq!(whole, parse(input.pieces(input.body)), "split bytes give other events");
    if let Ok(events) = whole {
        assert_eq!(events, plain(input.body), "not what the standard says");
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    name: Option<String>,
    data: Vec<u8>,
    id: Option<String>,
}

fn parse(pieces: Vec<Bytes>) -> Result<Vec<Read>, FrameError> {
    let mut parser = SseParser::with_limits(FrameLimits::default().with_line(CAP).with_event(CAP));
    let mut events = Vec::new();
    let mut take = |parser: &mut SseParser| -> Result<(), FrameError> {
        while let Some(item) = parser.next_item() {
            match item {
                Ok(SseItem::Event(event)) => {
                    assert!(event.data.len() <= CAP, "an event is larger than its cap");
                    let (name, id) = (event.name.map(str::to_owned), event.id.map(str::to_owned));
                    events.push(Read { name, data: event.data.to_vec(), id });
                }
                Ok(SseItem::Comment(text)) => assert!(text.len() <= CAP, "a comment is larger than its cap"),
                Err(error) => {
                    assert!(parser.next_item().is_none(), "something comes behind an error");
                    return Err(error);
                }
            }
        }
        Ok(())
    };
    for piece in pieces {
        parser.push(piece);
        take(&mut parser)?;
    }
    parser.finish();
    take(&mut parser)?;
    Ok(events)
}

/// The standard's rules over the whole text, with the parser's three stated differences.
fn plain(body: &[u8]) -> Vec<Read> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let (mut events, mut id) = (Vec::new(), String::new());
    let (mut name, mut data, mut bare) = (String::new(), None::<Vec<u8>>, false);
    for line in lines(body).into_iter().chain([&b""[..]]) {
        if line.is_empty() {
            if let Some(data) = data.take() {
                let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
                events.push(Read { name: some(&name), data, id: some(&id) });
            }
            (name, bare) = (String::new(), false);
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (field, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let text = || String::from_utf8_lossy(value).into_owned();
        match field {
            b"data" if colon.is_some() => add(&mut data, value),
            b"" => {}
            _ if bare => add(&mut data, line),
            _ if line[0] == b'{' && data.is_none() => {
                bare = true;
                data = Some(line.to_vec());
            }
            b"data" => add(&mut data, b""),
            b"event" => name = text(),
            b"id" if !value.contains(&0) => id = text(),
            _ => {}
        }
    }
    events
}

fn add(data: &mut Option<Vec<u8>>, more: &[u8]) {
    match data {
        None => *data = Some(more.to_vec()),
        Some(data) => {
            data.push(b'\n');
            data.extend_from_slice(more);
        }
    }
}

fn lines(body: &[u8]) -> Vec<&[u8]> {
    let (mut lines, mut rest) = (Vec::new(), body);
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
        let long = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        lines.push(&rest[..end]);
        rest = &rest[end + long..];
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

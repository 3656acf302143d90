//! Lines of JSON and one JSON array: the same frames however the bytes arrive, and of valid JSON exactly its parts.

use bytes::Bytes;
use llm_wire::{FrameError, FrameLimits, JsonArrayParser, NdjsonItem, NdjsonParser};
use serde_json::value::RawValue;

use crate::input::Input;

/// Small, so that inputs reach it.
const CAP: usize = 256;

/// Choices: `a` lines, `b` an array.
pub fn check(data: &[u8]) {
    let Some(input) = Input::read(data) else { return };
    let whole = vec![Bytes::copy_from_slice(input.body)];
    if input.choice(2) == 0 {
        let frames = lines(whole);
        assert_eq!(frames, lines(input.pieces(input.body)), "split bytes give other lines");
        if let Ok(frames) = frames {
            let text = |line: &&[u8]| !line.iter().all(u8::is_ascii_whitespace);
            let plain = input.body.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
            assert_eq!(frames, plain.filter(text).collect::<Vec<_>>(), "not the lines of the body");
        }
    } else {
        let frames = elements(whole);
        assert_eq!(frames, elements(input.pieces(input.body)), "split bytes give other elements");
        if let Ok(values) = serde_json::from_slice::<Vec<Box<RawValue>>>(input.body) {
            let values: Vec<&[u8]> = values.iter().map(|value| value.get().as_bytes()).collect();
            match frames {
                Ok(frames) => assert_eq!(frames, values, "not the elements of the array"),
                Err(error) => {
                    assert_eq!(error, FrameError::EventTooLarge { cap: CAP }, "a valid array is refused");
                    assert!(values.iter().any(|value| value.len() > CAP), "a small array is too large");
                }
            }
        }
    }
}

fn limits() -> FrameLimits {
    FrameLimits::default().with_line(CAP).with_event(CAP)
}

fn lines(pieces: Vec<Bytes>) -> Result<Vec<Vec<u8>>, FrameError> {
    let mut parser = NdjsonParser::with_limits(limits());
    let mut frames = Vec::new();
    let mut take = |parser: &mut NdjsonParser| -> Result<(), FrameError> {
        while let Some(item) = parser.next_line() {
            if let NdjsonItem::Line(line) = item? {
                frames.push(capped(line));
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
    Ok(frames)
}

fn elements(pieces: Vec<Bytes>) -> Result<Vec<Vec<u8>>, FrameError> {
    let mut parser = JsonArrayParser::with_limits(limits());
    let mut frames = Vec::new();
    for piece in pieces {
        parser.push(piece);
        while let Some(element) = parser.next_element() {
            frames.push(capped(element?));
        }
    }
    parser.finish()?;
    Ok(frames)
}

fn capped(frame: &[u8]) -> Vec<u8> {
    assert!(frame.len() <= CAP, "a frame is larger than its cap");
    frame.to_vec()
}

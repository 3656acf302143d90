//! What several tests need: an origin, and a stream read through the parser and the decoder.

use std::sync::Arc;

use bytes::Bytes;
use llm_core::{Accumulator, ChatResponse, Error, Event, Origin};
use llm_wire::{EventQueue, Frame, SseItem, SseParser, StreamDecoder};
use llm_wire_openai::{Dialect, chat};

pub(crate) fn origin() -> Arc<Origin> {
    Arc::new(Origin::new("openai-chat", "vendor", "m"))
}

/// The events of a body that comes in the given pieces, and the error it ends in.
pub(crate) fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, dialect: &Dialect) -> (Vec<Event>, Option<Error>) {
    events_of(chat::Decoder::new(origin(), Vec::new(), dialect), pieces)
}

/// The same by any decoder.
pub(crate) fn events_of<'a>(
    mut decoder: impl StreamDecoder,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Event>, Option<Error>) {
    let mut parser = SseParser::new();
    let (mut queue, mut events) = (EventQueue::default(), Vec::new());
    let mut pieces = pieces.into_iter();
    loop {
        let piece = pieces.next();
        match piece {
            Some(piece) => parser.push(Bytes::copy_from_slice(piece)),
            None => parser.finish(),
        }
        while let Some(item) = parser.next_item() {
            let SseItem::Event(event) = item.unwrap() else { continue };
            let result = decoder.frame(Frame { name: event.name, data: event.data }, &mut queue);
            events.extend(std::iter::from_fn(|| queue.pop()));
            if let Err(error) = result {
                return (events, Some(error));
            }
        }
        if piece.is_none() {
            let result = decoder.end(&mut queue);
            events.extend(std::iter::from_fn(|| queue.pop()));
            return (events, result.err());
        }
    }
}

/// The answer that events add up to; their order is checked on the way.
pub(crate) fn collect(events: Vec<Event>) -> ChatResponse {
    let mut accumulator = Accumulator::default();
    for event in events {
        accumulator.push(event).unwrap();
    }
    accumulator.finish().unwrap()
}

/// The answer of a stream of these chunks, closed by `[DONE]`.
pub(crate) fn streamed(chunks: &[serde_json::Value]) -> ChatResponse {
    let (events, error) = events([body(chunks, true).as_bytes()], &Dialect::OPENAI);
    assert!(error.is_none(), "{error:?}");
    collect(events)
}

pub(crate) fn body(chunks: &[serde_json::Value], done: bool) -> String {
    let mut body = String::new();
    for chunk in chunks {
        body.push_str("data: ");
        body.push_str(&chunk.to_string());
        body.push_str("\n\n");
    }
    if done {
        body.push_str("data: [DONE]\n\n");
    }
    body
}

/// A chunk with one choice.
pub(crate) fn chunk(delta: &serde_json::Value, finish: Option<&str>) -> serde_json::Value {
    choice(0, delta, finish)
}

pub(crate) fn choice(index: u32, delta: &serde_json::Value, finish: Option<&str>) -> serde_json::Value {
    serde_json::json!({"id": "c1", "object": "chat.completion.chunk", "created": 5, "model": "m-1",
        "choices": [{"index": index, "delta": delta, "finish_reason": finish}]})
}

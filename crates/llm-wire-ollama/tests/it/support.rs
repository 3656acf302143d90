//! Shared by the tests: an origin, and driving a decoder over bytes without IO.

use std::sync::Arc;

use llm_core::{Accumulator, ChatResponse, Error, Event, Origin};
use llm_wire::{EventQueue, Frame, NdjsonItem, NdjsonParser, StreamDecoder};
use llm_wire_ollama::API;
use llm_wire_ollama::chat::Decoder;

pub(crate) fn origin() -> Arc<Origin> {
    Arc::new(Origin::new(API, "ollama", "qwen3:8b"))
}

/// The events of a body that comes in the given pieces, and the error it ended with.
pub(crate) fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Option<Error>) {
    let (mut parser, mut decoder) = (NdjsonParser::new(), Decoder::new(origin(), Vec::new()));
    let (mut queue, mut events) = (EventQueue::default(), Vec::new());
    let mut result = Ok(());
    let mut drain = |parser: &mut NdjsonParser, decoder: &mut Decoder| {
        while let Some(item) = parser.next_line() {
            match item.unwrap() {
                NdjsonItem::Line(line) => decoder.frame(Frame::data(line), &mut queue)?,
                NdjsonItem::Blank => queue.push(Event::Ping),
            }
        }
        Ok(())
    };
    for piece in pieces {
        parser.push(piece.to_vec().into());
        result = drain(&mut parser, &mut decoder);
        if result.is_err() {
            break;
        }
    }
    if result.is_ok() {
        parser.finish();
        result = drain(&mut parser, &mut decoder);
    }
    if result.is_ok() {
        result = decoder.end(&mut queue);
    }
    while let Some(event) = queue.pop() {
        events.push(event);
    }
    (events, result.err())
}

/// The answer that events make.
pub(crate) fn collect(events: Vec<Event>) -> ChatResponse {
    let mut accumulator = Accumulator::default();
    for event in events {
        accumulator.push(event).unwrap();
    }
    accumulator.finish().unwrap()
}

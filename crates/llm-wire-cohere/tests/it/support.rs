//! What several tests need: an origin, and a stream read through the parser and the decoder.

use std::sync::Arc;

use bytes::Bytes;
use llm_core::{Accumulator, ChatResponse, Error, Event, Origin};
use llm_wire::{EventQueue, Frame, SseItem, SseParser, StreamDecoder};
use llm_wire_cohere::{API, chat};

pub(crate) fn origin() -> Arc<Origin> {
    Arc::new(Origin::new(API, "cohere", "m"))
}

/// The events of a body that comes in the given pieces, and the error it ends in.
pub(crate) fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Option<Error>) {
    let (mut decoder, mut parser) = (chat::Decoder::new(origin(), Vec::new()), SseParser::new());
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

//! What the tests share: a target, encoding as JSON, and a stream read from bytes in pieces.

use std::sync::Arc;

use bytes::Bytes;
use llm_core::{Accumulator, ChatRequest, ChatResponse, Error, Event, Origin, Warning};
use llm_wire::{EventQueue, Frame, SseItem, SseParser, StreamDecoder};
use llm_wire_gemini::{API, Profile, generate};
use serde_json::Value;

pub(crate) const MODEL: &str = "gemini-x";

/// The target of the tests.
pub(crate) fn origin() -> Arc<Origin> {
    Arc::new(Origin::new(API, "google-eu", MODEL))
}

/// The body of an encoded request, and its warnings.
pub(crate) fn encoded(request: &ChatRequest) -> (Value, Vec<Warning>) {
    encoded_for(request, Profile::default())
}

pub(crate) fn encoded_for(request: &ChatRequest, profile: Profile) -> (Value, Vec<Warning>) {
    let encoded = generate::encode_request(request, &origin(), false, &profile).unwrap();
    (serde_json::from_slice(&encoded.body).unwrap(), encoded.warnings)
}

/// The fields that the warnings name.
pub(crate) fn fields(warnings: &[Warning]) -> Vec<&str> {
    let field = |warning| match warning {
        &Warning::Unsupported { ref field, .. } | &Warning::Adapted { ref field, .. } => field.as_str(),
        other => panic!("{other:?}"),
    };
    warnings.iter().map(field).collect()
}

pub(crate) fn decoded(body: &Value) -> ChatRequest {
    generate::decode_request(body.to_string().as_bytes(), MODEL, false).unwrap().request
}

pub(crate) fn answer(body: &Value) -> ChatResponse {
    generate::decode_response(body.to_string().as_bytes(), &origin()).unwrap()
}

/// A chunk of a stream with these parts and more fields of the candidate.
pub(crate) fn chunk(parts: &Value, candidate: &Value) -> Value {
    let mut first = serde_json::json!({"content": {"parts": parts, "role": "model"}, "index": 0});
    for (name, value) in candidate.as_object().unwrap() {
        first[name] = value.clone();
    }
    serde_json::json!({"candidates": [first], "modelVersion": MODEL, "responseId": "r-1"})
}

/// Chunks as the vendor frames them.
pub(crate) fn sse(chunks: &[Value]) -> String {
    chunks.iter().fold(String::new(), |body, chunk| body + &format!("data: {chunk}\r\n\r\n"))
}

/// The events of a body in pieces, and the error that ended it.
pub(crate) fn events(pieces: &[&[u8]]) -> (Vec<Event>, Option<Error>) {
    let mut parser = SseParser::new();
    let mut decoder = generate::Decoder::new(origin(), Vec::new());
    let mut queue = EventQueue::default();
    let mut error = None;
    let mut drain = |parser: &mut SseParser, decoder: &mut generate::Decoder, queue: &mut EventQueue| {
        while let Some(item) = parser.next_item() {
            let SseItem::Event(event) = item.unwrap() else { continue };
            if error.is_none() {
                error = decoder.frame(Frame { name: event.name, data: event.data }, queue).err();
            }
        }
    };
    for piece in pieces {
        parser.push(Bytes::copy_from_slice(piece));
        drain(&mut parser, &mut decoder, &mut queue);
    }
    parser.finish();
    drain(&mut parser, &mut decoder, &mut queue);
    let error = error.or_else(|| decoder.end(&mut queue).err());
    (std::iter::from_fn(|| queue.pop()).collect(), error)
}

/// The answer that events make.
pub(crate) fn collect(events: Vec<Event>) -> ChatResponse {
    let mut accumulator = Accumulator::default();
    for event in events {
        accumulator.push(event).unwrap();
    }
    accumulator.finish().unwrap()
}

/// The answer of a whole stream.
pub(crate) fn streamed(chunks: &[Value]) -> ChatResponse {
    let (events, error) = events(&[sse(chunks).as_bytes()]);
    assert!(error.is_none(), "{error:?}");
    collect(events)
}

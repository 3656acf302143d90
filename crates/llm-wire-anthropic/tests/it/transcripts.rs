//! Streams written by hand in the vendor's form, and ways to read them.

use llm_core::{Accumulator, ChatResponse, Error, Event};
use llm_wire::{EventQueue, Frame, SseItem, SseParser, StreamDecoder, StreamEncoder};
use llm_wire_anthropic::messages;
use serde_json::{Value, json};

use crate::answers::origin;

/// The text of a stream of these events, named by their `type`.
pub(crate) fn sse(events: &[Value]) -> String {
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())).collect()
}

pub(crate) fn start() -> Value {
    json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
        "model": "claude-test-1", "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 0, "output_tokens": 1}}})
}

pub(crate) fn block(index: u32, block: Value, deltas: &[Value]) -> Vec<Value> {
    let mut events = vec![json!({"type": "content_block_start", "index": index, "content_block": block})];
    events.extend(deltas.iter().map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta})));
    events.push(json!({"type": "content_block_stop", "index": index}));
    events
}

pub(crate) fn text(index: u32, pieces: &[&str]) -> Vec<Value> {
    let deltas: Vec<Value> = pieces.iter().map(|piece| json!({"type": "text_delta", "text": piece})).collect();
    block(index, json!({"type": "text", "text": ""}), &deltas)
}

pub(crate) fn end(stop_reason: &str) -> Vec<Value> {
    vec![
        json!({"type": "message_delta", "delta": {"stop_reason": stop_reason, "stop_sequence": null},
            "usage": {"output_tokens": 20}}),
        json!({"type": "message_stop"}),
    ]
}

/// Start, these blocks, end.
pub(crate) fn whole(blocks: Vec<Value>, stop_reason: &str) -> String {
    let mut events = vec![start(), json!({"type": "ping"})];
    events.extend(blocks);
    events.extend(end(stop_reason));
    sse(&events)
}

/// One of everything: reasoning, redacted reasoning, a cited text, tools of both sides, an unknown block.
pub(crate) fn everything() -> String {
    let mut blocks = block(
        0,
        json!({"type": "thinking", "thinking": "", "signature": ""}),
        &[
            json!({"type": "thinking_delta", "thinking": "Größe "}),
            json!({"type": "thinking_delta", "thinking": "\"und\" 🦀"}),
            json!({"type": "signature_delta", "signature": "c2ln"}),
        ],
    );
    blocks.extend(block(1, json!({"type": "redacted_thinking", "data": "enc"}), &[]));
    blocks.extend(block(
        2,
        json!({"type": "text", "text": "", "citations": []}),
        &[
            json!({"type": "citations_delta", "citation": {"type": "char_location", "cited_text": "q",
                "document_index": 0, "document_title": "facts.txt", "start_char_index": 0, "end_char_index": 3}}),
            json!({"type": "text_delta", "text": "line\n\"quoted\" \\ 世界"}),
        ],
    ));
    blocks.extend(block(
        3,
        json!({"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}),
        &[
            json!({"type": "input_json_delta", "partial_json": ""}),
            json!({"type": "input_json_delta", "partial_json": "{\"query\": "}),
            json!({"type": "input_json_delta", "partial_json": "\"q\"}"}),
        ],
    ));
    blocks.extend(block(
        4,
        json!({"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": [{"u": 1}]}),
        &[],
    ));
    blocks.extend(block(
        5,
        json!({"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}),
        &[
            json!({"type": "input_json_delta", "partial_json": ""}),
            json!({"type": "input_json_delta", "partial_json": "{\"city\": \"Par"}),
            json!({"type": "input_json_delta", "partial_json": "is\"}"}),
        ],
    ));
    blocks.extend(block(6, json!({"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}}), &[]));
    blocks.extend(block(
        7,
        json!({"type": "compaction", "content": null}),
        &[
            json!({"type": "compaction_delta", "content": "sum"}),
            json!({"type": "compaction_delta", "content": "mary"}),
        ],
    ));
    whole(blocks, "tool_use")
}

/// The events of a stream given in pieces, and how it ended.
pub(crate) fn read_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Result<(), Error>) {
    let mut parser = SseParser::new();
    let mut decoder = messages::Decoder::new(origin(), Vec::new());
    let mut queue = EventQueue::default();
    let mut events = Vec::new();
    let mut drain = |parser: &mut SseParser, queue: &mut EventQueue| -> Result<(), Error> {
        while let Some(item) = parser.next_item() {
            if let SseItem::Event(event) = item.unwrap() {
                let result = decoder.frame(Frame { name: event.name, data: event.data }, queue);
                events.extend(std::iter::from_fn(|| queue.pop()));
                result?;
            }
        }
        Ok(())
    };
    for piece in pieces {
        parser.push(piece.to_vec().into());
        if let Err(error) = drain(&mut parser, &mut queue) {
            return (events, Err(error));
        }
    }
    parser.finish();
    let result = drain(&mut parser, &mut queue);
    let result = result.and_then(|()| decoder.end(&mut queue));
    events.extend(std::iter::from_fn(|| queue.pop()));
    (events, result)
}

pub(crate) fn read(stream: &str) -> (Vec<Event>, Result<(), Error>) {
    read_pieces([stream.as_bytes()])
}

/// The events of a stream that is whole.
pub(crate) fn events(stream: &str) -> Vec<Event> {
    let (events, result) = read(stream);
    result.unwrap();
    events
}

/// The answer that events make, held to the allowed order.
pub(crate) fn answer(events: impl IntoIterator<Item = Event>) -> ChatResponse {
    let mut accumulator = Accumulator::default();
    for event in events {
        accumulator.push(event).unwrap();
    }
    accumulator.finish().unwrap()
}

/// The stream that events make.
pub(crate) fn write<'a>(events: impl IntoIterator<Item = &'a Event>) -> String {
    let mut encoder = messages::Encoder::new();
    let mut out = Vec::new();
    for event in events {
        encoder.event(event, &mut out);
    }
    String::from_utf8(out).unwrap()
}

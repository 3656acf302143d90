//! Writes messages and their events.

use serde_json::{Value, json};

use crate::emulator::answer::{Answer, Asked, Body, End, Form, Tokens, argument_pieces, sign};
use crate::emulator::reply::{Piece, PieceRole, Reply};
use crate::emulator::stamp::Stamp;

/// The event that only says that the connection lives.
pub(super) const PING: &[u8] = b"event: ping\ndata: {\"type\": \"ping\"}\n\n";

/// Writes an answer.
pub(super) fn message(asked: &Asked, answer: &Answer, stamp: Stamp) -> Reply {
    match asked.form {
        Form::Whole => {
            let mut message = shell(asked, stamp);
            message["content"] = blocks(answer, stamp).into_iter().map(|block| block.whole).collect();
            message["stop_reason"] = stop_reason(&answer.end).into();
            message["stop_sequence"] = stop_sequence(&answer.end);
            message["usage"] = usage(answer.tokens, answer.tokens.output);
            Reply::json(200, "application/json", &message)
        }
        _ => Reply::stream("text/event-stream; charset=utf-8", events(asked, answer, stamp))
            .with_header("cache-control", "no-cache"),
    }
}

fn shell(asked: &Asked, stamp: Stamp) -> Value {
    json!({
        "id": stamp.id("msg_01", 22, 0),
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
    })
}

/// A block whole, and as a stream brings it.
struct Block {
    whole: Value,
    start: Value,
    deltas: Vec<Delta>,
}

struct Delta {
    role: PieceRole,
    delta: Value,
}

impl Delta {
    fn content(delta: Value) -> Self {
        Self { role: PieceRole::Content, delta }
    }

    fn frame(delta: Value) -> Self {
        Self { role: PieceRole::Frame, delta }
    }
}

fn blocks(answer: &Answer, stamp: Stamp) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !answer.reasoning.is_empty() {
        let thinking = answer.reasoning.concat();
        let signature = sign(&thinking);
        let words =
            answer.reasoning.iter().map(|words| Delta::content(json!({"type": "thinking_delta", "thinking": words})));
        let signed = Delta::frame(json!({"type": "signature_delta", "signature": signature}));
        blocks.push(Block {
            deltas: words.chain([signed]).collect(),
            start: json!({"type": "thinking", "thinking": "", "signature": ""}),
            whole: json!({"type": "thinking", "thinking": thinking, "signature": signature}),
        });
    }
    match &answer.body {
        Body::Text(words) | Body::Refusal(words) if words.is_empty() => {}
        Body::Text(words) | Body::Refusal(words) => blocks.push(Block {
            whole: json!({"type": "text", "text": words.concat()}),
            start: json!({"type": "text", "text": ""}),
            deltas: words.iter().map(|words| Delta::content(json!({"type": "text_delta", "text": words}))).collect(),
        }),
        Body::Calls(calls) => blocks.extend(calls.iter().enumerate().map(|(at, call)| {
            let id = stamp.id("toolu_01", 22, at as u64);
            let json = |piece: &str| json!({"type": "input_json_delta", "partial_json": piece});
            let pieces = argument_pieces(&call.arguments);
            // The real one also begins with an empty piece, and sends nothing else for a call without arguments.
            let rest = pieces.iter().filter(|_| call.arguments != json!({})).map(|piece| Delta::content(json(piece)));
            Block {
                whole: json!({"type": "tool_use", "id": id, "name": call.name, "input": call.arguments}),
                start: json!({"type": "tool_use", "id": id, "name": call.name, "input": {}}),
                deltas: std::iter::once(Delta::frame(json(""))).chain(rest).collect(),
            }
        })),
    }
    blocks
}

fn events(asked: &Asked, answer: &Answer, stamp: Stamp) -> Vec<Piece> {
    let mut message = shell(asked, stamp);
    message["usage"] = usage(answer.tokens, 1);
    let mut pieces = vec![event(PieceRole::Frame, &json!({"type": "message_start", "message": message}))];
    for (index, block) in blocks(answer, stamp).into_iter().enumerate() {
        let start = json!({"type": "content_block_start", "index": index, "content_block": block.start});
        pieces.push(event(PieceRole::Frame, &start));
        if index == 0 {
            pieces.push(Piece::new(PieceRole::Frame, PING));
        }
        pieces.extend(block.deltas.into_iter().map(|Delta { role, delta }| {
            event(role, &json!({"type": "content_block_delta", "index": index, "delta": delta}))
        }));
        pieces.push(event(PieceRole::Frame, &json!({"type": "content_block_stop", "index": index})));
    }
    let delta = json!({"stop_reason": stop_reason(&answer.end), "stop_sequence": stop_sequence(&answer.end)});
    let mut usage = usage(answer.tokens, answer.tokens.output);
    if let Some(usage) = usage.as_object_mut() {
        usage.retain(|name, _| !matches!(name.as_str(), "cache_creation" | "service_tier"));
    }
    pieces.push(event(PieceRole::Tail, &json!({"type": "message_delta", "delta": delta, "usage": usage})));
    pieces.push(event(PieceRole::End, &json!({"type": "message_stop"})));
    pieces
}

fn event(role: PieceRole, data: &Value) -> Piece {
    let name = data.get("type").and_then(Value::as_str).unwrap_or_default();
    Piece::new(role, format!("event: {name}\ndata: {data}\n\n"))
}

/// Here cached tokens stand beside the input, not in it.
fn usage(tokens: Tokens, output: u64) -> Value {
    let Tokens { input, cache_read, cache_write, reasoning, .. } = tokens;
    json!({
        "input_tokens": input - cache_read - cache_write,
        "cache_creation_input_tokens": cache_write,
        "cache_read_input_tokens": cache_read,
        "cache_creation": {"ephemeral_5m_input_tokens": cache_write, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output,
        "output_tokens_details": {"thinking_tokens": reasoning.min(output)},
        "service_tier": "standard",
    })
}

fn stop_reason(end: &End) -> &'static str {
    match end {
        End::Done => "end_turn",
        End::Stopped(_) => "stop_sequence",
        End::Length => "max_tokens",
        End::Calls => "tool_use",
        End::Refused | End::Filtered => "refusal",
    }
}

fn stop_sequence(end: &End) -> Value {
    match end {
        End::Stopped(stop) => stop.clone().into(),
        _ => Value::Null,
    }
}

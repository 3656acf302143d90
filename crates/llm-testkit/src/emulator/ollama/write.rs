//! Writes chat answers: one object, or a line for every piece.

use serde_json::{Value, json};

use super::JSON;
use crate::emulator::answer::{Answer, Asked, Body, Call, End, Form};
use crate::emulator::reply::{Piece, PieceRole, Reply};
use crate::emulator::stamp::Stamp;

/// Writes an answer.
pub(super) fn chat(asked: &Asked, answer: &Answer, stamp: Stamp) -> Reply {
    match asked.form {
        Form::Whole => {
            let mut message = json!({"role": "assistant", "content": ""});
            if !answer.reasoning.is_empty() {
                message["thinking"] = answer.reasoning.concat().into();
            }
            match &answer.body {
                Body::Text(words) | Body::Refusal(words) => message["content"] = words.concat().into(),
                Body::Calls(calls) => {
                    message["tool_calls"] =
                        calls.iter().enumerate().map(|(at, call)| tool_call(call, at, stamp)).collect();
                }
            }
            Reply::json(200, JSON, &last(asked, answer, stamp, &message))
        }
        _ => Reply::stream("application/x-ndjson", lines(asked, answer, stamp)),
    }
}

fn tool_call(call: &Call, at: usize, stamp: Stamp) -> Value {
    let id = stamp.id("call_", 8, at as u64).to_lowercase();
    json!({"id": id, "function": {"index": at, "name": call.name, "arguments": call.arguments}})
}

fn line(asked: &Asked, message: &Value, stamp: Stamp) -> Value {
    let now = stamp.rfc3339(std::time::Duration::ZERO);
    json!({"model": asked.model, "created_at": now, "message": message, "done": false})
}

/// The line that ends an answer. Tool calls also end with `stop`.
fn last(asked: &Asked, answer: &Answer, stamp: Stamp, message: &Value) -> Value {
    let mut line = line(asked, message, stamp);
    let reason = if answer.end == End::Length { "length" } else { "stop" };
    for (name, value) in [
        ("done", json!(true)),
        ("done_reason", json!(reason)),
        ("total_duration", json!(174_560_334_u64)),
        ("load_duration", json!(101_397_084_u64)),
        ("prompt_eval_count", json!(answer.tokens.input)),
        ("prompt_eval_duration", json!(13_074_791_u64)),
        ("eval_count", json!(answer.tokens.output)),
        ("eval_duration", json!(52_479_709_u64)),
    ] {
        line[name] = value;
    }
    line
}

fn lines(asked: &Asked, answer: &Answer, stamp: Stamp) -> Vec<Piece> {
    let piece = |role, line: &Value| Piece::new(role, format!("{line}\n"));
    let content = |message: Value| piece(PieceRole::Content, &line(asked, &message, stamp));
    let mut pieces: Vec<Piece> = Vec::new();
    for words in &answer.reasoning {
        pieces.push(content(json!({"role": "assistant", "content": "", "thinking": words})));
    }
    match &answer.body {
        Body::Text(words) | Body::Refusal(words) => {
            pieces.extend(words.iter().map(|words| content(json!({"role": "assistant", "content": words}))));
        }
        // A call comes whole, in a line before the last.
        Body::Calls(calls) => pieces.extend(calls.iter().enumerate().map(|(at, call)| {
            content(json!({"role": "assistant", "content": "", "tool_calls": [tool_call(call, at, stamp)]}))
        })),
    }
    pieces.push(piece(PieceRole::End, &last(asked, answer, stamp, &json!({"role": "assistant", "content": ""}))));
    pieces
}

//! Writes chat completions, their chunks, and embeddings.

use serde_json::{Value, json};

use crate::emulator::answer::{Answer, Asked, Body, End, Form, Tokens, argument_pieces};
use crate::emulator::protocol::Texts;
use crate::emulator::reply::{Piece, PieceRole, Reply};
use crate::emulator::stamp::Stamp;

/// Writes an answer.
pub(super) fn chat(asked: &Asked, answer: &Answer, stamp: Stamp) -> Reply {
    match asked.form {
        Form::Whole => whole(asked, answer, stamp),
        _ => Reply::stream("text/event-stream; charset=utf-8", Chunks { asked, answer, stamp }.all()),
    }
}

fn whole(asked: &Asked, answer: &Answer, stamp: Stamp) -> Reply {
    let choice = |index: u64| {
        let mut message = json!({"role": "assistant", "content": null, "refusal": null, "annotations": []});
        if !answer.reasoning.is_empty() {
            message["reasoning_content"] = answer.reasoning.concat().into();
        }
        match &answer.body {
            Body::Text(words) => message["content"] = words.concat().into(),
            Body::Refusal(words) => message["refusal"] = words.concat().into(),
            Body::Calls(calls) => {
                let call = |(at, call): (usize, &crate::emulator::answer::Call)| {
                    let function = json!({"name": call.name, "arguments": call.arguments.to_string()});
                    json!({"id": call_id(stamp, index, at), "type": "function", "function": function})
                };
                message["tool_calls"] = calls.iter().enumerate().map(call).collect();
            }
        }
        json!({"index": index, "message": message, "logprobs": null, "finish_reason": finish_reason(&answer.end)})
    };
    let body = json!({
        "id": id(stamp),
        "object": "chat.completion",
        "created": stamp.seconds(),
        "model": asked.model,
        "choices": (0..asked.candidates).map(choice).collect::<Vec<_>>(),
        "usage": usage(answer.tokens, asked.candidates),
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    });
    // The real one is pretty-printed too.
    let mut reply = Reply::json(200, "application/json", &Value::Null);
    reply.payload = crate::emulator::reply::Payload::Whole(format!("{body:#}\n").into());
    reply
}

const FINGERPRINT: &str = "fp_emulator00";

fn id(stamp: Stamp) -> String {
    stamp.id("chatcmpl-", 29, 0)
}

fn call_id(stamp: Stamp, index: u64, at: usize) -> String {
    stamp.id("call_", 24, index * 100 + at as u64)
}

fn finish_reason(end: &End) -> &'static str {
    match end {
        // A model that declines is done; the refusal is in the message.
        End::Done | End::Stopped(_) | End::Refused => "stop",
        End::Length => "length",
        End::Calls => "tool_calls",
        End::Filtered => "content_filter",
    }
}

fn usage(tokens: Tokens, candidates: u64) -> Value {
    let output = tokens.output * candidates;
    json!({
        "prompt_tokens": tokens.input,
        "completion_tokens": output,
        "total_tokens": tokens.input + output,
        "prompt_tokens_details": {"cached_tokens": tokens.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": tokens.reasoning * candidates, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    })
}

/// The chunks of one stream.
struct Chunks<'a> {
    asked: &'a Asked,
    answer: &'a Answer,
    stamp: Stamp,
}

impl Chunks<'_> {
    fn all(&self) -> Vec<Piece> {
        let candidates = 0..self.asked.candidates;
        let mut pieces: Vec<Piece> = candidates.clone().map(|index| self.begin(index)).collect();
        // Several answers come side by side, as from the real one.
        let streams: Vec<Vec<Piece>> = candidates.clone().map(|index| self.content(index)).collect();
        let longest = streams.iter().map(Vec::len).max().unwrap_or(0);
        let mut streams: Vec<_> = streams.into_iter().map(Vec::into_iter).collect();
        for _ in 0..longest {
            pieces.extend(streams.iter_mut().filter_map(Iterator::next));
        }
        pieces.extend(
            candidates
                .map(|index| self.chunk(PieceRole::Tail, index, &json!({}), Some(finish_reason(&self.answer.end)))),
        );
        if self.asked.form == Form::StreamWithUsage {
            let mut chunk = self.envelope(&json!([]));
            chunk["usage"] = usage(self.answer.tokens, self.asked.candidates);
            pieces.push(event(PieceRole::Tail, &chunk));
        }
        pieces.push(Piece::new(PieceRole::End, "data: [DONE]\n\n"));
        pieces
    }

    fn begin(&self, index: u64) -> Piece {
        let content = match self.answer.body {
            Body::Text(_) => json!(""),
            _ => Value::Null,
        };
        let delta = json!({"role": "assistant", "content": content, "refusal": null});
        self.chunk(PieceRole::Frame, index, &delta, None)
    }

    fn content(&self, index: u64) -> Vec<Piece> {
        let word = |field: &str, word: &String| self.chunk(PieceRole::Content, index, &json!({ field: word }), None);
        let mut pieces: Vec<Piece> =
            self.answer.reasoning.iter().map(|words| word("reasoning_content", words)).collect();
        match &self.answer.body {
            Body::Text(words) => pieces.extend(words.iter().map(|words| word("content", words))),
            Body::Refusal(words) => pieces.extend(words.iter().map(|words| word("refusal", words))),
            Body::Calls(calls) => {
                for (at, call) in calls.iter().enumerate() {
                    let function = json!({"name": call.name, "arguments": ""});
                    let id = call_id(self.stamp, index, at);
                    let first = json!({"index": at, "id": id, "type": "function", "function": function});
                    pieces.push(self.chunk(PieceRole::Frame, index, &json!({"tool_calls": [first]}), None));
                    pieces.extend(argument_pieces(&call.arguments).iter().map(|piece| {
                        let next = json!({"index": at, "function": {"arguments": piece}});
                        self.chunk(PieceRole::Content, index, &json!({"tool_calls": [next]}), None)
                    }));
                }
            }
        }
        pieces
    }

    fn chunk(&self, role: PieceRole, index: u64, delta: &Value, finish_reason: Option<&str>) -> Piece {
        let choice = json!({"index": index, "delta": delta, "logprobs": null, "finish_reason": finish_reason});
        let mut chunk = self.envelope(&json!([choice]));
        if self.asked.form == Form::StreamWithUsage {
            chunk["usage"] = Value::Null;
        }
        event(role, &chunk)
    }

    fn envelope(&self, choices: &Value) -> Value {
        json!({
            "id": id(self.stamp),
            "object": "chat.completion.chunk",
            "created": self.stamp.seconds(),
            "model": self.asked.model,
            "service_tier": "default",
            "system_fingerprint": FINGERPRINT,
            "choices": choices,
        })
    }
}

fn event(role: PieceRole, data: &Value) -> Piece {
    Piece::new(role, format!("data: {data}\n\n"))
}

/// Writes vectors.
pub(super) fn embed(texts: &Texts, vectors: &[Vec<f32>]) -> Reply {
    use base64::Engine as _;
    let vector = |vector: &Vec<f32>| {
        if texts.base64 {
            let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
            Value::String(base64::engine::general_purpose::STANDARD.encode(bytes))
        } else {
            json!(vector)
        }
    };
    let entry = |(index, numbers)| json!({"object": "embedding", "index": index, "embedding": vector(numbers)});
    let tokens: u64 = texts.inputs.iter().map(|text| crate::emulator::answer::tokens_of(text)).sum();
    let body = json!({
        "object": "list",
        "data": vectors.iter().enumerate().map(entry).collect::<Vec<_>>(),
        "model": texts.model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    });
    Reply::json(200, "application/json", &body)
}

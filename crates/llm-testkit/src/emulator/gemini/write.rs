//! Writes generated content, whole and in chunks.

use serde_json::{Value, json};

use super::check::signature;
use super::{JSON, pretty};
use crate::emulator::answer::{Answer, Asked, Body, Call, End, Form, Tokens};
use crate::emulator::reply::{Piece, PieceRole, Reply};
use crate::emulator::stamp::Stamp;

/// Writes an answer.
pub(super) fn content(asked: &Asked, answer: &Answer, stamp: Stamp) -> Reply {
    match asked.form {
        Form::Whole => {
            let candidate = |index: u64| {
                let content = json!({"parts": whole_parts(asked, answer), "role": "model"});
                json!({"content": content, "finishReason": finish_reason(&answer.end), "index": index})
            };
            let candidates = (0..asked.candidates).map(candidate).collect();
            pretty(200, &response(asked, &candidates, &usage(answer.tokens, answer.tokens), stamp))
        }
        form => stream(form, chunks(asked, answer, stamp)),
    }
}

/// Writes the answer to a prompt that the filter blocks: no candidate at all.
pub(super) fn blocked(asked: &Asked, stamp: Stamp) -> Reply {
    let tokens = Tokens { input: asked.input_tokens, ..Tokens::default() };
    let mut body = response(asked, &Value::Null, &usage(tokens, tokens), stamp);
    if let Some(body) = body.as_object_mut() {
        body.remove("candidates");
        body.insert("promptFeedback".to_owned(), json!({"blockReason": "PROHIBITED_CONTENT"}));
    }
    match asked.form {
        Form::Whole => pretty(200, &body),
        form => stream(form, vec![(PieceRole::End, body)]),
    }
}

fn stream(form: Form, chunks: Vec<(PieceRole, Value)>) -> Reply {
    if form == Form::StreamAsArray {
        let pieces = chunks.into_iter().enumerate().map(|(at, (role, chunk))| {
            let before = if at == 0 { "[" } else { ",\r\n" };
            let after = if role == PieceRole::End { "\n]" } else { "" };
            Piece::new(role, format!("{before}{chunk:#}{after}"))
        });
        return Reply::stream(JSON, pieces.collect());
    }
    // Google ends its lines in CR LF.
    let pieces = chunks.into_iter().map(|(role, chunk)| Piece::new(role, format!("data: {chunk}\r\n\r\n")));
    Reply::stream("text/event-stream", pieces.collect()).with_header("content-disposition", "attachment")
}

fn whole_parts(asked: &Asked, answer: &Answer) -> Vec<Value> {
    let mut parts = Vec::new();
    if !answer.reasoning.is_empty() {
        parts.push(json!({"text": answer.reasoning.concat(), "thought": true}));
    }
    let before = parts.len();
    match &answer.body {
        Body::Text(words) | Body::Refusal(words) if words.is_empty() => {}
        Body::Text(words) | Body::Refusal(words) => parts.push(json!({"text": words.concat()})),
        Body::Calls(calls) => parts.extend(calls.iter().map(call_part)),
    }
    // The signature stands on the first part after the thoughts.
    if thought(answer)
        && let Some(part) = parts.get_mut(before)
    {
        part["thoughtSignature"] = signature(&asked.model).into();
    }
    parts
}

/// Whether the answer was thought over, shown or not.
fn thought(answer: &Answer) -> bool {
    answer.tokens.reasoning > 0
}

fn call_part(call: &Call) -> Value {
    // No id: most of Google's answers have none.
    json!({"functionCall": {"name": call.name, "args": call.arguments}})
}

fn chunks(asked: &Asked, answer: &Answer, stamp: Stamp) -> Vec<(PieceRole, Value)> {
    let mut so_far = Tokens { output: 0, reasoning: 0, ..answer.tokens };
    if answer.reasoning.is_empty() {
        // Thoughts that are not shown are counted from the first chunk on.
        (so_far.output, so_far.reasoning) = (answer.tokens.reasoning, answer.tokens.reasoning);
    }
    let mut chunks = Vec::new();
    let mut chunk = |role, part: Value, tokens: Tokens, end: Option<&End>| {
        let mut candidate = json!({"content": {"parts": [part], "role": "model"}, "index": 0});
        if let Some(end) = end {
            candidate["finishReason"] = finish_reason(end).into();
        }
        chunks.push((role, response(asked, &json!([candidate]), &usage(answer.tokens, tokens), stamp)));
    };
    for words in &answer.reasoning {
        so_far.output += 1;
        so_far.reasoning += 1;
        chunk(PieceRole::Content, json!({"text": words, "thought": true}), so_far, None);
    }
    match &answer.body {
        Body::Text(words) | Body::Refusal(words) => {
            for word in words {
                so_far.output += 1;
                chunk(PieceRole::Content, json!({"text": word}), so_far, None);
            }
            // As from Google, the last part may be empty and carry nothing but the signature.
            let mut last = json!({"text": ""});
            if thought(answer) {
                last["thoughtSignature"] = signature(&asked.model).into();
            }
            chunk(PieceRole::End, last, answer.tokens, Some(&answer.end));
        }
        Body::Calls(calls) => {
            // A call comes whole.
            for (at, call) in calls.iter().enumerate() {
                let mut part = call_part(call);
                if at == 0 && thought(answer) {
                    part["thoughtSignature"] = signature(&asked.model).into();
                }
                chunk(PieceRole::Content, part, answer.tokens, None);
            }
            chunk(PieceRole::End, json!({"text": ""}), answer.tokens, Some(&answer.end));
        }
    }
    chunks
}

fn response(asked: &Asked, candidates: &Value, usage: &Value, stamp: Stamp) -> Value {
    json!({
        "candidates": candidates,
        "usageMetadata": usage,
        "modelVersion": asked.model,
        "responseId": stamp.id("", 22, 0),
    })
}

/// Here thoughts stand beside the candidates' tokens, and cached tokens are part of the prompt's.
fn usage(whole: Tokens, so_far: Tokens) -> Value {
    let visible = so_far.output - so_far.reasoning;
    let mut usage = json!({
        "promptTokenCount": whole.input,
        "totalTokenCount": whole.input + so_far.output,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": whole.input}],
    });
    for (name, count) in [
        ("candidatesTokenCount", visible),
        ("thoughtsTokenCount", so_far.reasoning),
        ("cachedContentTokenCount", whole.cache_read),
    ] {
        if count > 0 {
            usage[name] = count.into();
        }
    }
    usage
}

/// Tool calls also end with STOP.
fn finish_reason(end: &End) -> &'static str {
    match end {
        End::Done | End::Stopped(_) | End::Calls | End::Refused => "STOP",
        End::Length => "MAX_TOKENS",
        End::Filtered => "SAFETY",
    }
}

//! Answers and errors in one normal form for all vendors, as JSON: what `loquat call` prints and conformance compares.
//!
//! `text` is the words of the first answer; reasoning, refusals and transcripts are not in it.
//! Input tokens include cached ones, output tokens include reasoning; null is "not reported".

use llm_core::{ChatResponse, Error, ErrorKind, FinishReason, ToolCall, Usage};
use serde_json::{Map, Value, json};

/// An answer in normal form.
pub fn answer(response: &ChatResponse) -> Value {
    let calls: Vec<&ToolCall> = response.message.tool_calls().collect();
    json!({
        "text": response.text(),
        "reasoning": response.message.reasoning(),
        "tool_calls": calls.iter().map(|call| tool_call(call)).collect::<Vec<_>>(),
        "finish_reason": finish_reason(&response.finish.reason, !calls.is_empty()),
        "usage": usage(&response.usage),
        "model": response.model,
        "id": response.id,
        "provider": response.origin.provider,
        "attempts": response.attempts.len().max(1),
    })
}

/// An error in normal form: `{"error": {…}}`, and what had arrived before it under `partial`. Without a driver, and where
/// nothing was sent, there are 0 attempts.
pub fn error(error: &Error) -> Value {
    let mut out = Map::new();
    out.insert(
        "error".to_owned(),
        json!({
            "class": class(error),
            "message": error.message(),
            "status": error.status(),
            "provider": error.provider(),
            "retry_after_s": error.retry_after().map(|wait| wait.as_secs_f64()),
            "attempts": error.attempts().len(),
        }),
    );
    if let Some(partial) = error.partial() {
        out.insert("partial".to_owned(), json!({ "text": partial.text() }));
    }
    Value::Object(out)
}

/// The class of an error in the words of the normal form, which has fewer: one request over the limit of tokens per
/// minute is a rate limit when the vendor says so by status, otherwise too large is an invalid request, and so is
/// output that broke the vendor's own rules, which vendors report as a 400.
fn class(error: &Error) -> &'static str {
    match (error.kind(), error.status()) {
        (ErrorKind::PayloadTooLarge, Some(429)) => ErrorKind::RateLimited.as_str(),
        (ErrorKind::PayloadTooLarge | ErrorKind::ModelOutput, _) => ErrorKind::InvalidRequest.as_str(),
        (kind, _) => kind.as_str(),
    }
}

/// `stop | length | tool_calls | content_filter | other`. A stop together with tool calls is `tool_calls`.
fn finish_reason(reason: &FinishReason, has_calls: bool) -> &'static str {
    match reason {
        FinishReason::Stop if has_calls => "tool_calls",
        FinishReason::Stop => "stop",
        FinishReason::Length | FinishReason::ContextWindow => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter | FinishReason::Refusal => "content_filter",
        _ => "other",
    }
}

/// Arguments as JSON where they are JSON, `{}` where there are none, the raw text where they were cut off.
fn tool_call(call: &ToolCall) -> Value {
    let arguments = match call.arguments.trim() {
        "" => Value::Object(Map::new()),
        text => serde_json::from_str(text).unwrap_or_else(|_| Value::String(call.arguments.clone())),
    };
    json!({ "id": call.id, "name": call.name, "arguments": arguments })
}

fn usage(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cached_input_tokens": usage.cache_read,
        "cache_write_input_tokens": usage.cache_write,
        "reasoning_tokens": usage.reasoning,
    })
}

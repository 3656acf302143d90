//! Answers in the form of OpenAI's chat, in OpenAI's words.
//!
//! Mistral's models say `stop_reason` for `finish_reason`, and `message` for `delta` in streams (AWS's page on Mistral
//! Large 2, read 2026-11). In a stream that counts no tokens, the service's metrics do.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::chunk::METRICS;

/// A whole answer.
pub fn whole_chat(body: &[u8]) -> Cow<'_, [u8]> {
    reworded(body, false, &mut true)
}

/// A chunk of a stream. `counted` says whether an earlier one had counts of tokens.
pub(super) fn chat_chunk<'a>(chunk: &'a [u8], counted: &mut bool) -> Cow<'a, [u8]> {
    reworded(chunk, true, counted)
}

fn reworded<'a>(body: &'a [u8], streamed: bool, counted: &mut bool) -> Cow<'a, [u8]> {
    let has = |name: &str| body.windows(name.len()).any(|window| window == name.as_bytes());
    let foreign = has("\"stop_reason\"") && !has("\"finish_reason\"");
    *counted |= has("\"usage\"");
    let metrics = !*counted && has(METRICS);
    if !foreign && !metrics {
        return Cow::Borrowed(body);
    }
    let Ok(mut fields) = serde_json::from_slice::<Map<String, Value>>(body) else { return Cow::Borrowed(body) };
    for choice in fields.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(choice) = choice.as_object_mut().filter(|_| foreign) else { continue };
        rename(choice, "stop_reason", "finish_reason");
        if streamed {
            rename(choice, "message", "delta");
        }
    }
    if let Some(usage) = fields.get(METRICS).and_then(counts) {
        *counted = true;
        fields.entry("usage").or_insert(usage);
        fields.entry("choices").or_insert_with(|| json!([]));
    }
    serde_json::to_vec(&fields).map_or(Cow::Borrowed(body), Cow::Owned)
}

fn rename(fields: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = fields.remove(from) {
        fields.entry(to).or_insert(value);
    }
}

fn counts(metrics: &Value) -> Option<Value> {
    let count = |name: &str| metrics.get(name).and_then(Value::as_u64);
    let (input, output) = (count("inputTokenCount")?, count("outputTokenCount")?);
    Some(json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input.saturating_add(output) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_said_in_other_words_is_touched() {
        let plain =
            br#"{"choices": [{"delta": {"content": "\"stop_reason\""}, "finish_reason": null, "stop_reason": 5}]}"#;
        assert!(matches!(chat_chunk(plain, &mut false), Cow::Borrowed(_)));
        let mistral = br#"{"choices": [{"index": 0, "message": {"content": "Hi"}, "stop_reason": "length"}]}"#;
        let read = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap();
        let expected = json!({"index": 0, "message": {"content": "Hi"}, "finish_reason": "length"});
        assert_eq!(read(&whole_chat(mistral))["choices"][0], expected);
        let expected = json!({"index": 0, "delta": {"content": "Hi"}, "finish_reason": "length"});
        assert_eq!(read(&chat_chunk(mistral, &mut false))["choices"][0], expected);
    }

    #[test]
    fn metrics_count_where_nothing_else_did() {
        let last = br#"{"amazon-bedrock-invocationMetrics": {"inputTokenCount": 3, "outputTokenCount": 2}}"#;
        let read: Value = serde_json::from_slice(&chat_chunk(last, &mut false)).unwrap();
        assert_eq!((&read["usage"]["prompt_tokens"], &read["usage"]["completion_tokens"]), (&json!(3), &json!(2)));
        assert!(matches!(chat_chunk(last, &mut true), Cow::Borrowed(_)));
    }
}

//! Reads a recorded request, encodes it again for the same vendor, and says how the two differ.
//!
//! What is written in several ways and means one thing is brought into one form on both sides first:
//!
//! - null, an empty list and an empty object are nothing; so is `stream: false`, and so are `tool_choice: "auto"` and a
//!   text format, the defaults of every vendor.
//! - Content as a string is a list of one text, in messages, in results of tools and in `system`; one text to stop at is
//!   a list, too.
//! - In the Responses API an input that is a string is one message of the user, an item without a type is a message, and
//!   text is `input_text` or `output_text` by the side that says it.
//! - `user` and `safety_identifier` are the same field, and so are `max_tokens` and `max_completion_tokens`.
//! - Usage is asked for in every stream, and at OpenRouter in every request.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use llm_core::{Cx, Error, ErrorKind, HttpRequest, HttpResponse, Registry, Transport};
use serde_json::{Map, Value, json};

use super::case::Case;
use super::replay::{provider, request};

/// The differences between the recorded request and the one that is sent instead; `None` when the provider or the
/// operation is not built yet, or the recording has no whole request.
pub async fn same_request(case: &Case, registry: &Registry) -> anyhow::Result<Option<Vec<String>>> {
    if case.kind == "error" || super::recorded_request(case).is_none() {
        return Ok(None);
    }
    let (Some((provider, operation)), Some(recorded)) = (provider(case, registry)?, &case.request) else {
        return Ok(None);
    };
    let sent = Arc::new(Mutex::new(None));
    let cx = Cx::new(Arc::new(Caught(sent.clone())));
    let answer = match request(case, operation) {
        Ok(request) => provider.call(&cx, request).await.err(),
        Err(error) => Some(error),
    };
    let body = sent.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(body) = body else {
        let why = answer.map_or_else(String::new, |error| error.to_string());
        return Ok(Some(vec![format!("nothing is sent: {why}")]));
    };
    let mut problems = Vec::new();
    let (mut wanted, mut got) = (recorded.body.clone(), serde_json::from_slice(&body)?);
    for body in [&mut wanted, &mut got] {
        usual(body, &case.api);
    }
    differences("", &wanted, &got, &mut problems);
    Ok(Some(problems))
}

/// Keeps the body of the request and answers nothing.
struct Caught(Arc<Mutex<Option<Bytes>>>);

#[async_trait]
impl Transport for Caught {
    async fn send(&self, _cx: &Cx, request: HttpRequest) -> Result<HttpResponse, Error> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(request.body);
        Err(Error::new(ErrorKind::Network, "caught"))
    }
}

/// Brings a body into its usual form.
fn usual(body: &mut Value, api: &str) {
    without_nothing(body);
    let Some(fields) = body.as_object_mut() else { return };
    remove(fields, "stream", |value| value == false);
    remove(fields, "stream_options", |_| true);
    remove(fields, "usage", |value| value["include"] == true);
    remove(fields, "tool_choice", |value| value == "auto" || *value == json!({"type": "auto"}));
    rename(fields, "user", "safety_identifier");
    rename(fields, "max_tokens", "max_completion_tokens");
    if api == "openai-responses" { responses(fields) } else { chats(fields) }
}

fn chats(fields: &mut Map<String, Value>) {
    remove(fields, "response_format", |value| value["type"] == "text");
    if let Some(Value::String(text)) = fields.get("stop") {
        let several = json!([text]);
        fields.insert("stop".to_owned(), several);
    }
    if let Some(Value::String(text)) = fields.get("system") {
        let several = json!([{ "type": "text", "text": text }]);
        fields.insert("system".to_owned(), several);
    }
    for message in fields.get_mut("messages").and_then(Value::as_array_mut).into_iter().flatten() {
        list(message, "content", "text");
        for part in message.get_mut("content").and_then(Value::as_array_mut).into_iter().flatten() {
            list(part, "content", "text");
        }
    }
}

fn responses(fields: &mut Map<String, Value>) {
    if let Some(text) = fields.get_mut("text").and_then(Value::as_object_mut) {
        remove(text, "format", |format| format["type"] == "text");
    }
    remove(fields, "text", |text| *text == json!({}));
    if let Some(Value::String(words)) = fields.get("input") {
        let item = json!([{ "role": "user", "content": words }]);
        fields.insert("input".to_owned(), item);
    }
    for item in fields.get_mut("input").and_then(Value::as_array_mut).into_iter().flatten() {
        if item["type"].is_null() {
            item["type"] = "message".into();
        }
        if item["type"] == "message" {
            let kind = if item["role"] == "assistant" { "output_text" } else { "input_text" };
            list(item, "content", kind);
        }
    }
}

/// Content as a list, if it is a text.
fn list(message: &mut Value, field: &str, kind: &str) {
    if let Some(Value::String(words)) = message.get(field) {
        message[field] = json!([{ "type": kind, "text": words }]);
    }
}

fn remove(fields: &mut Map<String, Value>, name: &str, when: impl Fn(&Value) -> bool) {
    if fields.get(name).is_some_and(when) {
        fields.remove(name);
    }
}

fn rename(fields: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = fields.remove(from) {
        fields.entry(to).or_insert(value);
    }
}

/// Takes out null, empty lists and empty objects, from the inside out.
fn without_nothing(value: &mut Value) {
    let nothing = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_nothing),
        Value::Object(fields) => {
            fields.values_mut().for_each(without_nothing);
            fields.retain(|_, value| !nothing(value));
        }
        _ => {}
    }
}

fn differences(path: &str, wanted: &Value, got: &Value, problems: &mut Vec<String>) {
    match (wanted, got) {
        (Value::Object(wanted), Value::Object(got)) => {
            for (name, value) in wanted {
                match got.get(name) {
                    Some(got) => differences(&format!("{path}.{name}"), value, got, problems),
                    None => problems.push(format!("{path}.{name} is missing")),
                }
            }
            for name in got.keys().filter(|name| !wanted.contains_key(*name)) {
                problems.push(format!("{path}.{name} is added"));
            }
        }
        (Value::Array(wanted), Value::Array(got)) if wanted.len() == got.len() => {
            for (at, (wanted, got)) in wanted.iter().zip(got).enumerate() {
                differences(&format!("{path}[{at}]"), wanted, got, problems);
            }
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        (wanted, got) if wanted == got => {}
        (wanted, got) => problems.push(format!("{path} is {}, not {}", short(got), short(wanted))),
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_in_other_words_is_the_same() {
        let mut short =
            json!({"model": "m", "input": "hi", "stream": false, "user": "u", "tools": [], "temperature": 1});
        let mut long = json!({"model": "m", "safety_identifier": "u", "temperature": 1.0, "store": null,
            "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}]});
        let mut problems = Vec::new();
        for body in [&mut short, &mut long] {
            usual(body, "openai-responses");
        }
        differences("", &short, &long, &mut problems);
        assert_eq!(problems, Vec::<String>::new());
    }

    #[test]
    fn what_is_lost_added_or_changed_is_named() {
        let mut problems = Vec::new();
        differences("", &json!({"a": [1, {"b": 2}], "c": 3}), &json!({"a": [1, {"b": 4}], "d": 5}), &mut problems);
        assert_eq!(problems, [".a[1].b is 4, not 2", ".c is missing", ".d is added"]);
    }
}

//! Reads a recorded request, encodes it again for the same vendor, and says how the two differ.
//!
//! What is written in several ways and means one thing is brought into one form on both sides first: by the rules of
//! `usual`, as few and as narrow as the recordings need.

mod anthropic;
mod bedrock;
mod cohere;
mod gemini;
mod ollama;
mod openai;
mod responses;
mod usual;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use llm_core::{Cx, Error, ErrorKind, HttpRequest, HttpResponse, Registry, Transport};
use serde_json::Value;

use super::case::Case;
use super::operations::is_read;
use super::replay::{provider, request};
use usual::usual;
pub use usual::{Rule, rules};

/// The differences between the recorded request and the one that is sent instead; `None` when the provider or the
/// operation is not built yet, or the recording has no whole request.
pub async fn same_request(case: &Case, registry: &Registry) -> anyhow::Result<Option<Vec<String>>> {
    if case.kind == "error" || (super::recorded_request(case).is_none() && !is_read(case)) {
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
        usual(body, case);
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
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_in_other_words_is_the_same() {
        let mut short =
            json!({"model": "m", "input": "hi", "stream": false, "user": "u", "tools": [], "temperature": 1});
        let mut long = json!({"model": "m", "safety_identifier": "u", "temperature": 1.0, "store": null,
            "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}]});
        let mut problems = Vec::new();
        let case = Case::streamed(("openai", "openai-responses"), "", b"");
        for body in [&mut short, &mut long] {
            usual(body, &case);
        }
        differences("", &short, &long, &mut problems);
        assert_eq!(problems, Vec::<String>::new());
    }

    #[test]
    fn what_only_looks_like_nothing_is_missed() {
        let case = Case::streamed(("openai", "openai-chat"), "", b"");
        let schema = json!({"properties": {"a": {"default": null, "enum": []}}});
        let mut wanted = json!({"web_search_options": {}, "stream_options": {"include_usage": true, "more": 1},
            "tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}]});
        let mut got = json!({"tools": [{"type": "function", "function": {"name": "f", "parameters":
            {"properties": {"a": {}}}}}]});
        let mut problems = Vec::new();
        for body in [&mut wanted, &mut got] {
            usual(body, &case);
        }
        differences("", &wanted, &got, &mut problems);
        problems.sort();
        let within = ".tools[0].function.parameters.properties.a";
        let lost = [format!("{within}.default"), format!("{within}.enum")];
        let lost = [".stream_options", &lost[0], &lost[1], ".web_search_options"];
        assert_eq!(problems, lost.map(|field| format!("{field} is missing")));
    }

    #[test]
    fn what_is_lost_added_or_changed_is_named() {
        let mut problems = Vec::new();
        differences("", &json!({"a": [1, {"b": 2}], "c": 3}), &json!({"a": [1, {"b": 4}], "d": 5}), &mut problems);
        assert_eq!(problems, [".a[1].b is 4, not 2", ".c is missing", ".d is added"]);
    }
}

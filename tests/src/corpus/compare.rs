//! When an answer equals the expected one: the rules of the corpus's `compare.py`.

use serde_json::Value;

/// The differences between an expected and an actual answer in normal form; none means equal.
pub fn compare(expected: &Value, got: &Value) -> Vec<String> {
    if expected.is_null() {
        return Vec::new();
    }
    if !expected["error"].is_null() {
        return compare_error(expected, got);
    }
    if got.is_null() || got.get("error").is_some() {
        return vec![format!("expected an answer, got an error {}", short(&got["error"]))];
    }
    let mut problems = Vec::new();
    for key in ["dimensions", "count", "input_tokens", "flagged", "results", "first_ids", "output_types"] {
        if expected.get(key).is_some() && expected.get("text").is_none() && !same(&expected[key], &got[key]) {
            problems.push(format!("{key} {} not {}", short(&got[key]), short(&expected[key])));
        }
    }
    if let Some(first) = expected["first3"].as_array() {
        let close = |(a, b): (&Value, &Value)| match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= (1e-4 * a.abs().max(b.abs())).max(1e-7),
            _ => false,
        };
        let mine = got["first3"].as_array().map(Vec::as_slice).unwrap_or_default();
        if mine.len() != first.len() || !first.iter().zip(mine).all(close) {
            problems.push("first3 differ".to_owned());
        }
    }
    if expected.get("text").is_some() {
        compare_answer(expected, got, &mut problems);
    }
    compare_usage(expected, got, &mut problems);
    problems
}

fn compare_error(expected: &Value, got: &Value) -> Vec<String> {
    let (e, g) = (&expected["error"], &got["error"]);
    if g.is_null() {
        return vec!["expected an error, got an answer".to_owned()];
    }
    let mut problems = Vec::new();
    let also = e["class_also"].as_array().is_some_and(|also| also.contains(&g["class"]));
    if g["class"] != e["class"] && !also {
        problems.push(format!("error.class {} not {}", g["class"], e["class"]));
    }
    if !e["status"].is_null() && !truthy(&e["midstream"]) && g["status"] != e["status"] {
        problems.push(format!("error.status {} not {}", g["status"], e["status"]));
    }
    if let Some(message) = e["message"].as_str()
        && !g["message"].as_str().unwrap_or_default().contains(message)
    {
        problems.push(format!(
            "error.message lost the provider's message: {} not {}",
            short(&g["message"]),
            short(&e["message"])
        ));
    }
    if let Some(wait) = e["retry_after_s"].as_f64()
        && (g["retry_after_s"].as_f64().unwrap_or(0.0) - wait).abs() > 0.5
    {
        problems.push(format!("error.retry_after_s {} not {wait}", g["retry_after_s"]));
    }
    let (partial, mine) = (&expected["partial"]["text"], &got["partial"]["text"]);
    if truthy(partial) && !mine.is_null() && mine != partial {
        problems.push("partial.text before the error differs".to_owned());
    }
    problems
}

fn compare_answer(expected: &Value, got: &Value, problems: &mut Vec<String>) {
    if got["text"] != expected["text"] {
        problems.push(format!("text differs: {} not {}", short(&got["text"]), short(&expected["text"])));
    }
    if expected.get("finish_reason").is_none() {
        return;
    }
    let also = expected["finish_reason_also"].as_array().is_some_and(|also| also.contains(&got["finish_reason"]));
    if got["finish_reason"] != expected["finish_reason"] && !also {
        problems.push(format!(
            "finish_reason {} not {} (raw {})",
            got["finish_reason"], expected["finish_reason"], expected["finish_reason_raw"]
        ));
    }
    let reasoning = if truthy(&got["reasoning"]) { &got["reasoning"] } else { &Value::Null };
    if *reasoning != expected["reasoning"] {
        problems.push(format!("reasoning differs: {} not {}", short(reasoning), short(&expected["reasoning"])));
    }
    let empty = Vec::new();
    let wanted = expected["tool_calls"].as_array().unwrap_or(&empty);
    let mine = got["tool_calls"].as_array().unwrap_or(&empty);
    if wanted.len() != mine.len() {
        problems.push(format!("{} tool calls, not {}", mine.len(), wanted.len()));
    }
    for (i, (x, y)) in wanted.iter().zip(mine).enumerate() {
        if x["name"] != y["name"] {
            problems.push(format!("tool_calls[{i}].name {} not {}", y["name"], x["name"]));
        }
        if x["arguments"].is_string() && x["type"] != "custom" {
            if y["arguments"] != x["arguments"] && !y["arguments"].is_null() {
                problems.push(format!("tool_calls[{i}].arguments invented out of truncated JSON"));
            }
        } else if !same(&x["arguments"], &y["arguments"]) {
            problems.push(format!(
                "tool_calls[{i}].arguments differ: {} not {}",
                short(&y["arguments"]),
                short(&x["arguments"])
            ));
        }
        if truthy(&x["id"]) && !y["id"].is_null() && y["id"] != x["id"] {
            problems.push(format!("tool_calls[{i}].id differs"));
        }
    }
    for key in ["model", "id"] {
        if truthy(&expected[key]) && got[key] != expected[key] {
            problems.push(format!("{key} {} not {}", got[key], expected[key]));
        }
    }
}

fn compare_usage(expected: &Value, got: &Value, problems: &mut Vec<String>) {
    let Some(wanted) = expected.get("usage") else { return };
    let mine = &got["usage"];
    if wanted.is_null() {
        if mine.as_object().is_some_and(|mine| mine.values().any(truthy)) {
            problems.push("usage invented where the provider sent none".to_owned());
        }
        return;
    }
    for key in ["input_tokens", "output_tokens", "cached_input_tokens", "cache_write_input_tokens", "reasoning_tokens"]
    {
        let zero = |value: &Value| value.as_f64().unwrap_or(0.0);
        if wanted.get(key).is_some() && (zero(&wanted[key]) - zero(&mine[key])).abs() > f64::EPSILON {
            problems.push(format!("usage.{key} {} not {}", mine[key], wanted[key]));
        }
    }
}

/// Equal as JSON, numbers by value.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => match (x.as_f64(), y.as_f64()) {
            (Some(x), Some(y)) => (x - y).abs() <= (1e-9 * x.abs().max(y.abs())).max(1e-12),
            _ => x == y,
        },
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y)),
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(key, x)| y.get(key).is_some_and(|y| same(x, y)))
        }
        _ => a == b,
    }
}

/// Python's idea of truth.
fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sees_what_differs_and_forgives_what_the_rules_forgive() {
        let expected = json!({"text": "a", "finish_reason": "stop", "reasoning": null, "tool_calls": [], "model": "m",
            "usage": {"input_tokens": 3, "cached_input_tokens": null}});
        let got = |text: &str, input: u64| {
            json!({"text": text, "finish_reason": "stop", "reasoning": "", "tool_calls": [], "model": "m",
                "usage": {"input_tokens": input, "cached_input_tokens": 0}})
        };
        assert_eq!(compare(&expected, &got("a", 3)), Vec::<String>::new());
        assert_eq!(compare(&expected, &got("b", 4)).len(), 2);
        assert_eq!(compare(&expected, &json!({"error": {"class": "server"}})).len(), 1);
        let error = json!({"error": {"class": "auth", "class_also": ["permission"], "status": 401, "message": "no"}});
        assert_eq!(
            compare(&error, &json!({"error": {"class": "permission", "status": 401, "message": "x: no"}})),
            Vec::<String>::new()
        );
        assert_eq!(compare(&error, &json!({"error": {"class": "server", "status": 500, "message": "yes"}})).len(), 3);
    }
}

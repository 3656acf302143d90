//! What a call used, both ways. The vendor counts twice: `tokens` that the model read and wrote, and `billed_units`,
//! which are fewer, because its own instructions are free.

use llm_core::{Component, Usage};
use serde_json::{Map, Value, json};

/// Reads `usage` of an answer, or `meta` of the API before and of embeddings and reranks.
///
/// Tokens of reasoning and of images are kept as the vendor says them: the former stand in no other count of it, and
/// the latter beside the input, not in it (recordings of 2026).
pub(crate) fn decode(said: &Value) -> Usage {
    let (tokens, billed) = (&said["tokens"], &said["billed_units"]);
    let mut usage = Usage::default();
    usage.input = count(&tokens["input_tokens"]).or_else(|| count(&billed["input_tokens"]));
    usage.output = count(&tokens["output_tokens"]).or_else(|| count(&billed["output_tokens"]));
    // Of the tokens that were read, not of those that are billed.
    let cached = count(&said["cached_tokens"]);
    usage.cache_read = cached.filter(|cached| usage.input.is_some_and(|input| input >= *cached));
    if let (None, Some(cached)) = (usage.cache_read, cached) {
        usage.extra.insert("cached_tokens".to_owned(), cached.into());
    }
    if let Some(units) = billed.as_object() {
        usage.extra.insert("billed_units".to_owned(), Value::Object(units.clone()));
    }
    let more = tokens.as_object().into_iter().flatten();
    let more: Map<String, Value> = more
        .filter(|(name, value)| !["input_tokens", "output_tokens"].contains(&name.as_str()) && !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if !more.is_empty() {
        usage.extra.insert("tokens".to_owned(), Value::Object(more));
    }
    // A search is one query with at most a hundred documents.
    match count(&billed["search_units"]) {
        Some(searches) => usage.with_counted(Component::Request, searches),
        None => usage,
    }
}

/// Counts come as whole floats, too.
fn count(value: &Value) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and small")]
    let whole = |number: f64| {
        (number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number)).then_some(number as u64)
    };
    value.as_u64().or_else(|| value.as_f64().and_then(whole))
}

/// Writes `usage`; null when nothing is known.
pub(crate) fn encode(usage: &Usage) -> Value {
    let mut said = Map::new();
    if let Some(billed) = usage.extra.get("billed_units") {
        said.insert("billed_units".to_owned(), billed.clone());
    } else if let Some(searches) = usage.counted.get(&Component::Request) {
        said.insert("billed_units".to_owned(), json!({ "search_units": searches }));
    }
    let mut tokens = usage.extra.get("tokens").and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, count) in [("input_tokens", usage.input), ("output_tokens", usage.output)] {
        if let Some(count) = count {
            tokens.insert(name.to_owned(), count.into());
        }
    }
    if !tokens.is_empty() {
        said.insert("tokens".to_owned(), Value::Object(tokens));
    }
    if let Some(cached) = usage.cache_read {
        said.insert("cached_tokens".to_owned(), cached.into());
    }
    if said.is_empty() { Value::Null } else { Value::Object(said) }
}

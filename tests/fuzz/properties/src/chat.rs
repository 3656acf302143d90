//! What holds for every whole answer and every request: what is read can be written again, and is then read as the same.

use std::sync::Arc;

use llm_core::{ChatRequest, EmbedResponse, Error, Origin};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Where answers come from.
pub(crate) fn origin(api: &'static str) -> Arc<Origin> {
    Arc::new(Origin::new(api, "fuzz", "model"))
}

/// An answer that is read can be written, and after that once more changes nothing: reading may only complete it.
pub(crate) fn answer<T>(body: &[u8], decode: impl Fn(&[u8]) -> Result<T, Error>, encode: impl Fn(&T) -> Vec<u8>) {
    let Ok(read) = decode(body) else { return };
    again(&encode(&read), decode, |answer| Some(encode(answer)));
}

/// A request that is read can be written, and is then read as the same; one that the vendor cannot take is not written.
pub(crate) fn request(
    body: &[u8],
    decode: impl Fn(&[u8]) -> Result<ChatRequest, Error>,
    encode: impl Fn(&ChatRequest) -> Result<Vec<u8>, Error>,
) {
    // Nobody asks nothing, and no vendor has a form for it.
    again(body, decode, |request| if request.messages.is_empty() { None } else { encode(request).ok() });
}

/// Vectors that are read can be written and read again, but for numbers that are too great to be any.
pub(crate) fn vectors(
    body: &[u8],
    decode: impl Fn(&[u8]) -> Result<EmbedResponse, Error>,
    encode: impl Fn(&EmbedResponse) -> Vec<u8>,
) {
    let is_finite = |response: &EmbedResponse| response.vectors.iter().flatten().all(|number| number.is_finite());
    if decode(body).is_ok_and(|response| is_finite(&response)) {
        answer(body, decode, encode);
    }
}

/// Whatever is read and written again is then read as the same.
pub(crate) fn again<T>(
    body: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, Error>,
    encode: impl Fn(&T) -> Option<Vec<u8>>,
) {
    let Ok(read) = decode(body) else { return };
    let Some(written) = encode(&read) else { return };
    let shown = String::from_utf8_lossy(&written);
    let read = decode(&written).unwrap_or_else(|error| panic!("what we write is refused: {error}\n{shown}"));
    let Some(rewritten) = encode(&read) else { panic!("what was read from our own bytes cannot be written\n{shown}") };
    // As JSON: the order of fields that are only passed on says nothing.
    let value = |bytes: &[u8]| {
        let _: &RawValue = serde_json::from_slice(bytes).expect("what we write is no JSON");
        // A number beyond any double is JSON, goes through as text, and has no value to compare.
        serde_json::from_slice::<Value>(bytes).ok()
    };
    let (Some(first), Some(second)) = (value(&written), value(&rewritten)) else { return };
    assert!(same(&first, &second), "written again it is something else\n{first}\n{second}");
}

/// Equal as JSON; `null` is absent, and a number of very many digits may lose its last bit each time it is read.
fn same(first: &Value, second: &Value) -> bool {
    match (first, second) {
        (Value::Array(first), Value::Array(second)) => {
            first.len() == second.len() && first.iter().zip(second).all(|(first, second)| same(first, second))
        }
        (Value::Object(first), Value::Object(second)) => {
            let said = |fields: &Map<String, Value>| fields.values().filter(|value| !value.is_null()).count();
            let equal = |(name, first): (&String, &Value)| {
                first.is_null() || second.get(name).is_some_and(|second| same(first, second))
            };
            said(first) == said(second) && first.iter().all(equal)
        }
        (Value::Number(first), Value::Number(second)) if first != second => {
            let (first, second) = (first.as_f64().unwrap_or_default(), second.as_f64().unwrap_or_default());
            (first - second).abs() <= first.abs() * 1e-12
        }
        (first, second) => first == second,
    }
}

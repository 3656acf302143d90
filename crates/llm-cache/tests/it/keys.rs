//! Equal keys mean the same tenant and the same meaning, and nothing else does.

use std::sync::Arc;

use llm_cache::{IGNORED_IN_CHAT, IGNORED_IN_EMBED, Keyring, TenantScope};
use llm_core::{CacheControl, ChatRequest, EmbedRequest, Hints, QualityNeed, Request, Secret};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{cx, keyring, question, tenant};

fn key_of_chat(request: &ChatRequest) -> llm_cache::CacheKey {
    keyring().key(&tenant("a"), &cx("a"), &request.model, &Request::Chat(Arc::new(request.clone()))).unwrap()
}

/// A request in which every field is set.
fn full_chat() -> Value {
    json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "s", "cache": {"ttl": {"secs": 300, "nanos": 0}}}]},
            {"role": "user", "name": "n", "content": [
                {"type": "text", "text": "u", "citations": [{"source": "x", "title": "t", "quote": "q", "span": [1, 2]}], "ext": {"v": {"k": 1}}},
                {"type": "media", "media_type": "image/png", "data": {"source": "inline", "bytes": "AAEC"}, "filename": "f", "detail": "low"},
                {"type": "media", "media_type": "image/*", "data": {"source": "url", "url": "https://example.org/a"}},
                {"type": "media", "media_type": "application/pdf", "data": {"source": "file", "refs": {"p": "id"}}},
                {"type": "media", "media_type": "text/plain", "data": {"source": "text", "text": "doc"}}
            ], "ext": {"v": {"k": 1}}, "other": 1},
            {"role": "assistant", "origin": {"api": "a", "provider": "p", "model": "m"}, "content": [
                {"type": "reasoning", "text": "r", "visibility": "summary", "encrypted": "e", "signature": "sig"},
                {"type": "refusal", "text": "no"},
                {"type": "opaque", "kind": "a.b", "data": {"x": [1, 2]}},
                {"type": "tool_call", "id": "c", "name": "t", "arguments": "{}", "executed_by": "provider", "truncated": true},
                {"type": "brand_new", "x": 1}
            ]},
            {"role": "tool", "content": [
                {"type": "tool_result", "call_id": "c", "name": "t", "content": [{"type": "text", "text": "r"}], "status": "error"}
            ]}
        ],
        "tools": [
            {"type": "function", "name": "t", "description": "d", "schema": {"type": "object", "a": {"b": 1}}, "strict": true, "cache": {"ttl": {"secs": 1, "nanos": 0}}, "ext": {"v": {"k": 1}}},
            {"type": "provider", "id": "p.x", "name": "x", "args": {"k": 1}}
        ],
        "tool_choice": {"named": "t"},
        "parallel_tool_calls": true,
        "output": {"type": "json_schema", "name": "o", "description": "d", "schema": {"a": 1}, "strict": true},
        "sampling": {
            "temperature": 0.25, "top_p": 0.5, "top_k": 3, "presence_penalty": 0.5, "frequency_penalty": 0.5, "seed": 4,
            "max_output_tokens": 5, "stop": ["x"], "candidates": 2, "logprobs": 1, "other": 1
        },
        "reasoning": {"effort": "low"},
        "service_tier": "flex",
        "end_user": "u",
        "metadata": {"k": "v"},
        "on_unsupported": "error",
        "ext": {"v": {"k": 1}},
        "form": "v",
        "other": 1
    })
}

/// Every place of a value, as JSON pointers.
fn places(value: &Value, path: &str, into: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, child) in children {
        let path = format!("{path}/{name}");
        places(child, &path, into);
        into.push(path);
    }
}

/// Another value of the same type; `None` where only other types are allowed.
fn other(path: &str, value: &Value) -> Option<Value> {
    Some(match value {
        Value::Bool(yes) => json!(!yes),
        Value::Number(number) if number.is_f64() => json!(number.as_f64()? + 0.125),
        Value::Number(number) => json!(number.as_i64()? + 1),
        Value::String(text) if path.ends_with("/bytes") => json!(format!("AAAA{text}")),
        Value::String(text) => match text.as_str() {
            "summary" => json!("redacted"),
            "provider" if path.ends_with("executed_by") => json!("client"),
            "error" if path.ends_with("status") => json!("denied"),
            "error" => json!("ignore"),
            _ => json!(format!("{text}x")),
        },
        _ => return None,
    })
}

/// Sets one place at a time to another value and looks whether the key follows.
fn every_field_matters<T: serde::de::DeserializeOwned>(
    full: &Value,
    ignored: &[&str],
    key: impl Fn(T) -> llm_cache::CacheKey,
) -> (usize, Vec<String>) {
    let read = |value: &Value| serde_json::from_value::<T>(value.clone());
    let whole = key(read(full).unwrap());
    let mut all = Vec::new();
    places(full, "", &mut all);
    let (mut changed, mut silent) = (0, Vec::new());
    for path in all {
        let value = full.pointer(&path).unwrap();
        let mut request = full.clone();
        if let Some(other) = other(&path, value) {
            *request.pointer_mut(&path).unwrap() = other;
        } else if let Some((parent, name)) = path.rsplit_once('/') {
            // A list or an object: it is taken away where it may be.
            match request.pointer_mut(parent).unwrap() {
                Value::Object(fields) => drop(fields.remove(name)),
                Value::Array(items) => drop(items.remove(name.parse().unwrap())),
                _ => unreachable!(),
            }
        }
        let Ok(request) = read(&request) else {
            continue;
        };
        changed += 1;
        let top = path.split('/').nth(1).unwrap();
        let same = key(request) == whole;
        if same && !ignored.contains(&top) {
            silent.push(path.clone());
        }
        assert!(same || !ignored.contains(&top), "{path} is on the ignore list and changes the key");
    }
    (changed, silent)
}

#[test]
fn every_field_of_a_chat_changes_the_key_or_is_on_the_ignore_list() {
    let full = full_chat();
    // The example must name every field there is, or the test would not see the one it lacks.
    let written = serde_json::to_value(serde_json::from_value::<ChatRequest>(full.clone()).unwrap()).unwrap();
    assert_eq!(written, full, "the example survives reading, so it names real fields only");
    let read = serde_json::from_value::<ChatRequest>(full.clone()).unwrap();
    for (name, shown, example) in
        [("", format!("{read:#?}"), &full), ("sampling", format!("{:#?}", read.sampling), &full["sampling"])]
    {
        let fields: Vec<&str> = shown
            .lines()
            .filter_map(|line| line.strip_prefix("    ").filter(|line| !line.starts_with(' '))?.split_once(": "))
            .map(|(field, _)| field)
            .collect();
        assert!(fields.len() > 10, "{fields:?}");
        for field in fields.iter().filter(|field| **field != "extra") {
            assert!(example.get(field).is_some(), "the example lacks {name}.{field}");
        }
    }
    // The name `model` is ignored in the body, because the resolved one is a part of the key by itself.
    let fixed =
        |request: ChatRequest| keyring().key(&tenant("a"), &cx("a"), "m", &Request::Chat(Arc::new(request))).unwrap();
    let (changed, silent) = every_field_matters(&full, IGNORED_IN_CHAT, fixed);
    assert!(changed > 80, "{changed} places");
    assert_eq!(silent, Vec::<String>::new());
    let mut renamed = serde_json::from_value::<ChatRequest>(full).unwrap();
    let before = key_of_chat(&renamed);
    renamed.model = "n".to_owned();
    assert_ne!(key_of_chat(&renamed), before);
}

#[test]
fn every_field_of_an_embedding_changes_the_key_or_is_on_the_ignore_list() {
    let full = json!({
        "model": "e", "inputs": ["a", "b"], "dimensions": 3, "task": "query", "end_user": "u",
        "on_unsupported": "error", "ext": {"v": {"k": 1}}
    });
    let written = serde_json::to_value(serde_json::from_value::<EmbedRequest>(full.clone()).unwrap()).unwrap();
    assert_eq!(written, full);
    let key =
        |request: EmbedRequest| keyring().key(&tenant("a"), &cx("a"), "e", &Request::Embed(Arc::new(request))).unwrap();
    let (changed, silent) = every_field_matters(&full, IGNORED_IN_EMBED, key);
    assert!(changed >= 9);
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn a_key_belongs_to_a_tenant_a_namespace_a_model_an_account_and_a_secret() {
    let request = Request::Chat(Arc::new(question("hello")));
    let plain = keyring().key(&tenant("a"), &cx("a"), "m", &request).unwrap();
    let mut keys = vec![plain];
    let mut add = |key: Option<llm_cache::CacheKey>| keys.push(key.unwrap());
    add(keyring().key(&tenant("b"), &cx("a"), "m", &request));
    add(keyring().key(&tenant(""), &cx("a"), "m", &request));
    add(keyring().key(&TenantScope::shared(), &cx("a"), "m", &request));
    add(keyring().key(&tenant("a"), &cx("a"), "other/m", &request));
    add(Keyring::new(b"another secret of 16").unwrap().key(&tenant("a"), &cx("a"), "m", &request));
    add(Keyring::ephemeral().key(&tenant("a"), &cx("a"), "m", &request));
    add(Keyring::ephemeral().key(&tenant("a"), &cx("a"), "m", &request));
    add(keyring().key(&tenant("a"), &cx("a").with_cache(CacheControl::default().with_namespace("n")), "m", &request));
    let mut own = cx("a");
    own.credential = Some(Secret::new("sk-1"));
    add(keyring().key(&tenant("a"), &own, "m", &request));
    own.endpoint = Some("https://example.org".into());
    add(keyring().key(&tenant("a"), &own, "m", &request));
    let sets: [fn(&mut Hints); 3] = [
        |hints| hints.region = Some("eu".into()),
        |hints| hints.task = Some("eu".into()),
        |hints| hints.quality = Some(QualityNeed::High),
    ];
    for set in sets {
        let mut hints = Hints::default();
        set(&mut hints);
        add(keyring().key(&tenant("a"), &cx("a").with_hints(hints.clone()), "m", &request));
    }
    let count = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), count, "all are different");
    let mut hints = Hints::default();
    hints.session = Some("s".into());
    assert_eq!(keyring().key(&tenant("a"), &cx("x").with_hints(hints), "m", &request), Some(plain));
    assert_eq!(
        keyring().key(&tenant("a"), &cx("a"), "m", &Request::ChatStream(Arc::new(question("hello")))),
        Some(plain)
    );
    assert_eq!(keyring().key(&tenant("a"), &cx("a"), "m", &Request::Models), None);
    assert!(Keyring::new(b"short").is_err());
    assert_eq!(format!("{plain:?} {:?}", keyring()), "CacheKey(..) Keyring(..)");
}

#[test]
fn the_same_meaning_in_another_form_has_the_same_key() {
    let read = |text: &str| serde_json::from_str::<ChatRequest>(text).unwrap();
    let same = [
        r#"{"model": "m", "messages": [{"role": "user", "content": "hi"}], "sampling": {"temperature": 0}, "ext": {"v": {"a": 1, "b": 2}}}"#,
        r#"{"sampling": {"temperature": 0.0}, "ext": {"v": {"b": 2.0, "a": 1}}, "tools": [], "messages": [{"content": [{"text": "hi", "type": "text"}], "role": "user"}], "model": "m"}"#,
        r#"{"model": "m", "metadata": {"a": "b"}, "end_user": "u", "messages": [{"role": "user", "content": "hi"}], "sampling": {"temperature": -0.0, "top_p": null}, "ext": {"v": {"a": 1, "b": 2}}}"#,
    ];
    assert_eq!(key_of_chat(&read(same[0])), key_of_chat(&read(same[1])));
    assert_eq!(key_of_chat(&read(same[0])), key_of_chat(&read(same[2])));
    // Nothing runs together across borders.
    let two = |a: &str, b: &str| key_of_chat(&ChatRequest::new("m").with_user(a).with_user(b));
    assert_ne!(two("ab", "c"), two("a", "bc"));
    assert_ne!(two("", "abc"), two("abc", ""));
}

/// Values in which the same things come again often, so that equal pairs happen.
fn small_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3i64).prop_map(Value::from),
        (0..3u8).prop_map(|n| json!(f64::from(n) / 2.0)),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[ab]", inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn small_request() -> impl Strategy<Value = (String, ChatRequest)> {
    let texts = proptest::collection::vec("[ab]{0,2}", 0..3);
    ("[ab]", texts, proptest::option::of(0..2u8), small_json(), "[ab]{0,1}").prop_map(
        |(tenant, texts, t, extra, user)| {
            let mut request = texts.into_iter().fold(ChatRequest::new("m"), ChatRequest::with_user);
            request.sampling.temperature = t.map(|t| f64::from(t) / 4.0);
            request.ext.set("v", "k", extra);
            request.end_user = Some(user);
            (tenant, request)
        },
    )
}

/// Whether two values mean the same: numbers by their value, everything else by itself.
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| alike(a, b)))
        }
        (a, b) => a == b,
    }
}

#[test]
fn a_hundred_thousand_pairs_have_equal_keys_exactly_when_tenant_and_meaning_are_equal() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = small_request();
    // 450 requests make 101,025 pairs.
    let requests: Vec<_> = (0..450).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    let ring = keyring();
    let all: Vec<_> = requests
        .into_iter()
        .map(|(name, mut request)| {
            let key = ring.key(&tenant(&name), &cx(&name), "m", &Request::Chat(Arc::new(request.clone()))).unwrap();
            request.end_user = None;
            (name, serde_json::to_value(&request).unwrap(), key)
        })
        .collect();
    let (mut pairs, mut equal) = (0, 0);
    for (index, (name, meaning, key)) in all.iter().enumerate() {
        for (other_name, other_meaning, other_key) in &all[..index] {
            let same = name == other_name && alike(meaning, other_meaning);
            assert_eq!(key == other_key, same, "{name} {meaning} / {other_name} {other_meaning}");
            pairs += 1;
            equal += u32::from(same);
        }
    }
    assert!(pairs > 100_000 && equal > 100, "{pairs} pairs, {equal} equal");
}

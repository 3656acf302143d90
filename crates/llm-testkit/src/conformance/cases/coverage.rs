//! Every field and every kind of value that a request type has stands in a case.
//!
//! What a type has is asked of the type: its `Debug` output names its fields, serde's complaint about an unknown variant
//! names the known ones. What a case is about is the difference between its two requests.

use std::collections::BTreeSet;
use std::fmt::Debug;

use llm_core::{
    CacheHint, ChatRequest, Effort, EmbedRequest, Executor, FunctionTool, ImageDelivery, ImageRequest, JsonSchema,
    Media, MediaData, Message, ModerateRequest, OnUnsupported, OutputFormat, Part, PartKind, Reasoning, Request,
    RerankRequest, Role, Sampling, SpeechRequest, Timestamps, Tool, ToolCall, ToolChoice, ToolResult, ToolStatus,
    TranscribeRequest, Visibility,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{OPERATIONS, all};

/// What no case is about, and why.
const EXEMPT: &[(&str, &str)] = &[
    ("*.on_unsupported", "it says what becomes of the others"),
    ("chat.messages.origin", "it decides about signatures; the check of signatures holds it"),
    ("chat.messages.content", "its parts stand for it"),
    ("chat.messages.content<text>.citations", "they are shown to people, and no model reads them"),
    ("chat.messages.content<tool_call>.id", "vendors without ids match calls and results by name or order"),
    ("chat.messages.content<tool_result>.call_id", "as the id of the call"),
    ("chat.messages.content<tool_result>.name", "for vendors that match by name; the others have the id"),
    ("chat.messages.content<reasoning>.visibility", "what was shown to the caller"),
    ("chat.output<json_schema>.name", "a label that one vendor demands"),
    ("chat.output<json_schema>.strict", "whether a vendor holds answers to schemas anyway cannot be seen in a request"),
    ("chat.output=text", "what there is without a case"),
    ("chat.tools<provider>.name", "for vendors that ask for one"),
    ("chat.tool_choice=auto", "what there is without a case"),
    ("chat.messages.content<tool_call>.executed_by=client", "what there is without a case"),
    ("chat.messages.content<tool_result>.status=ok", "what there is without a case"),
    ("chat.messages.content<reasoning>.visibility=full", "what was shown to the caller"),
    ("chat.messages.content<reasoning>.visibility=summary", "what was shown to the caller"),
];

/// The names of a struct's fields.
fn fields(example: &dyn Debug) -> Vec<String> {
    let shown = format!("{example:#?}");
    let names = shown.lines().filter_map(|line| line.strip_prefix("    ").filter(|line| !line.starts_with([' ', '}'])));
    names.filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect()
}

/// The names of an enum's variants, as they stand in JSON.
fn variants<T: DeserializeOwned>(unknown: Value) -> Vec<String> {
    let Err(error) = serde_json::from_value::<T>(unknown) else { panic!("an unknown variant is read") };
    let said = error.to_string();
    let names: Vec<String> = said.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    assert!(said.contains("unknown variant") && !names.is_empty(), "{said}");
    names
}

/// The places that must stand in cases: `path.field`, and `path=variant`.
fn required() -> BTreeSet<String> {
    let media = Media::inline("image/png", &b"x"[..]);
    let part = Part::text("x");
    let structs: &[(&str, &dyn Debug)] = &[
        ("chat", &ChatRequest::new("m")),
        ("chat.sampling", &Sampling::default()),
        ("chat.output<json_schema>", &JsonSchema::default()),
        ("chat.tools<function>", &FunctionTool::default()),
        ("chat.tools<function>.cache", &CacheHint::default()),
        ("chat.messages", &Message::user("x")),
        ("chat.messages.content", &part),
        ("chat.messages.content.cache", &CacheHint::default()),
        ("chat.messages.content<media>", &media),
        ("chat.messages.content<tool_call>", &ToolCall::default()),
        ("chat.messages.content<tool_result>", &ToolResult::default()),
        ("embed", &EmbedRequest::default()),
        ("rerank", &RerankRequest::default()),
        ("image", &ImageRequest::default()),
        ("speech", &SpeechRequest::default()),
        ("transcribe", &TranscribeRequest::new("m", media.clone())),
        ("moderate", &ModerateRequest::default()),
    ];
    let mut places = BTreeSet::new();
    for (path, example) in structs {
        // A part is written with the fields of its kind; they are required by the kind.
        places
            .extend(fields(example).into_iter().filter(|field| field != "kind").map(|field| format!("{path}.{field}")));
    }
    for (path, kind) in [
        (
            "chat.messages.content<reasoning>",
            json!({"type": "reasoning", "text": "x", "visibility": "full", "encrypted": "x"}),
        ),
        ("chat.messages.content<text>", json!({"type": "text", "text": "x", "citations": []})),
        ("chat.messages.content<refusal>", json!({"type": "refusal", "text": "x"})),
        ("chat.messages.content<opaque>", json!({"type": "opaque", "kind": "a.b", "data": 1})),
    ] {
        // A field of a kind that is not listed here would come back among the unknown ones of the part.
        let read: PartKind = serde_json::from_value(kind.clone()).unwrap();
        let names: Vec<&String> = kind.as_object().unwrap().keys().filter(|name| *name != "type").collect();
        assert_eq!(fields(&read).iter().collect::<BTreeSet<_>>(), names.iter().copied().collect(), "{path}");
        places.extend(names.iter().map(|name| format!("{path}.{name}")));
    }
    let tool = json!({"type": "provider", "id": "a.b", "name": "x", "args": {}});
    places.extend(
        fields(&serde_json::from_value::<Tool>(tool).unwrap())
            .iter()
            .map(|name| format!("chat.tools<provider>.{name}")),
    );
    let tagged = |unknown: &str| json!({ unknown: "x_unknown" });
    let enums = [
        ("chat.output", variants::<OutputFormat>(tagged("type"))),
        ("chat.reasoning", variants::<Reasoning>(json!({"x_unknown": 1}))),
        ("chat.tool_choice", variants::<ToolChoice>("x_unknown".into())),
        ("chat.tools", variants::<Tool>(tagged("type"))),
        ("chat.messages.content", variants::<PartKind>(tagged("type"))),
        ("chat.messages.content<media>.data", variants::<MediaData>(tagged("source"))),
        ("chat.messages.content<tool_call>.executed_by", variants::<Executor>("x_unknown".into())),
        ("chat.messages.content<tool_result>.status", variants::<ToolStatus>("x_unknown".into())),
        ("chat.messages.content<reasoning>.visibility", variants::<Visibility>("x_unknown".into())),
        ("chat.reasoning.effort", Effort::KNOWN.iter().map(|word| (*word).to_owned()).collect()),
        ("chat.messages.role", Role::KNOWN.iter().map(|word| (*word).to_owned()).collect()),
        ("image.delivery", variants::<ImageDelivery>("x_unknown".into())),
        ("transcribe.timestamps", variants::<Timestamps>("x_unknown".into())),
    ];
    for (path, names) in enums {
        places.extend(names.into_iter().map(|name| format!("{path}={name}")));
    }
    let _ = variants::<OnUnsupported>("x_unknown".into());
    places
}

/// A request's own JSON.
fn json_of(request: &Request) -> Value {
    match request {
        Request::Chat(request) => json!(**request),
        Request::Embed(request) => json!(**request),
        Request::Rerank(request) => json!(**request),
        Request::Image(request) => json!(**request),
        Request::Speech(request) => json!(**request),
        Request::Transcribe(request) => json!(**request),
        Request::Moderate(request) => json!(**request),
        other => panic!("{} has no case of its own", other.operation()),
    }
}

/// The places at which two values differ. Lists count as one value after the other, from the end as from the start.
fn differences(path: &str, base: Option<&Value>, changed: &Value, places: &mut BTreeSet<String>) {
    if base == Some(changed) {
        return;
    }
    places.insert(path.to_owned());
    match changed {
        Value::Array(items) => {
            let before = base.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            for (at, item) in items.iter().enumerate().filter(|(_, item)| !before.contains(item)) {
                let same_place = before.get(at).filter(|_| before.len() == items.len());
                differences(path, same_place, item, places);
            }
        }
        Value::Object(fields) => {
            let tag = ["type", "source"].iter().find_map(|tag| fields.get(*tag)?.as_str());
            let before = base.and_then(Value::as_object);
            if let Some(tag) = tag {
                places.insert(format!("{path}={tag}"));
            }
            for (name, value) in fields.iter().filter(|(name, _)| !["type", "source"].contains(&name.as_str())) {
                // Unknown fields stand among the known ones.
                let name = if name.starts_with("x_extra") { "extra" } else { name };
                let inner = match tag {
                    // What every part has stands beside what its kind has.
                    Some(_) if ["cache", "ext", "signature", "extra"].contains(&name) && path.ends_with("content") => {
                        format!("{path}.{name}")
                    }
                    Some(tag) => format!("{path}<{tag}>.{name}"),
                    None => format!("{path}.{name}"),
                };
                places.insert(format!("{path}={name}"));
                differences(&inner, before.and_then(|before| before.get(name)), value, places);
            }
        }
        Value::String(word) => drop(places.insert(format!("{path}={word}"))),
        _ => {}
    }
}

#[test]
fn every_field_and_every_kind_of_value_of_every_request_is_in_a_case() {
    let mut places = BTreeSet::new();
    for operation in OPERATIONS.iter().filter(|name| !["chat_stream", "count_tokens"].contains(name)) {
        let cases = all(operation, "m", "api");
        assert!(cases.len() > 5, "{operation}");
        for case in cases {
            // A case whose two requests are one is about what every request has.
            places.insert(format!("{operation}.{}", case.field));
            let (base, changed) = (json_of(&case.base), json_of(&case.changed));
            differences(operation, Some(&base), &changed, &mut places);
        }
    }
    let exempt = |place: &str| {
        EXEMPT.iter().any(|(name, _)| match name.strip_prefix('*') {
            Some(end) => place.ends_with(end),
            None => place == *name,
        })
    };
    let required = required();
    let missing: Vec<&String> = required.iter().filter(|place| !places.contains(*place) && !exempt(place)).collect();
    assert!(missing.is_empty(), "no case is about {missing:#?}");
    let stale: Vec<&str> = EXEMPT
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !name.starts_with('*') && !required.contains(*name))
        .collect();
    assert!(stale.is_empty(), "there is nothing like {stale:#?}");
}

#[test]
fn a_new_field_or_variant_would_be_seen() {
    #[derive(Debug, Default)]
    #[expect(dead_code, reason = "it is only shown")]
    struct Grown {
        old: Option<u8>,
        new: Vec<String>,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Words {
        Old,
        NewOne,
    }
    assert_eq!(fields(&Grown { old: Some(1), new: vec!["a: b".to_owned()] }), ["old", "new"]);
    assert_eq!(variants::<Words>("x_unknown".into()), ["old", "new_one"]);
    assert!(
        matches!(serde_json::from_str("\"old\""), Ok(Words::Old))
            && !matches!(serde_json::from_str("\"old\""), Ok(Words::NewOne))
    );
    let mut places = BTreeSet::new();
    differences(
        "x",
        Some(&json!({"a": [1], "b": {"type": "t", "c": 1}})),
        &json!({"a": [1, {"d": 2}], "b": {"type": "t", "c": 2}}),
        &mut places,
    );
    for place in ["x.a.d", "x.b<t>.c"] {
        assert!(places.contains(place), "{place} in {places:?}");
    }
    assert!(!places.contains("x.b<t>.type"));
}

//! What may differ in requests of Gemini.

use serde_json::{Map, Value, json};

use super::usual::{Rule, each, remove};

pub(super) const RULES: &[Rule] = &[
    Rule {
        says: "Names of fields may be written in `snake_case`, and where a list is wanted one object is a list of one.",
        apply: |fields| {
            camel(fields);
            for content in said(fields) {
                if let Some(parts) = content.get_mut("parts").filter(|parts| parts.is_object()) {
                    *parts = json!([parts.take()]);
                }
            }
        },
    },
    Rule {
        says: "A count takes a whole request, `generateContentRequest`, or its fields; the model stands in the path.",
        apply: |fields| {
            if let Some(Value::Object(whole)) = fields.remove("generateContentRequest") {
                fields.extend(whole);
            }
            fields.remove("model");
        },
    },
    Rule {
        says: "A batch of one text to embed is that text; the model stands in the path.",
        apply: |fields| {
            if let Some(Value::Array(mut requests)) = fields.remove("requests") {
                requests.iter_mut().filter_map(Value::as_object_mut).for_each(|request| drop(request.remove("model")));
                match requests.as_mut_slice() {
                    [Value::Object(only)] => fields.append(only),
                    _ => drop(fields.insert("requests".to_owned(), requests.into())),
                }
            }
        },
    },
    Rule {
        says: "A content without a role is the user's, as is one of the role `function`, and an instruction has none.",
        apply: |fields| {
            let user = |role: Option<&Value>| role.is_none_or(|role| role == "function");
            for content in contents(fields).filter(|content| user(content.get("role"))) {
                content.insert("role".to_owned(), "user".into());
            }
            for name in ["content", "systemInstruction"] {
                fields.get_mut(name).and_then(Value::as_object_mut).map(|content| content.remove("role"));
            }
        },
    },
    Rule {
        says: "`thought` and `includeThoughts` are false unless it is said; `AUTO` is the mode unless it is said.",
        apply: |fields| {
            parts(fields, |part| remove(part, "thought", |value| value == false));
            within(fields, &["generationConfig", "thinkingConfig"], "includeThoughts", |value| value == false);
            within(fields, &["toolConfig", "functionCallingConfig"], "mode", |value| value == "AUTO");
        },
    },
    Rule {
        says: "A level of thinking is one word in either case.",
        apply: |fields| {
            let level = fields
                .get_mut("generationConfig")
                .and_then(|config| config.pointer_mut("/thinkingConfig/thinkingLevel"));
            if let Some(Value::String(level)) = level {
                level.make_ascii_uppercase();
            }
        },
    },
    Rule {
        says: "Bytes are base64 of either alphabet.",
        apply: |fields| {
            parts(fields, |part| {
                if let Some(Value::String(data)) = part.get_mut("inlineData").and_then(|data| data.get_mut("data")) {
                    *data = data.trim_end_matches('=').replace('-', "+").replace('_', "/");
                }
            });
        },
    },
    Rule {
        says: "`skip_thought_signature_validator` is the vendor's word for a call of which there is no signature.",
        apply: |fields| {
            parts(fields, |part| {
                remove(part, "thoughtSignature", |value| value == "skip_thought_signature_validator");
            });
        },
    },
    Rule {
        says: "Text without words is nothing beside other parts, and nothing as an instruction.",
        apply: |fields| {
            let silent = |part: &Value| *part == json!({ "text": "" });
            for parts in contents(fields).filter_map(|content| content.get_mut("parts")?.as_array_mut()) {
                if parts.iter().any(|part| !silent(part)) {
                    parts.retain(|part| !silent(part));
                }
            }
            remove(fields, "systemInstruction", |instruction| {
                instruction["parts"].as_array().is_none_or(|parts| parts.iter().all(silent))
            });
        },
    },
    Rule {
        says: "Tools may stand in one entry or in several.",
        apply: |fields| {
            let Some(Value::Array(entries)) = fields.get_mut("tools") else { return };
            let mut functions = Vec::new();
            let mut others = Vec::new();
            for (name, value) in entries.drain(..).filter_map(|entry| entry.as_object().cloned()).flatten() {
                match value {
                    Value::Array(list) if name == "functionDeclarations" => functions.extend(list),
                    value => others.push(json!({ name: value })),
                }
            }
            if !functions.is_empty() {
                others.push(json!({ "functionDeclarations": functions }));
            }
            *entries = others;
        },
    },
];

/// Fields whose names are the user's, not the vendor's.
const OF_THE_USER: [&str; 8] = [
    "args",
    "labels",
    "parameters",
    "parametersJsonSchema",
    "response",
    "responseJsonSchema",
    "responseSchema",
    "metadata",
];

/// Names in camelCase, all the way down.
fn camel(fields: &mut Map<String, Value>) {
    for (name, mut value) in std::mem::take(fields) {
        let mut words = name.split('_');
        let mut camel_case = words.next().unwrap_or_default().to_owned();
        for word in words {
            let (first, rest) = word.split_at(word.len().min(1));
            camel_case.push_str(&first.to_ascii_uppercase());
            camel_case.push_str(rest);
        }
        if !OF_THE_USER.contains(&camel_case.as_str()) {
            camel_within(&mut value);
        }
        fields.insert(camel_case, value);
    }
}

fn camel_within(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(camel_within),
        Value::Object(fields) => camel(fields),
        _ => {}
    }
}

fn contents(fields: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    each(fields, "contents").filter_map(Value::as_object_mut)
}

/// The contents and the instruction.
fn said(fields: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    let named = fields.iter_mut().filter(|(name, _)| ["contents", "systemInstruction"].contains(&name.as_str()));
    let lists = named.flat_map(|(_, value)| match value {
        Value::Array(contents) => contents.as_mut_slice(),
        one => std::slice::from_mut(one),
    });
    lists.filter_map(Value::as_object_mut)
}

/// Changes every part of the conversation and of the instruction.
fn parts(fields: &mut Map<String, Value>, change: impl Fn(&mut Map<String, Value>)) {
    for content in said(fields) {
        each(content, "parts").filter_map(Value::as_object_mut).for_each(&change);
    }
}

/// Takes a field out of an object inside objects, and those of them that are empty then.
fn within(fields: &mut Map<String, Value>, path: &[&str], name: &str, when: impl Fn(&Value) -> bool) {
    match path {
        [] => remove(fields, name, when),
        [first, rest @ ..] => {
            if let Some(Value::Object(inner)) = fields.get_mut(*first) {
                within(inner, rest, name, when);
            }
            remove(fields, first, |inner| *inner == json!({}));
        }
    }
}

//! What may differ in requests of Gemini.

use serde_json::{Map, Value, json};

use super::usual::{OF_THE_USER, Rule, each, remove};

pub(super) const RULES: &[Rule] = &[
    Rule { says: "Names of fields may be written in `snake_case`.", apply: camel },
    Rule {
        says: "A count takes contents, or a whole request as `generateContentRequest`, which repeats the model of the path.",
        apply: |fields| {
            if let Some(Value::Object(mut whole)) = fields.remove("generateContentRequest") {
                whole.remove("model");
                fields.extend(whole);
            }
        },
    },
    Rule {
        says: "A batch of one text to embed, which repeats the model of the path, is that text.",
        apply: |fields| {
            if let Some(Value::Array(requests)) = fields.get_mut("requests")
                && let [Value::Object(only)] = requests.as_mut_slice()
            {
                let mut only = std::mem::take(only);
                only.remove("model");
                fields.remove("requests");
                fields.extend(only);
            }
        },
    },
    Rule {
        says: "A content without a role is the user's.",
        apply: |fields| {
            for content in contents(fields) {
                content.entry("role").or_insert_with(|| "user".into());
            }
        },
    },
    Rule {
        says: "The role of an instruction, and of a text to embed, is ignored.",
        apply: |fields| {
            for name in ["content", "systemInstruction"] {
                fields.get_mut(name).and_then(Value::as_object_mut).map(|content| content.remove("role"));
            }
        },
    },
    Rule {
        says: "`thought: false` is the default of a part.",
        apply: |fields| parts(fields, |part| remove(part, "thought", |value| value == false)),
    },
    Rule {
        says: "`includeThoughts: false` is the default.",
        apply: |fields| {
            within(fields, "generationConfig", "thinkingConfig", |thinking| {
                remove(thinking, "includeThoughts", |value| value == false);
            });
        },
    },
    Rule {
        says: "`AUTO` is the mode in which functions are called unless it is said.",
        apply: |fields| {
            within(fields, "toolConfig", "functionCallingConfig", |calling| {
                remove(calling, "mode", |value| value == "AUTO");
            });
        },
    },
    Rule {
        says: "`generationConfig` and `toolConfig` without a setting are none.",
        apply: |fields| {
            let empty = |config: &Value| *config == json!({});
            for (outer, inner) in [("generationConfig", "thinkingConfig"), ("toolConfig", "functionCallingConfig")] {
                fields
                    .get_mut(outer)
                    .and_then(Value::as_object_mut)
                    .into_iter()
                    .for_each(|config| remove(config, inner, empty));
                remove(fields, outer, empty);
            }
        },
    },
    Rule {
        says: "Levels of thinking may be written in small letters.",
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
        says: "Bytes are base64 of either alphabet, with its padding or without.",
        apply: |fields| {
            parts(fields, |part| {
                if let Some(Value::String(data)) = part.get_mut("inlineData").and_then(|data| data.get_mut("data")) {
                    *data = data.trim_end_matches('=').replace('-', "+").replace('_', "/");
                }
            });
        },
    },
    Rule {
        says: "`skip_thought_signature_validator` is the vendor's word for a call that has no signature, which Gemini 3 refuses without it.",
        apply: |fields| {
            parts(fields, |part| {
                remove(part, "thoughtSignature", |value| value == "skip_thought_signature_validator");
            });
        },
    },
    Rule {
        says: "An instruction without words is none.",
        apply: |fields| {
            let silent = [json!({"parts": {"text": ""}}), json!({"parts": [{"text": ""}]})];
            remove(fields, "systemInstruction", |instruction| silent.contains(instruction));
        },
    },
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

/// Changes an object inside an object.
fn within(fields: &mut Map<String, Value>, outer: &str, inner: &str, change: impl FnOnce(&mut Map<String, Value>)) {
    let found = fields.get_mut(outer).and_then(|outer| outer.get_mut(inner)?.as_object_mut());
    if let Some(found) = found {
        change(found);
    }
}

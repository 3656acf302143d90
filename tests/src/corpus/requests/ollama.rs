//! What may differ in requests of Ollama.

use serde_json::{Map, Value, json};

use super::usual::{Rule, each, remove};

pub(super) const RULES: &[Rule] = &[
    Rule {
        says: "`stream` says which of two operations it is, and is true unless it is said.",
        apply: |fields| remove(fields, "stream", |_| true),
    },
    Rule {
        says: "An empty format, system, template or suffix is none, and so is content without words; `raw` is false unless it is said.",
        apply: |fields| {
            for name in ["format", "system", "template", "suffix"] {
                remove(fields, name, |value| value == "");
            }
            remove(fields, "raw", |value| value == false);
            each(fields, "messages").filter_map(Value::as_object_mut).for_each(|message| {
                remove(message, "content", |content| content == "");
            });
        },
    },
    Rule {
        says: "There are tools of one type only, which may be left out.",
        apply: |fields| {
            let is_function = |kind: &Value| kind == "function";
            each(fields, "tools").filter_map(Value::as_object_mut).for_each(|tool| remove(tool, "type", is_function));
            for message in each(fields, "messages").filter_map(Value::as_object_mut) {
                each(message, "tool_calls").filter_map(Value::as_object_mut).for_each(|call| {
                    remove(call, "type", is_function);
                });
            }
        },
    },
    Rule {
        says: "A result belongs to the oldest open call unless it says to which; it need not repeat the tool's name.",
        apply: answers,
    },
    Rule {
        says: "One text to embed or to stop at is a list of one.",
        apply: |fields| {
            let list = |value: Option<&mut Value>| {
                if let Some(text) = value.filter(|value| value.is_string()) {
                    *text = json!([text.take()]);
                }
            };
            list(fields.get_mut("input"));
            list(fields.get_mut("options").and_then(|options| options.get_mut("stop")));
        },
    },
];

/// Gives every call an id and every result the id and the name of its call.
fn answers(fields: &mut Map<String, Value>) {
    let mut unnamed = 0;
    let mut open: Vec<(Value, Value)> = Vec::new();
    for message in each(fields, "messages").filter_map(Value::as_object_mut) {
        for call in each(message, "tool_calls").filter_map(Value::as_object_mut) {
            if call.get("id").is_none_or(|id| id == "") {
                call.insert("id".to_owned(), format!("call_{unnamed}").into());
                unnamed += 1;
            }
            let name = call.get("function").map(|function| function["name"].clone()).unwrap_or_default();
            open.push((call.get("id").cloned().unwrap_or_default(), name));
        }
        if message.get("role").is_none_or(|role| role != "tool") {
            continue;
        }
        let (id, name) = (message.get("tool_call_id"), message.get("tool_name"));
        let is_asked = |(asked, called): &(Value, Value)| match (id, name) {
            (Some(id), _) => id == asked,
            (None, Some(name)) => name == called,
            (None, None) => true,
        };
        if let Some(at) = open.iter().position(is_asked) {
            let (id, name) = open.remove(at);
            message.entry("tool_call_id").or_insert(id);
            message.entry("tool_name").or_insert(name);
        }
    }
}

//! What may differ in requests of Ollama.

use serde_json::{Value, json};

use super::usual::{Rule, each, identified, remove};

pub(super) const RULES: &[Rule] = &[
    Rule { says: "`stream: true` is the default.", apply: |fields| remove(fields, "stream", |value| value == true) },
    Rule {
        says: "An empty format, system or template is none.",
        apply: |fields| {
            for name in ["format", "system", "template"] {
                remove(fields, name, |value| value == "");
            }
        },
    },
    Rule {
        says: "Calls are of one type, `function`, which may be left out.",
        apply: |fields| {
            for message in each(fields, "messages").filter_map(Value::as_object_mut) {
                each(message, "tool_calls").filter_map(Value::as_object_mut).for_each(|call| {
                    remove(call, "type", |kind| kind == "function");
                });
            }
        },
    },
    Rule {
        says: "A result without an id is that of the oldest open call; where there are no ids, Loquat makes them up.",
        apply: identified,
    },
    Rule {
        says: "`options` without an option are none.",
        apply: |fields| remove(fields, "options", |value| *value == json!({})),
    },
    Rule {
        says: "One text to embed is a list of one.",
        apply: |fields| {
            if let Some(input) = fields.get_mut("input").filter(|input| input.is_string()) {
                *input = json!([input.take()]);
            }
        },
    },
];

//! What may differ in requests of OpenAI's chat protocol, and of its dialects.

use serde_json::{Value, json};

use super::usual::{Rule, each, list, remove, rename};

pub(super) const RULES: &[Rule] = &[
    Rule {
        says: "Usage is asked for in every stream, and at OpenRouter in every request.",
        apply: |fields| {
            remove(fields, "stream_options", |_| true);
            remove(fields, "usage", |value| value["include"] == true);
        },
    },
    Rule {
        says: "`user` and `safety_identifier` are the same field, and so are `max_tokens` and `max_completion_tokens`.",
        apply: |fields| {
            rename(fields, "user", "safety_identifier");
            rename(fields, "max_tokens", "max_completion_tokens");
        },
    },
    Rule {
        says: "A text format is the default.",
        apply: |fields| remove(fields, "response_format", |value| value["type"] == "text"),
    },
    Rule {
        says: "One text to stop at is a list of one.",
        apply: |fields| {
            if let Some(Value::String(text)) = fields.get("stop") {
                let several = json!([text]);
                fields.insert("stop".to_owned(), several);
            }
        },
    },
    Rule {
        says: "Content that is a string is a list of one text.",
        apply: |fields| {
            for message in each(fields, "messages") {
                list(message, "content", |text| json!({"type": "text", "text": text}));
            }
        },
    },
];

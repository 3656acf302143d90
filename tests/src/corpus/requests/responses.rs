//! What may differ in requests of the Responses API.

use serde_json::{Value, json};

use super::usual::{AUTO, Rule, UNARY, each, list, remove, rename};

pub(super) const RULES: &[Rule] = &[
    UNARY,
    AUTO,
    Rule {
        says: "`user` is the former name of `safety_identifier`.",
        apply: |fields| rename(fields, "user", "safety_identifier"),
    },
    Rule {
        says: "`text.format` with `text` is the default.",
        apply: |fields| {
            if let Some(text) = fields.get_mut("text").and_then(Value::as_object_mut) {
                remove(text, "format", |format| *format == json!({"type": "text"}));
            }
            remove(fields, "text", |text| *text == json!({}));
        },
    },
    Rule {
        says: "An input that is a string is one message of the user.",
        apply: |fields| {
            if let Some(Value::String(words)) = fields.get("input") {
                let item = json!([{ "role": "user", "content": words }]);
                fields.insert("input".to_owned(), item);
            }
        },
    },
    Rule {
        says: "An item without a type is a message.",
        apply: |fields| {
            for item in each(fields, "input").filter(|item| item["type"].is_null() && item["role"].is_string()) {
                item["type"] = "message".into();
            }
        },
    },
    Rule {
        says: "Content that is a string is a list of one `input_text`, or of one `output_text` where the assistant says it.",
        apply: |fields| {
            for item in each(fields, "input").filter(|item| item["role"].is_string()) {
                let kind = if item["role"] == "assistant" { "output_text" } else { "input_text" };
                list(item, "content", |text| json!({"type": kind, "text": text}));
            }
        },
    },
];

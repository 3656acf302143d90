//! What may differ in requests of the Responses API.

use serde_json::{Value, json};

use super::usual::{Rule, each, list, remove, rename};

pub(super) const RULES: &[Rule] = &[
    Rule {
        says: "`user` and `safety_identifier` are the same field.",
        apply: |fields| rename(fields, "user", "safety_identifier"),
    },
    Rule {
        says: "A text format is the default.",
        apply: |fields| {
            if let Some(text) = fields.get_mut("text").and_then(Value::as_object_mut) {
                remove(text, "format", |format| format["type"] == "text");
            }
            remove(fields, "text", |text| *text == json!({}));
        },
    },
    Rule {
        says: "An input that is a string is one message of the user, and an item without a type is a message.",
        apply: |fields| {
            if let Some(Value::String(words)) = fields.get("input") {
                let item = json!([{ "role": "user", "content": words }]);
                fields.insert("input".to_owned(), item);
            }
            for item in each(fields, "input").filter(|item| item["type"].is_null()) {
                item["type"] = "message".into();
            }
        },
    },
    Rule {
        says: "`developer` and `system` are the same role where a vendor knows only the latter.",
        apply: |fields| {
            for item in each(fields, "input").filter(|item| item["role"] == "developer") {
                item["role"] = "system".into();
            }
        },
    },
    Rule {
        says: "Content that is a string is a list of one `input_text` or `output_text`, by the side that says it.",
        apply: |fields| {
            for item in each(fields, "input").filter(|item| item["type"] == "message") {
                let kind = if item["role"] == "assistant" { "output_text" } else { "input_text" };
                list(item, "content", |text| json!({"type": kind, "text": text}));
            }
        },
    },
];

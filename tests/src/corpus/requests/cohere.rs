//! What may differ in requests of Cohere.

use serde_json::json;

use super::usual::{Rule, each, list, remove, rename};

pub(super) const RULES: &[Rule] = &[
    Rule {
        says: "Content that is a string is a list of one text, and no words are no content.",
        apply: |fields| {
            for message in each(fields, "messages") {
                list(message, "content", |text| json!({"type": "text", "text": text}));
                if let Some(message) = message.as_object_mut() {
                    remove(message, "content", |content| *content == json!([{"type": "text", "text": ""}]));
                }
            }
        },
    },
    Rule {
        says: "`schema` is the former name of `json_schema`, and a text format is the default.",
        apply: |fields| {
            if let Some(format) = fields.get_mut("response_format").and_then(|format| format.as_object_mut()) {
                rename(format, "schema", "json_schema");
            }
            remove(fields, "response_format", |format| *format == json!({"type": "text"}));
        },
    },
    Rule {
        says: "Vectors are of floats unless another type is asked for.",
        apply: |fields| remove(fields, "embedding_types", |types| *types == json!(["float"])),
    },
];

//! What may differ in requests of Cohere.

use serde_json::json;

use super::usual::{Rule, each, list};

pub(super) const RULES: &[Rule] = &[Rule {
    says: "Content that is a string is a list of one text.",
    apply: |fields| {
        for message in each(fields, "messages") {
            list(message, "content", |text| json!({"type": "text", "text": text}));
        }
    },
}];

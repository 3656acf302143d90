//! What may differ in requests of Anthropic's messages.

use serde_json::json;

use super::usual::{Rule, each, list};

pub(super) const RULES: &[Rule] = &[Rule {
    says: "Content that is a string is a list of one text, in `system`, in messages and in results of tools.",
    apply: |fields| {
        let text = |text| json!({"type": "text", "text": text});
        if let Some(words) = fields.get_mut("system").filter(|system| system.is_string()) {
            *words = json!([text(words.take())]);
        }
        for message in each(fields, "messages") {
            list(message, "content", text);
            for part in message.get_mut("content").and_then(|content| content.as_array_mut()).into_iter().flatten() {
                list(part, "content", text);
            }
        }
    },
}];

//! What may differ in requests of Anthropic's messages.

use serde_json::{Map, Value, json};

use super::usual::{AUTO, Rule, UNARY, each, list, remove};

pub(super) const RULES: &[Rule] = &[UNARY, AUTO, CONTENT, RESULTS, FORMAT, OFF];

/// How a text may be written, also where these bodies are sent to another host.
pub(super) const CONTENT: Rule = Rule {
    says: "Content that is a string is a list of one text, in `system`, in messages and in results of tools; no words in `system` are no `system`.",
    apply: |fields| {
        let text = |text| json!({"type": "text", "text": text});
        remove(fields, "system", |system| system == "");
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
};

/// How a result may be written that is no error.
const RESULTS: Rule = Rule {
    says: "`is_error: false` is the default of a tool's result.",
    apply: |fields| {
        let parts = each(fields, "messages").filter_map(|message| message.get_mut("content")?.as_array_mut());
        for result in parts.flatten().filter_map(Value::as_object_mut) {
            remove(result, "is_error", |value| value == false);
        }
    },
};

/// The beta's name of a field, under which the SDKs of 2025 sent it.
const FORMAT: Rule = Rule {
    says: "`output_format` is the former name of `output_config.format`.",
    apply: |fields| {
        let Some(format) = fields.remove("output_format") else { return };
        let config = fields.entry("output_config").or_insert_with(|| Map::new().into());
        if let Some(config) = config.as_object_mut() {
            config.entry("format").or_insert(format);
        }
    },
};

/// The reference once gave -1 as their default.
const OFF: Rule = Rule {
    says: "`top_k` and `top_p` of -1 are off, as they are without the field.",
    apply: |fields| {
        for name in ["top_k", "top_p"] {
            remove(fields, name, |value| value == -1);
        }
    },
};

//! What may differ in requests of Bedrock: to Converse, and to `InvokeModel`, where Claude takes Anthropic's messages.

use serde_json::Value;

use super::anthropic::{CONTENT, FORMAT, OFF, RESULTS, TOOLS, TURNS};
use super::usual::Rule;

pub(super) const RULES: &[Rule] = &[CONTENT, RESULTS, CLAUDE_TURNS, TOOLS, FORMAT, OFF, SCHEMA];

/// Of Converse it is not documented.
const CLAUDE_TURNS: Rule = Rule {
    says: "In Claude's bodies of `InvokeModel`, messages of the user in a row are one turn, and so are those of the assistant.",
    apply: |fields| {
        if fields.contains_key("anthropic_version") {
            (TURNS.apply)(fields);
        }
    },
};

const SCHEMA: Rule = Rule {
    says: "The schema of an answer is the text of an object, whose blanks and order say nothing.",
    apply: |fields| {
        let schema = fields.get_mut("outputConfig").and_then(|config| {
            config.pointer_mut("/textFormat/structure/jsonSchema/schema").filter(|schema| schema.is_string())
        });
        if let Some(schema) = schema
            && let Ok(read) = serde_json::from_str::<Value>(schema.as_str().unwrap_or_default())
        {
            *schema = read;
        }
    },
};

//! What may differ in requests of Bedrock: to Converse, and to `InvokeModel`, where Claude takes Anthropic's messages.

use serde_json::{Value, json};

use super::super::case::Case;
use super::anthropic::CONTENT;
use super::usual::{AUTO, Rule, remove};

pub(super) const CLAUDE: &[Rule] = &[AUTO, CONTENT];

/// Whether it is a body of Anthropic's messages.
pub(super) fn is_claude(case: &Case) -> bool {
    let body = case.request.as_ref().map(|recorded| &recorded.body);
    case.api == "bedrock-invoke" && body.is_some_and(|body| body.get("anthropic_version").is_some())
}

pub(super) const CONVERSE: &[Rule] = &[NO_SETTINGS, SCHEMA];

const NO_SETTINGS: Rule = Rule {
    says: "`inferenceConfig` without a setting is none.",
    apply: |fields| remove(fields, "inferenceConfig", |settings| *settings == json!({})),
};

const SCHEMA: Rule = Rule {
    says: "The schema of an answer is the text of an object, whose blanks say nothing.",
    apply: |fields| {
        let schema = fields.get_mut("outputConfig").and_then(|config| {
            config.pointer_mut("/textFormat/structure/jsonSchema/schema").filter(|schema| schema.is_string())
        });
        if let Some(schema) = schema
            && let Ok(read) = serde_json::from_str::<Value>(schema.as_str().unwrap_or_default())
        {
            *schema = read.to_string().into();
        }
    },
};

//! In which way a target is asked for an answer by a schema.

use llm_core::{Capabilities, ChatRequest};
use serde_json::Value;

/// A way to have an answer by a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// The vendor's own.
    Native,
    /// The schema is that of a tool that must be called, whose arguments are the answer.
    Tool,
    /// The schema stands in the prompt.
    Words,
}

impl Mode {
    /// The best way that a target has for a request.
    ///
    /// A tool takes an object only, and stands in the way of the caller's own tools: then it is words.
    pub fn of(request: &ChatRequest, schema: &Value, can: &Capabilities) -> Self {
        let by_tool = can.tools.may() && can.forced_tool.may() && request.tools.is_empty() && is_object(schema);
        match () {
            () if can.json_schema.may() => Self::Native,
            () if by_tool => Self::Tool,
            () => Self::Words,
        }
    }

    /// What the caller is told.
    pub(super) fn told(self, again: bool) -> &'static str {
        match (self, again) {
            (Self::Native, _) => "an answer broke the schema, the model was asked again",
            (Self::Tool, false) => "the target has no mode for schemas: a tool with the schema had to be called",
            (Self::Tool, true) => {
                "the target has no mode for schemas: a tool with the schema had to be called, twice because its first \
                 arguments broke the schema"
            }
            (Self::Words, false) => "the target has no mode for schemas: the schema stood in the prompt",
            (Self::Words, true) => {
                "the target has no mode for schemas: the schema stood in the prompt, and the model was asked again \
                 because its first answer broke it"
            }
        }
    }
}

fn is_object(schema: &Value) -> bool {
    schema["type"] == "object" || (schema.get("type").is_none() && schema.get("properties").is_some())
}

//! Whether an answer is JSON that follows a schema.

use async_trait::async_trait;
use llm_core::schema::{Schema, json_in};
use llm_core::{Assessment, Assessor, ChatRequest, ChatResponse, Cx, Error, ErrorKind, OutputFormat};
use serde_json::Value;

/// Assesses whether an answer is JSON that follows a schema: its own, or the one that the request asks for.
///
/// A fence of Markdown around the JSON is passed over. Valid is 1, JSON that does not follow the schema 0.25, anything
/// else 0. What of a schema is checked says [`llm_core::schema`]; regular expressions are not looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JsonSchemaAssessor {
    schema: Option<Value>,
}

/// What JSON is worth that does not follow the schema: it can be repaired.
const REPAIRABLE: f64 = 0.25;

impl JsonSchemaAssessor {
    /// By the schema that the request asks for.
    pub fn of_request() -> Self {
        Self::default()
    }

    /// By this schema, whatever the request asks for.
    pub fn new(schema: Value) -> Self {
        Self { schema: Some(schema) }
    }

    fn schema<'a>(&'a self, request: &'a ChatRequest) -> Result<Option<&'a Value>, Error> {
        match (&self.schema, &request.output) {
            (Some(schema), _) => Ok(Some(schema)),
            (None, OutputFormat::JsonSchema(asked)) => Ok(Some(&asked.schema)),
            (None, OutputFormat::Json) => Ok(None),
            (None, _) => {
                let message =
                    "an answer cannot be checked against a schema: neither the assessor nor the request has one";
                Err(Error::new(ErrorKind::Config, message))
            }
        }
    }
}

#[async_trait]
impl Assessor for JsonSchemaAssessor {
    fn name(&self) -> &'static str {
        "json_schema"
    }

    async fn assess(&self, _cx: &Cx, request: &ChatRequest, response: &ChatResponse) -> Result<Assessment, Error> {
        let schema = self.schema(request)?;
        if response.message.tool_calls().next().is_some() && response.text().trim().is_empty() {
            return Err(Error::new(ErrorKind::Unsupported, "an answer that only calls tools has no JSON to check"));
        }
        let text = response.text();
        let Some((_, value)) = json_in(&text) else {
            return Ok(Assessment::new(0.0, "it is not JSON"));
        };
        match schema.map_or(Ok(()), |schema| Schema::new(schema).check(&value)) {
            Ok(()) => Ok(Assessment::new(1.0, "it follows the schema")),
            Err(why) => Ok(Assessment::new(REPAIRABLE, why.to_string())),
        }
    }
}

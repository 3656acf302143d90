//! Whether an answer is JSON that follows a schema.

use async_trait::async_trait;
use llm_core::{Assessment, Assessor, ChatRequest, ChatResponse, Cx, Error, ErrorKind, OutputFormat};
use serde_json::Value;

use super::schema_check::check;

/// Assesses whether an answer is JSON that follows a schema: its own, or the one that the request asks for.
///
/// A fence of Markdown around the JSON is passed over. Valid is 1, JSON that does not follow the schema 0.25, anything
/// else 0. Checked are the keywords that vendors' structured outputs have: `type`, `enum`, `const`, `properties`,
/// `required`, `additionalProperties`, `items`, `prefixItems`, `anyOf`, `oneOf`, `allOf`, `not`, `$ref` within the schema,
/// and the bounds of numbers, texts and arrays. Other keywords (`pattern`, `format`) are not looked at.
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

/// The text within a fence of Markdown, where there is one around all of it.
fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("```").and_then(|text| text.strip_suffix("```"));
    inner.map_or(text, |inner| inner.split_once('\n').map_or(inner, |(_language, rest)| rest).trim())
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
        let Ok(value) = serde_json::from_str::<Value>(unfenced(&response.text())) else {
            return Ok(Assessment::new(0.0, "it is not JSON"));
        };
        match schema.map_or(Ok(()), |schema| check(schema, &value)) {
            Ok(()) => Ok(Assessment::new(1.0, "it follows the schema")),
            Err(why) => Ok(Assessment::new(REPAIRABLE, why)),
        }
    }
}

//! The form of the answer: `response_format`.

use llm_core::{Error, JsonSchema, OutputFormat};
use serde::Serialize;
use serde_json::Value;

use crate::dialect::{Dialect, StructuredOutput};
use crate::encoded::Notes;

/// `response_format`.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ResponseFormat<'a> {
    JsonObject,
    JsonSchema { json_schema: Schema<'a> },
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are the vendor's")]
pub(crate) struct Schema<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    schema: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

const NO_SCHEMA: &str = "this vendor promises JSON but follows no schema";

/// The name of a schema that has none: the field must not be empty.
const UNNAMED: &str = "answer";

impl<'a> ResponseFormat<'a> {
    pub(crate) fn new(
        asked: &'a OutputFormat,
        dialect: &Dialect,
        (tools, stream): (bool, bool),
        notes: &mut Notes,
    ) -> Result<Option<Self>, Error> {
        let why_not = match (asked, dialect.structured_output) {
            (OutputFormat::Text, _) => return Ok(None),
            (_, StructuredOutput::None) => Some("this vendor has no structured output"),
            _ if tools && !dialect.tools_with_output => Some("this vendor does not take it together with tools"),
            _ if stream && !dialect.stream_with_output => Some("this vendor does not take it in a stream"),
            _ => None,
        };
        if let Some(why) = why_not {
            notes.unsupported("output", why)?;
            if matches!(asked, OutputFormat::JsonSchema(schema) if schema.description.is_some()) {
                notes.unsupported("output.description", why)?;
            }
            return Ok(None);
        }
        match asked {
            OutputFormat::Json => Ok(Some(Self::JsonObject)),
            OutputFormat::JsonSchema(schema) if dialect.structured_output == StructuredOutput::JsonObject => {
                notes.unsupported("output.schema", NO_SCHEMA)?;
                if schema.description.is_some() {
                    notes.unsupported("output.description", NO_SCHEMA)?;
                }
                Ok(Some(Self::JsonObject))
            }
            OutputFormat::JsonSchema(schema) => {
                Ok(Some(Self::JsonSchema { json_schema: named(schema, dialect, notes) }))
            }
            _ => {
                notes.unsupported("output", "this protocol has no form for it")?;
                Ok(None)
            }
        }
    }
}

fn named<'a>(schema: &'a JsonSchema, dialect: &Dialect, notes: &mut Notes) -> Schema<'a> {
    if schema.strict.is_some() && !dialect.strict {
        notes.adapted("output.strict", "this vendor does not know the word; it may hold to the schema all the same");
    }
    Schema {
        name: if schema.name.is_empty() { UNNAMED } else { &schema.name },
        description: schema.description.as_deref(),
        schema: &schema.schema,
        strict: schema.strict.filter(|_| dialect.strict),
    }
}

//! The field `outputConfig`: a JSON schema for the answer, and the effort.

use std::borrow::Cow;

use llm_core::{ChatRequest, Error, JsonSchema, OutputFormat, Support, Warnings};
use llm_wire::json::{Object, Patch, Patched};
use serde::Serialize;
use serde::ser::Serializer;

use crate::profile::Profile;

/// The field `outputConfig`.
pub(super) struct OutputConfig<'a> {
    effort: Option<Cow<'a, str>>,
    schema: Option<&'a JsonSchema>,
}

impl<'a> OutputConfig<'a> {
    pub(super) fn plan(
        request: &'a ChatRequest,
        effort: Option<Cow<'a, str>>,
        profile: &Profile,
        warnings: &mut Warnings,
    ) -> Result<Self, Error> {
        let mut config = Self { effort, schema: None };
        match &request.output {
            OutputFormat::Text => {}
            OutputFormat::JsonSchema(_) if profile.json_schema == Support::No => {
                warnings.unsupported("output", "this model takes no schema for its answer")?;
            }
            OutputFormat::JsonSchema(schema) => {
                if schema.strict == Some(false) {
                    warnings.adapted("output.strict", "the vendor always holds the answer to the schema");
                }
                config.schema = Some(schema);
            }
            OutputFormat::Json => warnings.unsupported("output", "the vendor has no JSON mode without a schema")?,
            _ => warnings.unsupported("output", "this version does not know the format")?,
        }
        Ok(config)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.effort.is_none() && self.schema.is_none()
    }
}

impl Patched for OutputConfig<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.some("effort", self.effort.as_deref())?;
        object.some("textFormat", self.schema.map(TextFormat::new))?;
        object.end()
    }
}

#[derive(Serialize)]
struct TextFormat<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    structure: Structure<'a>,
}

#[derive(Serialize)]
struct Structure<'a> {
    #[serde(rename = "jsonSchema")]
    schema: Schema<'a>,
}

/// The schema is text here.
#[derive(Serialize)]
struct Schema<'a> {
    #[serde(rename = "schema")]
    text: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

impl<'a> TextFormat<'a> {
    fn new(format: &'a JsonSchema) -> Self {
        let schema =
            Schema { text: format.schema.to_string(), name: &format.name, description: format.description.as_deref() };
        Self { kind: "json_schema", structure: Structure { schema } }
    }
}

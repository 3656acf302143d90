//! The field `output_config`: a JSON schema for the answer, and the effort.

use std::borrow::Cow;

use llm_core::{ChatRequest, Error, JsonSchema, OutputFormat, Warnings};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::schema;
use llm_wire::json::{Object, Patch, Patched};

/// What is said of a schema that was changed.
pub(super) const FITTED: &str = "objects are closed, and keywords that the vendor refuses are told in descriptions";

/// The field `output_config`.
pub(super) struct OutputConfig<'a> {
    pub(super) effort: Option<&'a str>,
    pub(super) schema: Option<Cow<'a, Value>>,
}

impl OutputConfig<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.effort.is_none() && self.schema.is_none()
    }
}

/// The schema that the answer must follow, as the vendor takes it.
pub(super) fn schema<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> Result<Option<Cow<'a, Value>>, Error> {
    match &request.output {
        OutputFormat::Text => Ok(None),
        OutputFormat::JsonSchema(format) => {
            if format.strict == Some(false) {
                warnings.adapted("output.strict", "the vendor always holds the answer to the schema");
            }
            let described = described(format);
            let fitted = schema::fitted(&described);
            if fitted.is_some() {
                warnings.adapted("output.schema", FITTED);
            }
            Ok(Some(fitted.map_or(described, Cow::Owned)))
        }
        OutputFormat::Json => {
            warnings.unsupported("output", "the vendor has no JSON mode without a schema")?;
            Ok(None)
        }
        _ => {
            warnings.unsupported("output", "this version does not know the format")?;
            Ok(None)
        }
    }
}

/// The vendor has no fields for a schema's name and description; JSON Schema has its own.
fn described(format: &JsonSchema) -> Cow<'_, Value> {
    let Some(fields) = format.schema.as_object() else { return Cow::Borrowed(&format.schema) };
    let name = Some(&format.name).filter(|name| !name.is_empty() && !fields.contains_key("title"));
    let description = format.description.as_ref().filter(|_| !fields.contains_key("description"));
    if name.is_none() && description.is_none() {
        return Cow::Borrowed(&format.schema);
    }
    let mut fields = fields.clone();
    for (field, text) in [("title", name), ("description", description)] {
        fields.extend(text.map(|text| (field.to_owned(), Value::String(text.clone()))));
    }
    Cow::Owned(Value::Object(fields))
}

impl Patched for OutputConfig<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.some("effort", self.effort)?;
        object.some("format", self.schema.as_deref().map(Format))?;
        object.end()
    }
}

struct Format<'a>(&'a Value);

impl Serialize for Format<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("type", "json_schema")?;
        map.serialize_entry("schema", self.0)?;
        map.end()
    }
}

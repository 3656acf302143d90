//! The vendor's older schema form, a subset of `OpenAPI` 3.0, as JSON schema, which every other vendor takes.

use llm_core::Error;
use serde_json::{Map, Value};

use super::openapi::openapi;
use super::profile::Profile;
use crate::wire::Fields;

/// A schema in the form that a model takes.
#[derive(Debug, PartialEq)]
pub(super) enum Schema<'a> {
    Json(&'a Value),
    OpenApi { schema: Value, loses: bool },
}

impl<'a> Schema<'a> {
    /// Why a schema in the older form may say less.
    pub(super) const WHY: &'static str =
        "this model takes a part of json schema only; what it does not know is left out";

    pub(super) fn of(schema: &'a Value, profile: Profile) -> Self {
        if profile.json_schema.may() {
            return Self::Json(schema);
        }
        let (schema, loses) = openapi(schema);
        Self::OpenApi { schema, loses }
    }
}

/// Takes the schema out of an object that has it in either form; in the older form also as it came.
pub(super) fn take(fields: &mut Fields<'_>, json: &str, older: &str) -> Result<(Option<Value>, Option<Value>), Error> {
    let what = "it must be a schema";
    let own: Option<Value> = fields.typed(older, what)?;
    let schema = fields.typed(json, what)?.or_else(|| own.clone().map(json_schema));
    Ok((schema, own))
}

/// Types in lower case, `nullable` as a type, counts as numbers; everything else as it is.
/// What is JSON schema already passes unchanged.
pub(super) fn json_schema(schema: Value) -> Value {
    let Value::Object(fields) = schema else { return schema };
    let mut out = Map::new();
    let mut nullable = false;
    for (name, value) in fields {
        let name = crate::wire::camel_case(&name).into_owned();
        let value = match (name.as_str(), value) {
            ("nullable", Value::Bool(yes)) => {
                nullable = yes;
                continue;
            }
            ("type", Value::String(word)) => word.to_ascii_lowercase().into(),
            // The vendor writes 64-bit counts as strings.
            (
                "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties" | "maxProperties",
                Value::String(count),
            ) => count.parse::<u64>().map_or(Value::String(count), Value::from),
            ("properties" | "$defs" | "defs", Value::Object(children)) => {
                children.into_iter().map(|(name, child)| (name, json_schema(child))).collect::<Map<_, _>>().into()
            }
            ("items" | "additionalProperties", child) => json_schema(child),
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(children)) => {
                children.into_iter().map(json_schema).collect()
            }
            (_, value) => value,
        };
        out.insert(name, value);
    }
    if nullable {
        let kind = out.get("type").cloned();
        match kind {
            Some(kind @ Value::String(_)) => {
                out.insert("type".to_owned(), vec![kind, "null".into()].into());
            }
            Some(_) => {}
            None => {
                if let Some(Value::Array(choices)) = out.get_mut("anyOf") {
                    choices.push(serde_json::json!({"type": "null"}));
                }
            }
        }
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn openapi_becomes_json_schema() {
        let openapi = json!({
            "type": "OBJECT",
            "properties": {
                "type": {"type": "STRING", "nullable": true, "enum": ["OBJECT"]},
                "snake_name": {"type": "ARRAY", "min_items": "1", "items": {"type": "INTEGER"}},
            },
            "required": ["type"],
            "propertyOrdering": ["type", "snake_name"],
        });
        let expected = json!({
            "type": "object",
            "properties": {
                "type": {"type": ["string", "null"], "enum": ["OBJECT"]},
                "snake_name": {"type": "array", "minItems": 1, "items": {"type": "integer"}},
            },
            "required": ["type"],
            "propertyOrdering": ["type", "snake_name"],
        });
        assert_eq!(json_schema(openapi), expected);
        assert_eq!(json_schema(expected.clone()), expected);
    }
}

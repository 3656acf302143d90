//! JSON schemas that the vendor holds an answer to: it refuses keywords that its grammars cannot express.
//!
//! Such a keyword moves into the description, where the model reads it, as the vendor's own SDKs do it; `oneOf` becomes
//! `anyOf`, and every object is closed (structured outputs guide and LiteLLM 1.106 `filter_anthropic_output_schema`,
//! read 2026-11). Of `minItems` the guide names 0 and 1 as taken. Schemas of tools that are not strict are taken as they
//! are.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Keywords that the vendor refuses.
const REFUSED: &[&str] = &[
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "if",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
];

/// The schema as the vendor takes it; `None` when it takes it as it is.
pub(super) fn fitted(schema: &Value) -> Option<Value> {
    if fits(schema) {
        return None;
    }
    let mut schema = schema.clone();
    fit(&mut schema);
    Some(schema)
}

fn fits(schema: &Value) -> bool {
    let Some(fields) = schema.as_object() else { return true };
    !fields.iter().any(|(name, value)| name == "oneOf" || is_refused(name, value))
        && (!is_object(fields) || fields.get("additionalProperties") == Some(&Value::Bool(false)))
        && fields.iter().all(|(name, value)| match (name.as_str(), value) {
            ("properties" | "$defs" | "definitions", Value::Object(schemas)) => schemas.values().all(fits),
            ("anyOf" | "allOf", Value::Array(schemas)) => schemas.iter().all(fits),
            ("items", schema) => fits(schema),
            _ => true,
        })
}

fn is_refused(name: &str, value: &Value) -> bool {
    REFUSED.contains(&name) && !(name == "minItems" && matches!(value.as_u64(), Some(0 | 1)))
}

fn is_object(fields: &Map<String, Value>) -> bool {
    match fields.get("type") {
        Some(Value::String(name)) => name == "object",
        Some(Value::Array(names)) => names.iter().any(|name| name == "object"),
        _ => fields.contains_key("properties"),
    }
}

fn fit(schema: &mut Value) {
    let Some(fields) = schema.as_object_mut() else { return };
    let mut moved = String::new();
    for name in REFUSED {
        if fields.get(*name).is_some_and(|value| is_refused(name, value))
            && let Some(value) = fields.remove(*name)
        {
            let comma = if moved.is_empty() { "" } else { ", " };
            // Writing to a string cannot fail.
            let _ = write!(moved, "{comma}{name}: {value}");
        }
    }
    if !moved.is_empty() {
        let description = fields.get("description").and_then(Value::as_str).unwrap_or_default();
        let gap = if description.is_empty() { "" } else { "\n\n" };
        let description = format!("{description}{gap}{{{moved}}}");
        fields.insert("description".to_owned(), description.into());
    }
    if let Some(Value::Array(one_of)) = fields.remove("oneOf") {
        match fields.get_mut("anyOf") {
            Some(Value::Array(any_of)) => any_of.extend(one_of),
            _ => {
                fields.insert("anyOf".to_owned(), one_of.into());
            }
        }
    }
    if is_object(fields) {
        fields.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("properties" | "$defs" | "definitions", Value::Object(schemas)) => schemas.values_mut().for_each(fit),
            ("anyOf" | "allOf", Value::Array(schemas)) => schemas.iter_mut().for_each(fit),
            ("items", schema) => fit(schema),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_vendor_takes_is_left_alone() {
        let closed = json!({"type": "object", "additionalProperties": false, "required": ["a"], "properties": {
            "a": {"type": "string", "format": "date", "enum": ["x"], "pattern": "^x$"},
            // The name of a property is no keyword.
            "minimum": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "list": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/item"}}},
            "$defs": {"item": {"type": "object", "additionalProperties": false}}});
        for schema in [closed, json!({"type": "string"}), json!({}), json!(true)] {
            assert_eq!(fitted(&schema), None, "{schema}");
        }
    }

    #[test]
    fn what_it_refuses_moves_into_the_description_at_every_depth() {
        let schema = json!({"type": "object", "properties": {
            "n": {"type": "integer", "description": "a number", "minimum": 1, "maximum": 9},
            "l": {"type": "array", "minItems": 2, "items": {"type": "string", "maxLength": 3}},
            "o": {"oneOf": [{"type": "object", "properties": {}}, {"type": "null"}]}}});
        let expected = json!({"type": "object", "additionalProperties": false, "properties": {
            "n": {"type": "integer", "description": "a number\n\n{maximum: 9, minimum: 1}"},
            "l": {"type": "array", "description": "{minItems: 2}",
                "items": {"type": "string", "description": "{maxLength: 3}"}},
            "o": {"anyOf": [{"type": "object", "properties": {}, "additionalProperties": false}, {"type": "null"}]}}});
        assert_eq!(fitted(&schema), Some(expected.clone()));
        assert_eq!(fitted(&expected), None);
    }
}

//! From a JSON schema to the smallest value that follows it, the same one every time.
//!
//! It knows types, required properties, constants, enumerations, combinations, references inside the schema, bounds of
//! numbers, lengths and the usual formats. It does not solve `pattern`, `not`, `if` and `uniqueItems`.

use llm_core::{Error, ErrorKind};
use serde_json::{Map, Value, json};

/// Deepest nesting and most values that are made: a schema comes from a caller.
const DEEPEST: usize = 32;
const MOST_VALUES: usize = 10_000;

/// The smallest value that follows `schema`; an `invalid_request` error about `param` when none is found.
pub(crate) fn minimal(schema: &Value, param: &str) -> Result<Value, Error> {
    let mut builder = Builder { root: schema, values: 0 };
    builder.value(schema, 0).map_err(|why| {
        Error::new(ErrorKind::InvalidRequest, format!("making a value for the schema in {param}: {why}"))
            .with_param(param)
    })
}

struct Builder<'a> {
    root: &'a Value,
    values: usize,
}

impl<'a> Builder<'a> {
    fn value(&mut self, schema: &'a Value, depth: usize) -> Result<Value, &'static str> {
        self.values += 1;
        if depth > DEEPEST {
            return Err("it is nested too deeply, or without end");
        }
        if self.values > MOST_VALUES {
            return Err("it asks for too many values");
        }
        let schema = match schema {
            Value::Object(schema) => schema,
            Value::Bool(false) => return Err("it allows nothing"),
            _ => return Ok(Value::Null),
        };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let target = self.resolve(reference).ok_or("it refers to something that is not in it")?;
            return self.value(target, depth + 1);
        }
        if let Some(constant) = schema.get("const") {
            return Ok(constant.clone());
        }
        if let Some(first) = schema.get("enum").and_then(Value::as_array).and_then(|values| values.first()) {
            return Ok(first.clone());
        }
        let mut made = self.by_type(schema, depth)?;
        for word in ["anyOf", "oneOf"] {
            if let Some(options) = schema.get(word).and_then(Value::as_array) {
                made = merged(made, self.first_that_works(options, depth)?);
            }
        }
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            made = merged(made, Some(self.value(part, depth + 1)?));
        }
        Ok(made.unwrap_or(Value::Null))
    }

    fn first_that_works(&mut self, options: &'a [Value], depth: usize) -> Result<Option<Value>, &'static str> {
        let mut why = None;
        for option in options {
            match self.value(option, depth + 1) {
                Ok(value) => return Ok(Some(value)),
                Err(error) => why = Some(error),
            }
        }
        why.map_or(Ok(None), Err)
    }

    /// The value by the schema's own type; `None` when it says no type.
    fn by_type(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Result<Option<Value>, &'static str> {
        Ok(Some(match type_of(schema) {
            Some("object") => self.object(schema, depth)?,
            Some("array") => self.array(schema, depth)?,
            Some("string") => string(schema)?,
            Some("integer") => number(schema, true)?,
            Some("number") => number(schema, false)?,
            Some("boolean") => Value::Bool(false),
            Some(_) => Value::Null,
            None => return Ok(None),
        }))
    }

    fn object(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Result<Value, &'static str> {
        let properties = schema.get("properties").and_then(Value::as_object);
        let property = |name: &str| properties.and_then(|properties| properties.get(name)).unwrap_or(&Value::Null);
        let mut object = Map::new();
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            object.insert(name.to_owned(), self.value(property(name), depth + 1)?);
        }
        let least = count(schema, "minProperties");
        for (name, schema) in properties.into_iter().flatten() {
            if object.len() >= least {
                break;
            }
            if !object.contains_key(name) {
                object.insert(name.clone(), self.value(schema, depth + 1)?);
            }
        }
        Ok(Value::Object(object))
    }

    fn array(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Result<Value, &'static str> {
        let first = schema.get("prefixItems").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let rest = schema.get("items").unwrap_or(&Value::Null);
        let mut array = Vec::new();
        for index in 0..count(schema, "minItems") {
            array.push(self.value(first.get(index).unwrap_or(rest), depth + 1)?);
        }
        Ok(Value::Array(array))
    }

    fn resolve(&self, reference: &str) -> Option<&'a Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }
}

/// The type a schema names, or shows by its other words. Of several, the first that is not null.
fn type_of(schema: &Map<String, Value>) -> Option<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => Some(kind),
        Some(Value::Array(kinds)) => {
            let mut kinds = kinds.iter().filter_map(Value::as_str);
            kinds.find(|kind| *kind != "null").or(Some("null"))
        }
        _ if schema.contains_key("properties") || schema.contains_key("required") => Some("object"),
        _ if schema.contains_key("items") || schema.contains_key("prefixItems") => Some("array"),
        _ => None,
    }
}

/// Of two values for the same place: objects together, else the later one.
fn merged(made: Option<Value>, more: Option<Value>) -> Option<Value> {
    match (made, more) {
        (Some(Value::Object(mut made)), Some(Value::Object(more))) => {
            made.extend(more);
            Some(Value::Object(made))
        }
        (made, None) => made,
        (_, more) => more,
    }
}

fn count(schema: &Map<String, Value>, word: &str) -> usize {
    schema.get(word).and_then(Value::as_u64).map_or(0, |count| usize::try_from(count).unwrap_or(usize::MAX))
}

fn string(schema: &Map<String, Value>) -> Result<Value, &'static str> {
    let text = match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => "1970-01-01T00:00:00Z",
        Some("date") => "1970-01-01",
        Some("time") => "00:00:00Z",
        Some("duration") => "PT0S",
        Some("email" | "idn-email") => "a@example.com",
        Some("hostname" | "idn-hostname") => "example.com",
        Some("uri" | "url" | "iri" | "uri-reference") => "https://example.com/",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        _ => "",
    };
    let least = count(schema, "minLength");
    if least > MOST_VALUES {
        return Err("it asks for too long a text");
    }
    let missing = least.saturating_sub(text.len());
    Ok(Value::String(format!("{text}{}", "x".repeat(missing))))
}

/// Zero, or the value nearest to it that the bounds and the step allow.
fn number(schema: &Map<String, Value>, whole: bool) -> Result<Value, &'static str> {
    const NONE: &str = "no number lies within its bounds";
    let bound = |word: &str| schema.get(word).and_then(Value::as_f64);
    let step = bound("multipleOf").filter(|step| *step > 0.0).or(if whole { Some(1.0) } else { None });
    let (low, high) = (bound("minimum"), bound("maximum"));
    let (above, below) = (bound("exclusiveMinimum"), bound("exclusiveMaximum"));
    let fits = |value: f64| {
        low.is_none_or(|low| value >= low)
            && high.is_none_or(|high| value <= high)
            && above.is_none_or(|above| value > above)
            && below.is_none_or(|below| value < below)
    };
    let from_below = [low, above].into_iter().flatten().fold(f64::NEG_INFINITY, f64::max);
    let from_above = [high, below].into_iter().flatten().fold(f64::INFINITY, f64::min);
    let mut candidates = vec![0.0];
    match step {
        Some(step) => {
            let up = (from_below / step).ceil() * step;
            let down = (from_above / step).floor() * step;
            candidates.extend([up, up + step, down, down - step]);
        }
        None => candidates.extend([
            from_below,
            from_above,
            f64::midpoint(from_below, from_above),
            from_below + 1.0,
            from_above - 1.0,
        ]),
    }
    let value = candidates.into_iter().find(|value| value.is_finite() && fits(*value)).ok_or(NONE)?;
    #[allow(clippy::cast_possible_truncation, reason = "whole numbers up to 2^53 are exact")]
    let exact = value.fract() == 0.0 && value.abs() < 9e15;
    #[allow(clippy::cast_possible_truncation, reason = "checked on the line before")]
    Ok(if exact { json!(value as i64) } else { json!(value) })
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "cases are given by value")]
mod tests {
    use super::*;

    fn check(schema: Value, expected: Value) {
        assert_eq!(minimal(&schema, "output").unwrap(), expected, "{schema}");
    }

    fn refused(schema: Value) {
        let error = minimal(&schema, "output.schema").unwrap_err();
        assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some("output.schema")), "{schema}");
    }

    #[test]
    fn every_type_has_a_smallest_value() {
        check(json!({}), json!(null));
        check(json!(true), json!(null));
        check(json!({ "type": "string" }), json!(""));
        check(json!({ "type": "integer" }), json!(0));
        check(json!({ "type": "number" }), json!(0));
        check(json!({ "type": "boolean" }), json!(false));
        check(json!({ "type": "null" }), json!(null));
        check(json!({ "type": "array", "items": { "type": "string" } }), json!([]));
        check(json!({ "type": ["null", "integer"] }), json!(0));
        check(json!({ "const": [1] }), json!([1]));
        check(json!({ "enum": ["b", "a"] }), json!("b"));
    }

    #[test]
    fn only_what_is_required_is_there() {
        let schema = json!({
            "type": "object",
            "properties": {
                "city": { "type": "string", "minLength": 2 },
                "when": { "type": "string", "format": "date" },
                "days": { "type": "array", "items": { "type": "integer", "minimum": 1 }, "minItems": 2 },
                "extra": { "type": "string" },
            },
            "required": ["city", "when", "days", "untold"],
        });
        check(schema, json!({ "city": "xx", "when": "1970-01-01", "days": [1, 1], "untold": null }));
        check(json!({ "properties": { "a": { "type": "integer" } }, "minProperties": 1 }), json!({ "a": 0 }));
    }

    #[test]
    fn numbers_keep_their_bounds() {
        check(json!({ "type": "integer", "minimum": 3 }), json!(3));
        check(json!({ "type": "integer", "exclusiveMinimum": 3 }), json!(4));
        check(json!({ "type": "integer", "maximum": -2 }), json!(-2));
        check(json!({ "type": "integer", "minimum": 5, "multipleOf": 4 }), json!(8));
        check(json!({ "type": "integer", "minimum": 2.5 }), json!(3));
        check(json!({ "type": "number", "minimum": 0.5 }), json!(0.5));
        check(json!({ "type": "number", "exclusiveMinimum": 0.0, "maximum": 1 }), json!(1));
        check(json!({ "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 }), json!(0.5));
        refused(json!({ "type": "integer", "minimum": 2, "maximum": 1 }));
        refused(json!({ "type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2 }));
    }

    #[test]
    fn combinations_and_references_are_followed() {
        let schema = json!({
            "$ref": "#/$defs/pet",
            "$defs": {
                "pet": { "allOf": [
                    { "type": "object", "properties": { "name": { "$ref": "#/$defs/name" } }, "required": ["name"] },
                    { "anyOf": [false, { "type": "object", "properties": { "legs": { "const": 4 } }, "required": ["legs"] }] },
                ] },
                "name": { "type": "string", "minLength": 1 },
            },
        });
        check(schema, json!({ "name": "x", "legs": 4 }));
        check(json!({ "anyOf": [{ "type": "integer" }, { "type": "null" }] }), json!(0));
    }

    #[test]
    fn what_has_no_end_or_no_value_is_refused() {
        refused(json!(false));
        refused(json!({ "$ref": "#/$defs/nobody" }));
        refused(json!({ "$ref": "https://example.com/schema" }));
        refused(json!({ "type": "object", "properties": { "next": { "$ref": "#" } }, "required": ["next"] }));
        refused(json!({ "type": "array", "items": { "type": "string" }, "minItems": 4_000_000_000u64 }));
        refused(json!({ "type": "string", "minLength": 4_000_000_000u64 }));
        let wide = json!({ "type": "array", "minItems": 100, "items": { "type": "array", "minItems": 100, "items": { "type": "array", "minItems": 100 } } });
        refused(wide);
    }
}

//! The smallest instance of a JSON schema, for tool arguments and structured answers. Pure.

use serde_json::{Map, Value, json};

/// Deeper schemas, and those that contain themselves, end in `null`.
const DEEPEST: usize = 16;

/// The smallest value that `schema` allows, as far as its common keywords say.
pub(crate) fn smallest(schema: &Value) -> Value {
    instance(schema, schema, 0)
}

fn instance(schema: &Value, root: &Value, depth: usize) -> Value {
    let Some(fields) = schema.as_object().filter(|_| depth < DEEPEST) else { return Value::Null };
    if let Some(target) = fields.get("$ref").and_then(Value::as_str) {
        let target = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return target.map_or(Value::Null, |target| instance(target, root, depth + 1));
    }
    if let Some(value) = fields.get("const").or_else(|| fields.get("enum")?.get(0)).or_else(|| fields.get("default")) {
        return value.clone();
    }
    if let Some(first) = ["anyOf", "oneOf"].iter().find_map(|key| fields.get(*key)?.get(0)) {
        return instance(first, root, depth + 1);
    }
    if let Some(all) = fields.get("allOf").and_then(Value::as_array) {
        return merged(fields, all, root, depth);
    }
    match kind(fields) {
        "object" => object(fields, root, depth),
        "array" => array(fields, root, depth),
        "string" => Value::String(string(fields)),
        "integer" => integer(fields),
        "number" => json!(number(fields)),
        "boolean" => Value::Bool(false),
        _ => Value::Null,
    }
}

/// The type, in lower case because Gemini's older dialect shouts; the first of several.
fn kind(fields: &Map<String, Value>) -> &'static str {
    const KINDS: [&str; 7] = ["object", "array", "string", "integer", "number", "boolean", "null"];
    let named = match fields.get("type") {
        Some(Value::Array(several)) => several.first().and_then(Value::as_str),
        Some(Value::String(one)) => Some(one.as_str()),
        _ if fields.contains_key("properties") => Some("object"),
        _ if fields.contains_key("items") => Some("array"),
        _ => None,
    };
    named.and_then(|named| KINDS.into_iter().find(|kind| kind.eq_ignore_ascii_case(named))).unwrap_or("null")
}

fn object(fields: &Map<String, Value>, root: &Value, depth: usize) -> Value {
    let properties = fields.get("properties").and_then(Value::as_object);
    let required = fields.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let property = |name: &str| properties.and_then(|properties| properties.get(name));
    let member = |name: &str| {
        let value = property(name).map_or(Value::Null, |schema| instance(schema, root, depth + 1));
        (name.to_owned(), value)
    };
    Value::Object(required.map(member).collect())
}

fn array(fields: &Map<String, Value>, root: &Value, depth: usize) -> Value {
    let item = || fields.get("items").map_or(Value::Null, |schema| instance(schema, root, depth + 1));
    let length = fields.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(64);
    Value::Array((0..length).map(|_| item()).collect())
}

fn string(fields: &Map<String, Value>) -> String {
    let format = fields.get("format").and_then(Value::as_str).unwrap_or_default();
    let text = match format {
        "date-time" => "2026-01-01T00:00:00Z",
        "date" => "2026-01-01",
        "time" => "00:00:00Z",
        "email" => "a@example.com",
        "uri" => "https://example.com/",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        _ => "text",
    };
    let bound = |key| fields.get(key).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok());
    let text = text.chars().chain(std::iter::repeat('x'));
    let usual = if format.is_empty() { 4 } else { text.clone().take_while(|c| *c != 'x').count() };
    let shortest = bound("minLength").unwrap_or(0).min(4096);
    text.take(usual.max(shortest).min(bound("maxLength").unwrap_or(usize::MAX))).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "bounds beyond 2^63 are cut to it")]
fn integer(fields: &Map<String, Value>) -> Value {
    json!(number(fields).ceil() as i64)
}

fn number(fields: &Map<String, Value>) -> f64 {
    let bound = |key: &str| fields.get(key).and_then(Value::as_f64);
    let low = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|low| low + 1.0));
    let high = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|high| high - 1.0));
    low.map_or(0.0, |low| low.max(0.0)).min(high.unwrap_or(f64::MAX)).max(low.unwrap_or(f64::MIN))
}

/// The instances of all parts, laid over each other.
fn merged(fields: &Map<String, Value>, all: &[Value], root: &Value, depth: usize) -> Value {
    let mut own = fields.clone();
    own.remove("allOf");
    let parts = all.iter().map(|part| instance(part, root, depth + 1));
    let own = (!own.is_empty()).then(|| instance(&Value::Object(own), root, depth + 1));
    let mut whole = Value::Null;
    for part in parts.chain(own) {
        match (&mut whole, part) {
            (_, Value::Null) => {}
            (Value::Object(whole), Value::Object(part)) => whole.extend(part),
            (whole, part) => *whole = part,
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schema: &Value, expected: &Value) {
        assert_eq!(smallest(schema), *expected, "{schema}");
    }

    #[test]
    fn holds_what_is_required_and_no_more() {
        let schema = json!({
            "type": "object",
            "properties": {
                "city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}, "unit": {"enum": ["c", "f"]},
                "note": {"type": "string"}, "hot": {"type": "boolean"}, "tags": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["city", "days", "unit", "hot", "tags"],
        });
        check(&schema, &json!({"city": "text", "days": 1, "unit": "c", "hot": false, "tags": []}));
        check(&json!({"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}), &json!({}));
        check(&json!({}), &Value::Null);
    }

    #[test]
    fn follows_references_and_choices() {
        let schema = json!({
            "$defs": {"point": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}},
            "type": "object",
            "properties": {
                "at": {"$ref": "#/$defs/point"}, "way": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/point"}},
                "name": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "age": {"type": ["integer", "null"]},
            },
            "required": ["at", "way", "name", "age"],
        });
        check(&schema, &json!({"at": {"x": 0.0}, "way": [{"x": 0.0}, {"x": 0.0}], "name": "text", "age": 0}));
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]});
        assert!(smallest(&schema).is_object());
    }

    #[test]
    fn keeps_bounds() {
        check(&json!({"type": "string", "minLength": 6}), &json!("textxx"));
        check(&json!({"type": "string", "maxLength": 2}), &json!("te"));
        check(&json!({"type": "string", "format": "date"}), &json!("2026-01-01"));
        check(&json!({"type": "integer", "maximum": -5}), &json!(-5));
        check(&json!({"type": "number", "minimum": 0.5}), &json!(0.5));
        check(
            &json!({"allOf": [{"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]}]}),
            &json!({"a": 1}),
        );
    }
}

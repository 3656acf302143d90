//! The part of JSON Schema (2020-12) that vendors' structured outputs have, as a check of one value.
//!
//! Reasons name keywords and properties of the schema, never a value of the answer.

use serde_json::{Map, Value};

/// References followed and levels entered before a schema counts as endless.
const MAX_DEPTH: usize = 64;

/// Whether a value follows a schema, and if not, the first keyword that it breaks.
pub(super) fn check(schema: &Value, value: &Value) -> Result<(), String> {
    Check { root: schema }.value(schema, value, MAX_DEPTH)
}

struct Check<'a> {
    root: &'a Value,
}

type Checked = Result<(), String>;

fn broken(keyword: &str) -> Checked {
    Err(format!("it breaks {keyword:?} of the schema"))
}

impl Check<'_> {
    fn value(&self, schema: &Value, value: &Value, depth: usize) -> Checked {
        let schema = match schema {
            Value::Bool(true) => return Ok(()),
            Value::Object(schema) => schema,
            _ => return broken("false"),
        };
        let Some(depth) = depth.checked_sub(1) else {
            return Err("it is nested deeper than can be checked".to_owned());
        };
        if let Some(Value::String(reference)) = schema.get("$ref") {
            let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            match target {
                Some(target) => self.value(target, value, depth)?,
                None => return Err("the schema has a reference that leads nowhere".to_owned()),
            }
        }
        if schema.get("type").is_some_and(|wanted| !has_type(wanted, value)) {
            return broken("type");
        }
        if schema.get("const").is_some_and(|wanted| wanted != value) {
            return broken("const");
        }
        if let Some(Value::Array(values)) = schema.get("enum")
            && !values.contains(value)
        {
            return broken("enum");
        }
        self.combinations(schema, value, depth)?;
        match value {
            Value::Object(fields) => self.object(schema, fields, depth),
            Value::Array(items) => self.array(schema, items, depth),
            Value::String(text) => bounds(schema, ["minLength", "maxLength"], text.chars().count()),
            Value::Number(_) => number(schema, value),
            _ => Ok(()),
        }
    }

    fn combinations(&self, schema: &Map<String, Value>, value: &Value, depth: usize) -> Checked {
        let of = |keyword: &str| schema.get(keyword).and_then(Value::as_array);
        let follow = |schemas: &[Value]| schemas.iter().filter(|one| self.value(one, value, depth).is_ok()).count();
        for one in of("allOf").into_iter().flatten() {
            self.value(one, value, depth)?;
        }
        if of("anyOf").is_some_and(|schemas| follow(schemas) == 0) {
            return broken("anyOf");
        }
        if of("oneOf").is_some_and(|schemas| follow(schemas) != 1) {
            return broken("oneOf");
        }
        if schema.get("not").is_some_and(|one| self.value(one, value, depth).is_ok()) {
            return broken("not");
        }
        Ok(())
    }

    fn object(&self, schema: &Map<String, Value>, fields: &Map<String, Value>, depth: usize) -> Checked {
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in required.filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                return Err(format!("the property {name:?} is missing"));
            }
        }
        bounds(schema, ["minProperties", "maxProperties"], fields.len())?;
        let known = schema.get("properties").and_then(Value::as_object);
        for (name, value) in fields {
            if let Some(of) = known.and_then(|known| known.get(name)) {
                self.value(of, value, depth)?;
            } else if schema.contains_key("patternProperties") {
                // Not looked at; what it covers must not count as additional.
            } else if let Some(of) = schema.get("additionalProperties")
                && self.value(of, value, depth).is_err()
            {
                return broken("additionalProperties");
            }
        }
        Ok(())
    }

    fn array(&self, schema: &Map<String, Value>, items: &[Value], depth: usize) -> Checked {
        bounds(schema, ["minItems", "maxItems"], items.len())?;
        if schema.get("uniqueItems") == Some(&Value::Bool(true))
            && items.iter().enumerate().any(|(place, item)| items[..place].contains(item))
        {
            return broken("uniqueItems");
        }
        let first = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (of, item) in first.iter().zip(items) {
            self.value(of, item, depth)?;
        }
        if let Some(of) = schema.get("items") {
            for item in items.iter().skip(first.len()) {
                self.value(of, item, depth)?;
            }
        }
        Ok(())
    }
}

fn has_type(wanted: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        // 1.0 is an integer, too.
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => true,
    };
    match wanted {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        _ => true,
    }
}

fn bounds(schema: &Map<String, Value>, [least, most]: [&str; 2], length: usize) -> Checked {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_u64);
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    if bound(least).is_some_and(|least| length < least) {
        return broken(least);
    }
    if bound(most).is_some_and(|most| length > most) {
        return broken(most);
    }
    Ok(())
}

fn number(schema: &Map<String, Value>, value: &Value) -> Checked {
    let Some(number) = value.as_f64() else { return Ok(()) };
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    let breaks = [
        ("minimum", bound("minimum").is_some_and(|least| number < least)),
        ("maximum", bound("maximum").is_some_and(|most| number > most)),
        ("exclusiveMinimum", bound("exclusiveMinimum").is_some_and(|least| number <= least)),
        ("exclusiveMaximum", bound("exclusiveMaximum").is_some_and(|most| number >= most)),
        (
            "multipleOf",
            bound("multipleOf").is_some_and(|of| of > 0.0 && ((number / of).round() * of - number).abs() > 1e-9),
        ),
    ];
    breaks.iter().find(|(_, breaks)| *breaks).map_or(Ok(()), |(keyword, _)| broken(keyword))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn follows(schema: &Value, good: &[Value], bad: &[Value]) {
        for value in good {
            assert_eq!(check(schema, value), Ok(()), "{schema} {value}");
        }
        for value in bad {
            assert!(check(schema, value).is_err(), "{schema} {value}");
        }
    }

    #[test]
    fn checks_what_structured_outputs_use() {
        follows(
            &json!({
                "type": "object",
                "properties": {
                    "label": { "enum": ["bug", "billing"] },
                    "urgent": { "type": "boolean" },
                    "tags": { "type": "array", "items": { "type": "string", "minLength": 1 }, "maxItems": 2 },
                    "parent": { "$ref": "#/$defs/id" },
                },
                "required": ["label", "urgent"],
                "additionalProperties": false,
                "$defs": { "id": { "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "null" }] } },
            }),
            &[
                json!({ "label": "bug", "urgent": true }),
                json!({ "label": "billing", "urgent": false, "tags": ["a", "b"], "parent": 3.0 }),
                json!({ "label": "bug", "urgent": false, "parent": null }),
            ],
            &[
                json!([]),
                json!({ "label": "bug" }),
                json!({ "label": "feature", "urgent": true }),
                json!({ "label": "bug", "urgent": "yes" }),
                json!({ "label": "bug", "urgent": true, "other": 1 }),
                json!({ "label": "bug", "urgent": true, "tags": ["a", "b", "c"] }),
                json!({ "label": "bug", "urgent": true, "tags": [""] }),
                json!({ "label": "bug", "urgent": true, "parent": 0 }),
            ],
        );
        follows(&json!({ "oneOf": [{ "type": "number" }, { "const": 1 }] }), &[json!(2)], &[json!(1), json!("a")]);
        follows(
            &json!({ "allOf": [{ "minimum": 2 }, { "exclusiveMaximum": 3 }] }),
            &[json!(2.5)],
            &[json!(1), json!(3)],
        );
        follows(&json!({ "not": { "type": "string" } }), &[json!(1)], &[json!("a")]);
        follows(&json!({ "type": ["string", "null"] }), &[json!("a"), json!(null)], &[json!(1)]);
        follows(
            &json!({ "prefixItems": [{ "type": "string" }], "items": { "type": "integer" }, "uniqueItems": true }),
            &[json!(["a", 1, 2]), json!([])],
            &[json!([1]), json!(["a", "b"]), json!(["a", 1, 1])],
        );
        follows(&json!(true), &[json!(1)], &[]);
        follows(&json!({ "multipleOf": 0.1, "maxLength": 1 }), &[json!(0.3), json!("é")], &[json!(0.35), json!("ab")]);
    }

    #[test]
    fn an_endless_schema_ends_and_reasons_show_no_values() {
        let endless = json!({ "$ref": "#" });
        assert!(check(&endless, &json!(1)).is_err());
        let why = check(&json!({ "enum": ["a"] }), &json!("a secret")).unwrap_err();
        assert_eq!(why, "it breaks \"enum\" of the schema");
        assert!(check(&json!({ "$ref": "#/$defs/none" }), &json!(1)).is_err());
    }
}

//! JSON schema in the vendor's older form, a subset of `OpenAPI` 3.0, for models from before 2.5, which take nothing else
//! (ai.google.dev/api/caching#Schema, read 2026-11).

use serde_json::{Map, Value, json};

/// What the form has, beside `type` and what holds further schemas.
const KEPT: [&str; 18] = [
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "required",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minLength",
    "maxLength",
    "pattern",
    "example",
    "propertyOrdering",
    "default",
    "minimum",
    "maximum",
];

/// Schemas that name each other go deep; those that name themselves have no end.
const DEEPEST: u32 = 16;

/// A schema in the older form, and whether it says less than before.
pub(super) fn openapi(schema: &Value) -> (Value, bool) {
    let mut writer = Writer { root: schema, loses: false };
    let written = writer.schema(schema, 0);
    (written, writer.loses)
}

struct Writer<'a> {
    root: &'a Value,
    loses: bool,
}

impl Writer<'_> {
    fn schema(&mut self, schema: &Value, depth: u32) -> Value {
        let Value::Object(fields) = schema else {
            // `true`: anything goes.
            self.loses |= *schema == Value::Bool(false);
            return json!({});
        };
        if depth > DEEPEST {
            self.loses = true;
            return json!({ "type": "OBJECT" });
        }
        let mut out = Map::new();
        for (name, value) in fields {
            match (name.as_str(), value) {
                ("$ref", Value::String(reference)) => {
                    let named = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)).cloned();
                    match named {
                        Some(named) => merge(&mut out, self.schema(&named, depth + 1)),
                        None => self.loses = true,
                    }
                }
                ("type", Value::String(word)) => {
                    out.insert("type".to_owned(), word.to_ascii_uppercase().into());
                }
                ("type", Value::Array(words)) => types(words, &mut out),
                ("const", value) => {
                    out.insert("enum".to_owned(), json!([value]));
                }
                ("properties", Value::Object(children)) => {
                    let children = children.iter().map(|(name, child)| (name.clone(), self.schema(child, depth + 1)));
                    out.insert("properties".to_owned(), children.collect::<Map<_, _>>().into());
                }
                ("items", child) => {
                    out.insert("items".to_owned(), self.schema(child, depth + 1));
                }
                ("anyOf" | "oneOf", Value::Array(children)) => self.choices(children, &mut out, depth),
                ("allOf", Value::Array(children)) => {
                    for child in children {
                        merge(&mut out, self.schema(child, depth + 1));
                    }
                }
                ("$defs" | "definitions" | "$schema" | "$id" | "additionalProperties", _) => {}
                (name, _) if KEPT.contains(&name) => {
                    out.insert(name.to_owned(), value.clone());
                }
                _ => self.loses = true,
            }
        }
        Value::Object(out)
    }

    /// One of several; null among them is `nullable`.
    fn choices(&mut self, children: &[Value], out: &mut Map<String, Value>, depth: u32) {
        let is_null = |child: &&Value| child["type"] == "null";
        if children.iter().any(|child| is_null(&child)) {
            out.insert("nullable".to_owned(), Value::Bool(true));
        }
        let children = children.iter().filter(|child| !is_null(child));
        let mut children: Vec<Value> = children.map(|child| self.schema(child, depth + 1)).collect();
        match children.as_mut_slice() {
            [only] => merge(out, only.take()),
            _ => {
                out.insert("anyOf".to_owned(), children.into());
            }
        }
    }
}

/// Several types: null is `nullable`, more than one other are a choice.
fn types(words: &[Value], out: &mut Map<String, Value>) {
    let upper = words.iter().filter_map(Value::as_str).map(str::to_ascii_uppercase);
    let (null, mut others): (Vec<_>, Vec<_>) = upper.partition(|word| word == "NULL");
    if !null.is_empty() {
        out.insert("nullable".to_owned(), Value::Bool(true));
    }
    if others.len() == 1 {
        out.insert("type".to_owned(), others.remove(0).into());
    } else if !others.is_empty() {
        let choices = others.into_iter().map(|word| json!({ "type": word }));
        out.insert("anyOf".to_owned(), choices.collect());
    }
}

/// What was there stays: words beside a reference are nearer than those that it refers to.
fn merge(out: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        for (name, value) in more {
            match (out.get_mut(&name), value) {
                (Some(Value::Object(there)), Value::Object(value)) => there.extend(value),
                (Some(Value::Array(there)), Value::Array(value)) if name == "required" => there.extend(value),
                (Some(_), _) => {}
                (None, value) => {
                    out.insert(name, value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_schema_becomes_openapi() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$defs": {"Item": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}},
            "type": "object",
            "properties": {
                "name": {"type": ["string", "null"], "description": "a name"},
                "kind": {"const": "a"},
                "item": {"description": "the item", "$ref": "#/$defs/Item"},
                "either": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "both": {"type": ["string", "number"]},
            },
            "required": ["name"],
            "additionalProperties": false,
        });
        let expected = json!({
            "type": "OBJECT",
            "properties": {
                "name": {"type": "STRING", "nullable": true, "description": "a name"},
                "kind": {"enum": ["a"]},
                "item": {
                    "description": "the item", "type": "OBJECT",
                    "properties": {"n": {"type": "INTEGER", "minimum": 1}},
                },
                "either": {"type": "STRING", "nullable": true},
                "both": {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}]},
            },
            "required": ["name"],
        });
        assert_eq!(openapi(&schema), (expected, false));
    }

    #[test]
    fn what_the_form_has_not_is_told_and_a_circle_has_an_end() {
        assert!(openapi(&json!({"type": "string", "not": {"const": "x"}})).1);
        let circle = json!({"$defs": {"a": {"properties": {"a": {"$ref": "#/$defs/a"}}}}, "$ref": "#/$defs/a"});
        assert!(openapi(&circle).1);
    }
}

//! Whether a value follows a JSON Schema (2020-12), as far as vendors' structured outputs have it.
//!
//! Checked are `type`, `enum`, `const`, `properties`, `required`, `additionalProperties`, `propertyNames`,
//! `dependentRequired`, `items`, `prefixItems`, `contains`, `anyOf`, `oneOf`, `allOf`, `not`, `if`, `$ref` within the
//! schema, the bounds of numbers, texts, arrays and objects, and `pattern` and `patternProperties` where somebody who knows
//! regular expressions is there. Other keywords (`format`, `unevaluatedProperties`) are not looked at.
//!
//! Reasons name keywords and properties of the schema, never anything of the value.

use std::fmt;

use serde_json::{Map, Value};

/// References followed and levels entered before a schema counts as endless.
const MAX_DEPTH: usize = 64;

/// Whether a text matches a regular expression; `None` for an expression that is not understood.
pub type Matches = fn(pattern: &str, text: &str) -> Option<bool>;

/// A schema to hold values against.
#[derive(Clone, Copy, Debug)]
pub struct Schema<'a> {
    root: &'a Value,
    matches: Option<Matches>,
}

/// What of a schema a value breaks. It shows nothing of the value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Where in the value, by names that the schema has: `items[2].label`. A name that only the value has is `*`; empty is
    /// the whole of it.
    pub path: String,
    /// The keyword of the schema.
    pub keyword: String,
    /// What of it, where there is more to say: the property that is missing.
    pub detail: Option<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it breaks {:?} of the schema", self.keyword)?;
        if !self.path.is_empty() {
            write!(f, " at {}", self.path)?;
        }
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Violation {}

/// The JSON value in an answer's words; a fence of Markdown around it is passed over.
pub fn json_in(text: &str) -> Option<(&str, Value)> {
    let bare = text.trim();
    let fenced = || {
        let (_, rest) = bare.split_once("```")?;
        let (_language, rest) = rest.split_once('\n')?;
        rest.rsplit_once("```").map(|(inner, _)| inner.trim())
    };
    let read = |text| serde_json::from_str(text).ok().map(|value| (text, value));
    read(bare).or_else(|| fenced().and_then(read))
}

impl<'a> Schema<'a> {
    /// A schema, whose regular expressions are not looked at.
    pub fn new(root: &'a Value) -> Self {
        Self { root, matches: None }
    }

    /// With somebody who knows regular expressions.
    pub fn with_matches(mut self, matches: Matches) -> Self {
        self.matches = Some(matches);
        self
    }

    /// Whether a value follows it, and if not, the first keyword that it breaks.
    pub fn check(&self, value: &Value) -> Result<(), Violation> {
        Check { root: self.root, matches: self.matches }.value(self.root, value, MAX_DEPTH)
    }
}

struct Check<'a> {
    root: &'a Value,
    matches: Option<Matches>,
}

type Checked = Result<(), Violation>;

fn broken(keyword: &str) -> Checked {
    Err(Violation { keyword: keyword.to_owned(), ..Violation::default() })
}

fn detailed(keyword: &str, detail: String) -> Checked {
    Err(Violation { keyword: keyword.to_owned(), detail: Some(detail), ..Violation::default() })
}

/// The violation, one step further out.
fn within(checked: Checked, step: &str) -> Checked {
    checked.map_err(|violation| {
        let join = if violation.path.is_empty() || violation.path.starts_with('[') { "" } else { "." };
        Violation { path: format!("{step}{join}{}", violation.path), ..violation }
    })
}

impl Check<'_> {
    fn value(&self, schema: &Value, value: &Value, depth: usize) -> Checked {
        let schema = match schema {
            Value::Bool(true) => return Ok(()),
            Value::Object(schema) => schema,
            _ => return broken("false"),
        };
        let Some(depth) = depth.checked_sub(1) else {
            return detailed("$ref", "it is nested deeper than can be checked".to_owned());
        };
        if let Some(Value::String(reference)) = schema.get("$ref") {
            let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            match target {
                Some(target) => self.value(target, value, depth)?,
                None => return detailed("$ref", "the schema has a reference that leads nowhere".to_owned()),
            }
        }
        if schema.get("type").is_some_and(|wanted| !has_type(wanted, value)) {
            return broken("type");
        }
        if schema.get("const").is_some_and(|wanted| !same(wanted, value)) {
            return broken("const");
        }
        if let Some(Value::Array(values)) = schema.get("enum")
            && !values.iter().any(|wanted| same(wanted, value))
        {
            return broken("enum");
        }
        self.combinations(schema, value, depth)?;
        match value {
            Value::Object(fields) => self.object(schema, fields, depth),
            Value::Array(items) => self.array(schema, items, depth),
            Value::String(text) => {
                bounds(schema, ["minLength", "maxLength"], text.chars().count())?;
                match schema.get("pattern").and_then(Value::as_str) {
                    Some(pattern) if self.matches(pattern, text) == Some(false) => broken("pattern"),
                    _ => Ok(()),
                }
            }
            Value::Number(_) => number(schema, value),
            _ => Ok(()),
        }
    }

    fn matches(&self, pattern: &str, text: &str) -> Option<bool> {
        self.matches.and_then(|matches| matches(pattern, text))
    }

    fn combinations(&self, schema: &Map<String, Value>, value: &Value, depth: usize) -> Checked {
        let of = |keyword: &str| schema.get(keyword).and_then(Value::as_array);
        let follow = |schemas: &[Value]| schemas.iter().filter(|one| self.value(one, value, depth).is_ok()).count();
        for one in of("allOf").into_iter().flatten() {
            self.value(one, value, depth)?;
        }
        if let Some(schemas) = of("anyOf").filter(|schemas| follow(schemas) == 0) {
            return self.closest(schemas, value, depth, "anyOf");
        }
        if let Some(schemas) = of("oneOf") {
            match follow(schemas) {
                1 => {}
                0 => return self.closest(schemas, value, depth, "oneOf"),
                _ => return detailed("oneOf", "more than one of its schemas holds".to_owned()),
            }
        }
        if schema.get("not").is_some_and(|one| self.value(one, value, depth).is_ok()) {
            return broken("not");
        }
        if let Some(condition) = schema.get("if") {
            let branch = if self.value(condition, value, depth).is_ok() { "then" } else { "else" };
            return schema.get(branch).map_or(Ok(()), |one| self.value(one, value, depth));
        }
        Ok(())
    }

    /// Why none of some schemas holds: the reason of the one whose type fits, where there is one such.
    fn closest(&self, schemas: &[Value], value: &Value, depth: usize, keyword: &str) -> Checked {
        let fits = |schema: &&Value| schema.get("type").is_none_or(|wanted| has_type(wanted, value));
        let mut fitting = schemas.iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(one), None) => self.value(one, value, depth),
            _ => broken(keyword),
        }
    }

    fn object(&self, schema: &Map<String, Value>, fields: &Map<String, Value>, depth: usize) -> Checked {
        let names = |list: Option<&'_ Value>| -> Vec<String> {
            list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        for name in names(schema.get("required")) {
            if !fields.contains_key(&name) {
                return detailed("required", format!("the property {name:?} is missing"));
            }
        }
        for (name, needed) in schema.get("dependentRequired").and_then(Value::as_object).into_iter().flatten() {
            for needed in names(Some(needed)) {
                if fields.contains_key(name) && !fields.contains_key(&needed) {
                    return detailed(
                        "dependentRequired",
                        format!("the property {needed:?} is missing beside {name:?}"),
                    );
                }
            }
        }
        bounds(schema, ["minProperties", "maxProperties"], fields.len())?;
        let known = schema.get("properties").and_then(Value::as_object);
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        for (name, value) in fields {
            if let Some(of) = schema.get("propertyNames") {
                let name = Value::from(name.as_str());
                within(self.value(of, &name, depth), "*").or_else(|_| broken("propertyNames"))?;
            }
            let of = known.and_then(|known| known.get(name));
            let mut covered = of.is_some();
            if let Some(of) = of {
                within(self.value(of, value, depth), name)?;
            }
            for (pattern, of) in patterns.into_iter().flatten() {
                match self.matches(pattern, name) {
                    Some(true) => {
                        covered = true;
                        within(self.value(of, value, depth), "*")?;
                    }
                    Some(false) => {}
                    // What it covers must not count as additional.
                    None => covered = true,
                }
            }
            if !covered && let Some(of) = schema.get("additionalProperties") {
                match of {
                    Value::Bool(true) => {}
                    Value::Bool(false) => return broken("additionalProperties"),
                    of => within(self.value(of, value, depth), "*")?,
                }
            }
        }
        Ok(())
    }

    fn array(&self, schema: &Map<String, Value>, items: &[Value], depth: usize) -> Checked {
        bounds(schema, ["minItems", "maxItems"], items.len())?;
        if schema.get("uniqueItems") == Some(&Value::Bool(true))
            && items.iter().enumerate().any(|(place, item)| items[..place].iter().any(|other| same(other, item)))
        {
            return broken("uniqueItems");
        }
        let first = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (place, (of, item)) in first.iter().zip(items).enumerate() {
            within(self.value(of, item, depth), &format!("[{place}]"))?;
        }
        if let Some(of) = schema.get("items") {
            for (place, item) in items.iter().enumerate().skip(first.len()) {
                within(self.value(of, item, depth), &format!("[{place}]"))?;
            }
        }
        if let Some(of) = schema.get("contains") {
            let found = items.iter().filter(|item| self.value(of, item, depth).is_ok()).count();
            if found == 0 && schema.get("minContains").and_then(Value::as_u64) != Some(0) {
                return broken("contains");
            }
            bounds(schema, ["minContains", "maxContains"], found)?;
        }
        Ok(())
    }
}

/// Equal as JSON: 1.0 is 1.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || (a.as_f64().is_some() && a.as_f64() == b.as_f64()),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
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

    fn check(schema: &Value, value: &Value) -> Result<(), Violation> {
        Schema::new(schema).check(value)
    }

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
        assert_eq!(why.to_string(), "it breaks \"enum\" of the schema");
        assert!(check(&json!({ "$ref": "#/$defs/none" }), &json!(1)).is_err());
    }

    #[test]
    fn checks_what_is_rarer() {
        follows(
            &json!({ "if": { "required": ["a"] }, "then": { "required": ["b"] }, "else": { "maxProperties": 0 } }),
            &[json!({}), json!({ "a": 1, "b": 1 })],
            &[json!({ "a": 1 }), json!({ "b": 1 })],
        );
        follows(
            &json!({ "contains": { "type": "string" }, "maxContains": 1 }),
            &[json!(["a", 1])],
            &[json!([1]), json!(["a", "b"])],
        );
        follows(&json!({ "minContains": 0, "contains": { "const": 1 } }), &[json!([])], &[]);
        follows(&json!({ "dependentRequired": { "a": ["b"] } }), &[json!({ "b": 1 })], &[json!({ "a": 1 })]);
        follows(&json!({ "propertyNames": { "maxLength": 1 } }), &[json!({ "a": 1 })], &[json!({ "ab": 1 })]);
        follows(&json!({ "enum": [1, { "a": [2.0] }] }), &[json!(1.0), json!({ "a": [2] })], &[json!(2)]);
        let schema = json!({ "pattern": "x", "patternProperties": { "x": { "type": "string" } }, "additionalProperties": false });
        follows(&schema, &[json!("a"), json!({ "anything": 1 })], &[]);
        let contains: Matches = |pattern, text| Some(text.contains(pattern));
        let schema = Schema::new(&schema).with_matches(contains);
        for (value, keyword) in
            [(json!("a"), "pattern"), (json!({ "ax": 1 }), "type"), (json!({ "a": 1 }), "additionalProperties")]
        {
            assert_eq!(schema.check(&value).unwrap_err().keyword, keyword);
        }
        assert_eq!(schema.check(&json!({ "ax": "b" })), Ok(()));
    }

    #[test]
    fn a_path_has_names_of_the_schema_only() {
        let schema = json!({
            "properties": { "list": { "items": { "properties": { "label": { "enum": ["a"] } }, "required": ["label"] } } },
            "additionalProperties": { "type": "integer" },
        });
        let said = |value: &Value| check(&schema, value).unwrap_err().to_string();
        assert_eq!(
            said(&json!({ "list": [{ "label": "a" }, { "label": "no" }] })),
            r#"it breaks "enum" of the schema at list[1].label"#
        );
        assert_eq!(
            said(&json!({ "list": [{}] })),
            r#"it breaks "required" of the schema at list[0]: the property "label" is missing"#
        );
        assert_eq!(said(&json!({ "my secret": "x" })), r#"it breaks "type" of the schema at *"#);
        let either = json!({ "anyOf": [{ "type": "null" }, { "type": "array", "items": { "type": "string" } }] });
        assert_eq!(check(&either, &json!([1])).unwrap_err().path, "[0]");
    }

    #[test]
    fn a_fence_around_json_is_passed_over() {
        for text in
            ["{\"a\": 1}", " {\"a\": 1}\n", "```json\n{\"a\": 1}\n```", "Here it is:\n```\n{\"a\": 1}\n```\nDone."]
        {
            let (raw, value) = json_in(text).unwrap();
            assert_eq!((raw, value), ("{\"a\": 1}", json!({ "a": 1 })), "{text:?}");
        }
        for text in ["", "no", "```", "```json\nno\n```", "{\"a\": 1"] {
            assert!(json_in(text).is_none(), "{text:?}");
        }
    }
}

//! Where in a request an error is: readers of strict objects and lists put their names before it on its way out, so that
//! a good request costs nothing for it.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// Between the steps of a place, and before the words of the error. No JSON text holds it unescaped.
const STEP: char = '\u{1f}';

/// The error with one more step in front.
pub(crate) fn within<E: Error>(step: impl fmt::Display, error: &E) -> E {
    E::custom(format_args!("{step}{STEP}{error}"))
}

/// An error taken apart.
#[derive(Debug, PartialEq)]
pub(crate) struct Place {
    /// `messages[2].content`; empty when it is the body as a whole.
    pub(crate) path: String,
    /// What is wrong, without the value that is there.
    pub(crate) what: String,
}

impl Place {
    pub(crate) fn of(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let mut steps: Vec<&str> = text.split(STEP).collect();
        let words = steps.pop().unwrap_or_default();
        let mut path = String::new();
        for step in steps {
            if !path.is_empty() && !step.starts_with('[') {
                path.push('.');
            }
            path.push_str(step);
        }
        let what = if let Some((_, expected)) = words.rsplit_once(", expected ") {
            format!("must be {}", plain(expected.split(" at line ").next().unwrap_or_default()))
        } else if let Some(rest) = words.strip_prefix("duplicate field `") {
            let name = rest.split('`').next().unwrap_or_default();
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
            "stands in the request more than once".to_owned()
        } else {
            let (line, column) = (error.line(), error.column());
            format!("is not valid json (line {line}, column {column})")
        };
        Self { path, what }
    }
}

/// Serde's words for types, in plain ones.
fn plain(expected: &str) -> &str {
    match expected {
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i64" => "a whole number",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        other => other,
    }
}

/// A list whose errors name the element.
#[derive(Clone, Debug)]
pub(crate) struct Items<T>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                loop {
                    let place = items.len();
                    match seq.next_element().map_err(|error| within(format_args!("[{place}]"), &error))? {
                        Some(item) => items.push(item),
                        None => return Ok(items),
                    }
                }
            }
        }

        deserializer.deserialize_seq(List(PhantomData)).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Str;
    use super::*;
    use serde_json::{Map, Value};

    wire_object! {
        strict struct Outer<'a> {
            "list" => list: Option<Items<Inner<'a>>>,
        }
        skip: []
        rest: Map<String, Value>
    }

    wire_object! {
        strict struct Inner<'a> {
            "name" => name: Option<Str<'a>>,
            "count" => count: Option<u32>,
        }
        skip: []
        rest: Map<String, Value>
    }

    fn check(json: &str, path: &str, what: &str) {
        let error = serde_json::from_str::<Outer<'_>>(json).unwrap_err();
        assert_eq!(Place::of(&error), Place { path: path.into(), what: what.into() }, "{json}");
    }

    #[test]
    fn names_the_place_and_not_the_value() {
        check(r#"{"list":[{},{"name":5}]}"#, "list[1].name", "must be a string");
        check(r#"{"list":[{"count":-1}]}"#, "list[0].count", "must be a whole number, 0 or more");
        check(r#"{"list":"the secret prompt"}"#, "list", "must be a list");
        check(r#"{"list":["the secret prompt, expected x"]}"#, "list[0]", "must be an object");
        check(r#"{"list":[{"name":"a","name":"b"}]}"#, "list[0].name", "stands in the request more than once");
        check(r#"{"x":1,"x":2}"#, "x", "stands in the request more than once");
        check(r#"{"list":[{"name":"a"#, "list[0].name", "is not valid json (line 1, column 19)");
        check("[]", "", "must be an object");
        check("{", "", "is not valid json (line 1, column 1)");
    }
}

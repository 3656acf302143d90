//! Google takes every name of its JSON in camel case and in snake case, and its own clients mix the two.

use serde_json::{Map, Value};

/// Fields that hold the caller's own data, whose names are left alone.
const DATA: [&str; 7] =
    ["args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "labels"];

/// The same object with all of the protocol's names in camel case.
pub(super) fn camel_case(fields: &Map<String, Value>) -> Map<String, Value> {
    let field = |(name, value): (&String, &Value)| {
        let name = camel(name);
        let value = if DATA.contains(&name.as_str()) { value.clone() } else { inside(value) };
        (name, value)
    };
    fields.iter().map(field).collect()
}

fn inside(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(camel_case(fields)),
        Value::Array(items) => Value::Array(items.iter().map(inside).collect()),
        value => value.clone(),
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        name + &letters.next().map(|letter| letter.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_protocols_names_are_camel_case_and_the_callers_stay() {
        let mixed = json!({"tool_config": [{"function_call": {"args": {"my_city": 1}, "name": "a_b"}}], "topP": 1});
        let expected = json!({"toolConfig": [{"functionCall": {"args": {"my_city": 1}, "name": "a_b"}}], "topP": 1});
        assert_eq!(Value::Object(camel_case(mixed.as_object().unwrap())), expected);
    }
}

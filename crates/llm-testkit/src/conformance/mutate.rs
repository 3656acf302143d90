//! Small changes of JSON, one at a time, each with the path of where it was made.

use serde_json::Value;

/// A change at one place of a document.
type Changed = Vec<(String, Value)>;

/// The document without one of its keys, for every key down to `depth` levels of objects.
pub(super) fn without_each_key(document: &Value, depth: usize) -> Changed {
    each(document, &|value, path| {
        if path.matches('/').count() >= depth {
            return Vec::new();
        }
        let Value::Object(fields) = value else { return Vec::new() };
        let without = fields.keys().map(|key| {
            let mut fields = fields.clone();
            fields.remove(key);
            (format!("{path}/{key}"), Value::Object(fields))
        });
        without.collect()
    })
}

/// The document with one more field, for every object in it.
pub(super) fn with_a_field_in_each_object(document: &Value, key: &str, new: &Value) -> Changed {
    each(document, &|value, path| match value {
        Value::Object(fields) => {
            let mut fields = fields.clone();
            fields.insert(key.to_owned(), new.clone());
            vec![(path.to_owned(), Value::Object(fields))]
        }
        _ => Vec::new(),
    })
}

/// The document with one of its values replaced, for every value in it.
pub(super) fn with_each_value(document: &Value, new: &Value) -> Changed {
    each(document, &|_, path| vec![(path.to_owned(), new.clone())])
}

/// The document with a word at the end of one of its strings, for every string in it.
pub(super) fn with_each_string_longer(document: &Value, word: &str) -> Changed {
    each(document, &|value, path| match value {
        Value::String(text) => vec![(path.to_owned(), Value::String(format!("{text} {word}")))],
        _ => Vec::new(),
    })
}

/// Applies `change` to every value of the document; each result is a whole document.
fn each(document: &Value, change: &dyn Fn(&Value, &str) -> Changed) -> Changed {
    let mut paths = Vec::new();
    collect(document, String::new(), &mut paths);
    let mut all = Vec::new();
    for path in paths {
        let Some(value) = document.pointer(&path) else { continue };
        for (name, new) in change(value, &path) {
            let mut changed = document.clone();
            if let Some(place) = changed.pointer_mut(&path) {
                *place = new;
            }
            all.push((if name.is_empty() { "/".to_owned() } else { name }, changed));
        }
    }
    all
}

fn collect(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                collect(value, format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")), paths);
            }
        }
        Value::Array(items) => {
            for (number, value) in items.iter().enumerate() {
                collect(value, format!("{path}/{number}"), paths);
            }
        }
        _ => {}
    }
    paths.push(path);
}

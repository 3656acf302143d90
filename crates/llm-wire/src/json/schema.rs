//! Schemas of tools' arguments.

use std::borrow::Cow;

use serde_json::Value;

/// A schema that says that it is one of an object, which some vendors demand and others let one leave out.
pub fn object_schema(schema: &Value) -> Cow<'_, Value> {
    match schema {
        Value::Object(fields) if fields.contains_key("type") => Cow::Borrowed(schema),
        Value::Object(fields) => {
            let mut fields = fields.clone();
            fields.insert("type".to_owned(), "object".into());
            Cow::Owned(Value::Object(fields))
        }
        Value::Null => Cow::Owned(Value::Object([("type".to_owned(), Value::from("object"))].into_iter().collect())),
        other => Cow::Borrowed(other),
    }
}

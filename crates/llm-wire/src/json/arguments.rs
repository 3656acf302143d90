//! A tool's arguments: text in Loquat and at OpenAI, an object at other vendors.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

/// A tool's arguments as an object: the text that the model wrote, untouched.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// None: `{}`.
    Empty,
    /// The text of an object.
    Raw(&'a RawValue),
}

impl<'a> Input<'a> {
    /// Arguments as an object; `None` when they are not the text of one, for example because they were cut off.
    pub fn read(arguments: &'a str) -> Option<Self> {
        if arguments.trim().is_empty() {
            return Some(Self::Empty);
        }
        let raw: &RawValue = serde_json::from_str(arguments).ok()?;
        match raw.get() {
            "null" => Some(Self::Empty),
            text if text.starts_with('{') => Some(Self::Raw(raw)),
            _ => None,
        }
    }
}

impl Serialize for Input<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => serializer.serialize_map(Some(0))?.end(),
            Self::Raw(raw) => raw.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_and_nothing_are_arguments() {
        let written = |text| Input::read(text).map(|input| serde_json::to_string(&input).unwrap());
        assert_eq!(written("").as_deref(), Some("{}"));
        assert_eq!(written(" null ").as_deref(), Some("{}"));
        assert_eq!(written(r#" {"b": 1, "a": 2} "#).as_deref(), Some(r#"{"b": 1, "a": 2}"#));
        for text in ["[1]", "7", r#"{"city": "Be"#] {
            assert!(written(text).is_none(), "{text}");
        }
    }
}

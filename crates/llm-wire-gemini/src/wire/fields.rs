//! A JSON object as a list of raw fields, for requests that come in: fields are taken out one by one under either
//! spelling, what is left is what this version does not know, and every complaint names the field's path.

use std::borrow::Cow;

use llm_core::{Error, ErrorKind};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::object::Others;
use super::text::Str;

const WHOLE: &str = "it must be a whole number";

/// The fields of one object, not yet read.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    path: String,
    fields: Others<'a>,
}

impl<'a> Fields<'a> {
    /// Reads an object; `path` is where it stands in the request, empty for the request itself.
    pub(crate) fn read(json: &'a str, path: impl Into<String>) -> Result<Self, Error> {
        let path = path.into();
        match serde_json::from_str(json) {
            Ok(Object(fields)) => Ok(Self { path, fields }),
            Err(_) if path.is_empty() => Err(invalid("", "the body is not a JSON object")),
            Err(_) => Err(invalid(&path, "it must be an object")),
        }
    }

    /// The path of a field.
    pub(crate) fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Takes a field out, under its camelCase or its `snake_case` spelling. `null` is absent. Of a name that stands twice
    /// the last value counts, and none is left behind: what is left is merged into the request later.
    pub(crate) fn take(&mut self, name: &str) -> Option<&'a str> {
        let mut found = None;
        while let Some(at) = self.fields.iter().rposition(|(key, _)| camel_case(key) == name) {
            let (_, raw) = self.fields.remove(at);
            found.get_or_insert(raw.get());
        }
        found.filter(|raw| *raw != "null")
    }

    /// Takes a field of a type out; `what` says what it must be.
    pub(crate) fn typed<T: Deserialize<'a>>(&mut self, name: &str, what: &str) -> Result<Option<T>, Error> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        serde_json::from_str(raw).map(Some).map_err(|_| invalid(&self.path(name), what))
    }

    /// Takes an object out.
    pub(crate) fn object(&mut self, name: &str) -> Result<Option<Self>, Error> {
        self.take(name).map(|raw| Self::read(raw, self.path(name))).transpose()
    }

    /// Takes a list out: each element with its path. A lone object is a list of one, as at the vendor.
    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<(String, &'a str)>, Error> {
        let Some(raw) = self.take(name) else { return Ok(Vec::new()) };
        let path = self.path(name);
        if raw.starts_with('{') {
            return Ok(vec![(path, raw)]);
        }
        let elements: Vec<&'a RawValue> = serde_json::from_str(raw).map_err(|_| invalid(&path, "it must be a list"))?;
        Ok(elements
            .into_iter()
            .zip(0..)
            .map(|(raw, index): (_, usize)| (format!("{path}[{index}]"), raw.get()))
            .collect())
    }

    /// Takes a list of objects out.
    pub(crate) fn objects(&mut self, name: &str) -> Result<Vec<Self>, Error> {
        self.list(name)?.into_iter().map(|(path, raw)| Self::read(raw, path)).collect()
    }

    /// Takes a count out.
    pub(crate) fn count(&mut self, name: &str) -> Result<Option<u32>, Error> {
        let Some(number) = self.whole(name)? else { return Ok(None) };
        number.try_into().map(Some).map_err(|_| self.invalid(name, WHOLE))
    }

    /// Takes a whole number out; the vendor takes `40.0` for one too.
    pub(crate) fn whole(&mut self, name: &str) -> Result<Option<i64>, Error> {
        const LARGEST: f64 = 9_007_199_254_740_992.0;
        let Some(number) = self.typed::<Number>(name, WHOLE)? else { return Ok(None) };
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
        let whole = |number: f64| (number.fract() == 0.0 && number.abs() <= LARGEST).then_some(number as i64);
        let number = number.as_i64().or_else(|| number.as_f64().and_then(whole));
        number.map(Some).ok_or_else(|| self.invalid(name, WHOLE))
    }

    /// Takes a text out.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Error> {
        self.typed(name, "it must be a string")
    }

    /// What was not taken, as it came, under camelCase names.
    pub(crate) fn rest(self) -> Map<String, Value> {
        let mut rest = Map::new();
        super::keep(self.fields.into_iter().filter(|(_, raw)| raw.get() != "null").collect(), &mut rest);
        rest
    }

    /// An error about a field.
    pub(crate) fn invalid(&self, name: &str, what: &str) -> Error {
        invalid(&self.path(name), what)
    }
}

/// The field at `path` is wrong. Says nothing of its value, which may be a prompt.
pub(crate) fn invalid(path: &str, what: &str) -> Error {
    let error = |message: String| Error::new(ErrorKind::InvalidRequest, message);
    if path.is_empty() {
        error(format!("reading a generateContent request: {what}"))
    } else {
        error(format!("reading a generateContent request: {path} is wrong: {what}")).with_param(path)
    }
}

/// A field's name in camelCase, the spelling that answers use; requests may also be written in `snake_case`.
pub(crate) fn camel_case(name: &str) -> Cow<'_, str> {
    // A name that is no snake_case is a name of its own: `text_` must not come to stand beside or in place of `text`.
    let is_word = |word: &str| word.starts_with(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit());
    if !name.contains('_') || name.starts_with('_') || !name.split('_').skip(1).all(is_word) {
        return Cow::Borrowed(name);
    }
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    Cow::Owned(camel)
}

/// The text of a raw JSON string; `None` for anything else.
pub(crate) fn unquoted(raw: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Str<'_>>(raw).ok().map(|text| text.0)
}

struct Object<'a>(Others<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Raw;
        impl<'de> Visitor<'de> for Raw {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_name_one_field() {
        for name in ["functionCallingConfig", "function_calling_config"] {
            assert_eq!(camel_case(name), "functionCallingConfig");
        }
        for own in ["_private", "topK", "text_", "top__k", "top_K"] {
            assert_eq!(camel_case(own), own);
        }
    }

    #[test]
    fn of_a_name_that_stands_twice_the_last_counts_and_none_is_left() {
        let mut fields = Fields::read(r#"{"top_k": 1, "topK": 2, "other": 3}"#, "").unwrap();
        assert_eq!(fields.take("topK"), Some("2"));
        assert_eq!(Value::Object(fields.rest()), serde_json::json!({"other": 3}));
    }

    #[test]
    fn a_complaint_names_the_path_and_not_the_value() {
        let mut fields = Fields::read(r#"{"a_b": [{"c": "secret"}]}"#, "").unwrap();
        let mut inner = fields.objects("aB").unwrap().remove(0);
        let error = inner.typed::<u32>("c", "it must be a number").unwrap_err();
        assert_eq!(error.param(), Some("aB[0].c"));
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

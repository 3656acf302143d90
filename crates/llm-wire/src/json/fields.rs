//! An object whose known fields are taken out by name and whose unknown ones are kept.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::text::Text;

/// The fields of an object, values still as text. A field that is `null` counts as absent.
///
/// `#[serde(flatten)]` would buffer every value, which loses the text of tool arguments.
#[derive(Debug, Default)]
pub struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// Reads an object; `None` when the text is something else.
    pub fn read(raw: &'a RawValue) -> Option<Self> {
        serde_json::from_str(raw.get()).ok()
    }

    /// Takes one field out. Of a name that stands twice the last value counts, and none is left behind: what is left
    /// is later merged into the request and must not replace a field that was checked.
    pub fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let mut found = None;
        while let Some(at) = self.0.iter().rposition(|(known, _)| known == name) {
            let (_, raw) = self.0.remove(at);
            found.get_or_insert(raw);
        }
        found.filter(|raw| raw.get() != "null")
    }

    /// Takes a string out; `None`, and gone, where it is something else.
    pub fn take_text(&mut self, name: &str) -> Option<Cow<'a, str>> {
        serde_json::from_str(self.take(name)?.get()).ok().map(|Text(text)| text)
    }

    /// Whether the field is there and not `null`.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, raw)| known == name && raw.get() != "null")
    }

    /// One field, left where it is.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.0.iter().rev().find(|(known, _)| known == name).map(|(_, raw)| *raw);
        found.filter(|raw| raw.get() != "null")
    }

    /// The fields that nobody took, `null` ones left out. What is nested too deeply to be read is left out too.
    pub fn rest(self) -> Map<String, Value> {
        self.0
            .into_iter()
            .filter(|(_, raw)| raw.get() != "null")
            .filter_map(|(name, raw)| Some((name.into_owned(), serde_json::from_str(raw.get()).ok()?)))
            .collect()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(12);
                while let Some(Text(name)) = map.next_key()? {
                    fields.push((name, map.next_value()?));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

//! Ext settings go into the JSON at their level: an object is merged with ours key by key, anything else replaces it.

use std::borrow::Cow;

use llm_core::Extensions;
use serde::ser::{Error as _, Serialize, SerializeMap};
use serde_json::{Map, Value};

/// The ext settings that this request sends: those of the wire family, overruled by those of the provider.
pub(crate) fn settings<'a>(ext: &'a Extensions, api: &str, provider: &str) -> Option<Cow<'a, Map<String, Value>>> {
    let family = ext.of(api).filter(|fields| !fields.is_empty());
    let own = ext.of(provider).filter(|fields| !fields.is_empty() && provider != api);
    match (family, own) {
        (None, None) => None,
        (Some(fields), None) | (None, Some(fields)) => Some(Cow::Borrowed(fields)),
        (Some(family), Some(own)) => {
            let mut both = family.clone();
            own.iter().for_each(|(name, value)| merge(both.entry(name).or_insert(Value::Null), value));
            Some(Cow::Owned(both))
        }
    }
}

/// Puts `theirs` over `ours`.
pub(crate) fn merge(ours: &mut Value, theirs: &Value) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            theirs.iter().for_each(|(name, value)| merge(ours.entry(name).or_insert(Value::Null), value));
        }
        (ours, theirs) => *ours = theirs.clone(),
    }
}

/// Writes an object with ext settings merged in. Without any, nothing is copied.
pub(crate) struct Merging<'a, M> {
    map: M,
    ext: Option<&'a Map<String, Value>>,
    /// Names that were written; they are few.
    written: Vec<&'static str>,
}

impl<'a, M: SerializeMap> Merging<'a, M> {
    pub(crate) fn new(map: M, ext: Option<&'a Map<String, Value>>) -> Self {
        Self { map, ext: ext.filter(|ext| !ext.is_empty()), written: Vec::new() }
    }

    /// Writes a field, with what ext says of it.
    pub(crate) fn field(&mut self, name: &'static str, value: &impl Serialize) -> Result<(), M::Error> {
        let Some(ext) = self.ext else { return self.map.serialize_entry(name, value) };
        self.written.push(name);
        match ext.get(name) {
            None => self.map.serialize_entry(name, value),
            Some(theirs @ Value::Object(_)) => {
                let mut both = serde_json::to_value(value).map_err(M::Error::custom)?;
                merge(&mut both, theirs);
                self.map.serialize_entry(name, &both)
            }
            Some(theirs) => self.map.serialize_entry(name, theirs),
        }
    }

    /// Writes a field that may be absent.
    pub(crate) fn optional(&mut self, name: &'static str, value: Option<&impl Serialize>) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.field(name, value))
    }

    /// Writes what ext has beside the fields that were written.
    pub(crate) fn end(mut self) -> Result<M::Ok, M::Error> {
        for (name, value) in self.ext.into_iter().flatten() {
            if !self.written.contains(&name.as_str()) {
                self.map.serialize_entry(name, value)?;
            }
        }
        self.map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_merge_and_the_provider_wins() {
        let mut ext = Extensions::default();
        ext.set("gemini", "generationConfig", json!({"a": 1, "b": 1}));
        ext.set("my-gemini", "generationConfig", json!({"b": 2}));
        ext.set("other", "x", 1);
        let merged = settings(&ext, "gemini", "my-gemini").unwrap();
        assert_eq!(Value::Object(merged.into_owned()), json!({"generationConfig": {"a": 1, "b": 2}}));
        assert!(settings(&ext, "ollama", "local").is_none());
    }
}

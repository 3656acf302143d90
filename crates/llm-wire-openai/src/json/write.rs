//! Writing objects whose fields a caller may add to and override.

use llm_core::{Error, ErrorKind, Extensions, Origin};
use serde::Serialize;
use serde::ser::SerializeMap;
use serde_json::{Map, Value};

/// A value as JSON, into one buffer.
pub(crate) fn to_vec(doing: &'static str, value: &impl Serialize, capacity: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(capacity);
    serde_json::to_writer(&mut bytes, value)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("{doing}: {error}")))?;
    Ok(bytes)
}

/// What the caller adds to an object: the entry of the wire family and that of the provider, which wins.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Added<'a> {
    family: Option<&'a Map<String, Value>>,
    provider: Option<&'a Map<String, Value>>,
    /// Fields that are written elsewhere.
    without: &'static [&'static str],
}

impl<'a> Added<'a> {
    /// What `ext` has for this target.
    pub(crate) fn new(ext: &'a Extensions, to: &Origin) -> Self {
        if ext.is_empty() {
            return Self::default();
        }
        let provider = if *to.provider == *to.api { None } else { ext.of(&to.provider) };
        Self { family: ext.of(&to.api), provider, without: &[] }
    }

    /// Only what stands in `object`.
    pub(crate) fn object(object: Option<&'a Map<String, Value>>) -> Self {
        Self { family: object, provider: None, without: &[] }
    }

    /// The same but for some fields, which are written elsewhere.
    pub(crate) fn without(mut self, names: &'static [&'static str]) -> Self {
        self.without = names;
        self
    }

    /// True when the caller gives this field.
    pub(crate) fn has(&self, name: &str) -> bool {
        if self.without.contains(&name) {
            return false;
        }
        self.provider.is_some_and(|fields| fields.contains_key(name))
            || self.family.is_some_and(|fields| fields.contains_key(name))
    }

    /// True when nothing is added.
    pub(crate) fn is_empty(&self) -> bool {
        self.provider.is_none_or(Map::is_empty) && self.family.is_none_or(Map::is_empty)
    }

    /// All that is added, each field once.
    pub(crate) fn fields(self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        let overridden = move |name: &str| self.provider.is_some_and(|fields| fields.contains_key(name));
        let family = self.family.into_iter().flatten().filter(move |(name, _)| !overridden(name));
        family.chain(self.provider.into_iter().flatten()).filter(move |(name, _)| self.has(name))
    }

    /// The value of a field that the caller gives.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.provider.and_then(|fields| fields.get(name)).or_else(|| self.family.and_then(|fields| fields.get(name)))
    }
}

/// An object under construction. A field that the caller gives is written once, in the caller's form.
pub(crate) struct Fields<'a, M> {
    map: M,
    added: Added<'a>,
}

impl<'a, M: SerializeMap> Fields<'a, M> {
    pub(crate) fn new(map: M, added: Added<'a>) -> Self {
        Self { map, added }
    }

    /// Writes a field.
    pub(crate) fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), M::Error> {
        if self.added.has(name) { Ok(()) } else { self.map.serialize_entry(name, value) }
    }

    /// Writes a field that has a value.
    pub(crate) fn put_some<T: Serialize>(&mut self, name: &str, value: Option<T>) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.put(name, &value))
    }

    /// Writes what the caller adds and ends the object.
    pub(crate) fn end(mut self) -> Result<M::Ok, M::Error> {
        if let Some(family) = self.added.family {
            let overridden = |name: &str| self.added.provider.is_some_and(|fields| fields.contains_key(name));
            for (name, value) in family.iter().filter(|(name, _)| self.added.has(name) && !overridden(name)) {
                self.map.serialize_entry(name, value)?;
            }
        }
        for (name, value) in self.added.provider.into_iter().flatten().filter(|(name, _)| self.added.has(name)) {
            self.map.serialize_entry(name, value)?;
        }
        self.map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serializer;

    struct Sample<'a>(Added<'a>);

    impl Serialize for Sample<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut fields = Fields::new(serializer.serialize_map(None)?, self.0);
            fields.put("a", &1)?;
            fields.put("b", &2)?;
            fields.put_some("c", None::<u8>)?;
            fields.end()
        }
    }

    fn written(ext: &Extensions) -> String {
        let to = Origin::new("family", "provider", "m");
        String::from_utf8(to_vec("writing", &Sample(Added::new(ext, &to)), 64).unwrap()).unwrap()
    }

    #[test]
    fn the_callers_fields_come_once_and_the_provider_wins() {
        let mut ext = Extensions::default();
        assert_eq!(written(&ext), r#"{"a":1,"b":2}"#);
        ext.set("family", "b", 20);
        ext.set("family", "d", 40);
        ext.set("somebody", "e", 50);
        assert_eq!(written(&ext), r#"{"a":1,"b":20,"d":40}"#);
        ext.set("provider", "d", 400);
        assert_eq!(written(&ext), r#"{"a":1,"b":20,"d":400}"#);
    }
}

//! Writing objects that a caller's own settings are merged into.
//!
//! The settings are a JSON merge patch (RFC 7396): a value replaces the field, `null` removes it, an object merges with
//! the fields that are objects here as well.

use llm_core::{Extensions, Origin};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value};

type Settings = Map<String, Value>;

/// The settings for one object: those of the provider go before those of the wire family.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Patch<'a> {
    first: Option<&'a Settings>,
    second: Option<&'a Settings>,
}

impl<'a> Patch<'a> {
    /// One map of settings.
    pub fn of(settings: Option<&'a Settings>) -> Self {
        Self { first: settings, second: None }
    }

    /// What `ext` says to one target.
    pub fn to(ext: &'a Extensions, target: &Origin) -> Self {
        if ext.is_empty() {
            return Self::default();
        }
        let first = ext.of(&target.provider);
        let second = if *target.provider == *target.api { None } else { ext.of(&target.api) };
        Self { first, second }
    }

    /// True when there is no setting at all.
    pub fn is_empty(self) -> bool {
        self.first.is_none_or(Map::is_empty) && self.second.is_none_or(Map::is_empty)
    }

    /// The setting of a field.
    pub fn get(self, name: &str) -> Option<&'a Value> {
        let of = |settings: Option<&'a Settings>| settings.and_then(|settings| settings.get(name));
        of(self.first).or_else(|| of(self.second))
    }

    /// The settings for a field that is an object; `None` when they replace or do not touch it.
    fn inner(self, name: &str) -> Option<Self> {
        self.get(name)?.as_object()?;
        let of = |settings: Option<&'a Settings>| settings.and_then(|settings| settings.get(name)?.as_object());
        Some(Self { first: of(self.first), second: of(self.second) })
    }

    fn entries(self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        let first = self.first;
        let first_has = move |name: &str| first.is_some_and(|first| first.contains_key(name));
        let second = self.second.into_iter().flatten().filter(move |(name, _)| !first_has(name));
        first.into_iter().flatten().chain(second)
    }
}

/// An object that is being written.
#[derive(Debug)]
pub struct Object<'p, M> {
    map: M,
    patch: Patch<'p>,
    /// Names whose settings are dealt with.
    done: Vec<&'static str>,
}

impl<'p, M: SerializeMap> Object<'p, M> {
    /// Begins an object.
    pub fn new<S: Serializer<SerializeMap = M>>(serializer: S, patch: Patch<'p>) -> Result<Self, S::Error> {
        Ok(Self { map: serializer.serialize_map(None)?, patch, done: Vec::new() })
    }

    /// Writes a field, unless the settings have it.
    pub fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), M::Error> {
        if self.patch.get(name).is_some() { Ok(()) } else { self.map.serialize_entry(name, value) }
    }

    /// Writes fields as they are, unless the settings have them.
    pub fn all(&mut self, fields: &Settings) -> Result<(), M::Error> {
        let own = fields.iter().filter(|(name, _)| self.patch.get(name).is_none());
        own.into_iter().try_for_each(|(name, value)| self.map.serialize_entry(name, value))
    }

    /// Writes a field that no setting can change.
    pub fn fixed<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), M::Error> {
        self.hide(name);
        self.map.serialize_entry(name, value)
    }

    /// Writes a field that may be absent and that no setting can change.
    pub fn fixed_if<T: Serialize>(&mut self, name: &'static str, value: Option<T>) -> Result<(), M::Error> {
        self.hide(name);
        value.map_or(Ok(()), |value| self.map.serialize_entry(name, &value))
    }

    /// Writes a field that may be absent.
    pub fn some<T: Serialize>(&mut self, name: &'static str, value: Option<T>) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.field(name, &value))
    }

    /// Writes a field that is an object and merges with the settings for it.
    pub fn nested<T: Patched>(&mut self, name: &'static str, value: Option<&T>) -> Result<(), M::Error> {
        let Some(value) = value else { return Ok(()) };
        if let Some(patch) = self.patch.inner(name) {
            self.done.push(name);
            return self.map.serialize_entry(name, &WithPatch { value, patch });
        }
        self.field(name, &WithPatch { value, patch: Patch::default() })
    }

    /// The same for an object that is one of several and says by its `type` which. What the caller adds to one that is not
    /// sent is none by itself, and is left out too.
    pub fn typed<T: Patched>(&mut self, name: &'static str, value: Option<&T>) -> Result<(), M::Error> {
        let is_half = |own: &Value| own.is_object() && own.get("type").is_none();
        if value.is_none() && self.patch.get(name).is_some_and(is_half) {
            self.hide(name);
        }
        self.nested(name, value)
    }

    /// Settings of this name are not for the body.
    pub fn hide(&mut self, name: &'static str) {
        self.done.push(name);
    }

    /// Writes what the settings add.
    pub fn end(mut self) -> Result<M::Ok, M::Error> {
        for (name, value) in self.patch.entries() {
            if !value.is_null() && !self.done.contains(&name.as_str()) {
                self.map.serialize_entry(name, value)?;
            }
        }
        self.map.end()
    }
}

/// What can be written as an object with settings merged into it.
pub trait Patched {
    /// Writes the object with these settings merged into it.
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error>;
}

/// A value together with its settings.
#[derive(Debug)]
pub struct WithPatch<'a, T> {
    /// The value.
    pub value: &'a T,
    /// Its settings.
    pub patch: Patch<'a>,
}

impl<T: Patched> Serialize for WithPatch<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.write(self.patch, serializer)
    }
}

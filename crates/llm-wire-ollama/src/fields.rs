//! Reads a request field by field, so that an error can name the field that is wrong.

use std::collections::BTreeMap;

use llm_core::{Error, ErrorKind};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The fields of one object that nobody has taken yet.
pub(crate) struct Fields<'a> {
    /// Where the object stands in the body; empty for the body itself.
    path: String,
    fields: BTreeMap<String, &'a RawValue>,
}

impl<'a> Fields<'a> {
    /// The fields of a whole body.
    pub(crate) fn of_body(body: &'a [u8]) -> Result<Self, Error> {
        match serde_json::from_slice(body) {
            Ok(fields) => Ok(Self { path: String::new(), fields }),
            Err(error) => Err(Error::new(
                ErrorKind::InvalidRequest,
                format!("the body must be a json object (line {}, column {})", error.line(), error.column()),
            )),
        }
    }

    /// The fields of an object inside the body.
    pub(crate) fn of(raw: &'a RawValue, path: String) -> Result<Self, Error> {
        match serde_json::from_str(raw.get()) {
            Ok(fields) => Ok(Self { path, fields }),
            Err(_) => Err(invalid(path, "an object")),
        }
    }

    /// Takes one field. Null is the same as absent.
    pub(crate) fn take<T: Deserialize<'a>>(&mut self, name: &str, expected: &str) -> Result<Option<T>, Error> {
        match self.fields.remove(name) {
            None => Ok(None),
            Some(raw) if raw.get() == "null" => Ok(None),
            Some(raw) => serde_json::from_str(raw.get()).map(Some).map_err(|_| self.wrong(name, expected)),
        }
    }

    /// Takes one field that must be there.
    pub(crate) fn require<T: Deserialize<'a>>(&mut self, name: &str, expected: &str) -> Result<T, Error> {
        let value = self.take(name, expected)?;
        value.ok_or_else(|| {
            let path = self.path(name);
            Error::new(ErrorKind::InvalidRequest, format!("{path} is missing: it must be {expected}")).with_param(path)
        })
    }

    /// Takes one field that is an object.
    pub(crate) fn object(&mut self, name: &str) -> Result<Option<Self>, Error> {
        let path = self.path(name);
        self.take::<&RawValue>(name, "an object")?.map(|raw| Self::of(raw, path)).transpose()
    }

    /// Takes one field that is a list; each element with its path.
    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<(String, &'a RawValue)>, Error> {
        let path = self.path(name);
        let list: Vec<&RawValue> = self.take(name, "a list")?.unwrap_or_default();
        Ok(list.into_iter().enumerate().map(|(index, raw)| (format!("{path}[{index}]"), raw)).collect())
    }

    /// The error that says what a field must be.
    pub(crate) fn wrong(&self, name: &str, expected: &str) -> Error {
        invalid(self.path(name), expected)
    }

    /// Everything that was not taken, as it came.
    pub(crate) fn rest(self) -> Map<String, Value> {
        let read = |raw: &RawValue| serde_json::from_str(raw.get()).unwrap_or_default();
        self.fields.into_iter().map(|(name, raw)| (name, read(raw))).collect()
    }

    fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

/// The error that says what the value at a path must be.
pub(crate) fn invalid(path: String, expected: &str) -> Error {
    Error::new(ErrorKind::InvalidRequest, format!("{path} must be {expected}")).with_param(path)
}

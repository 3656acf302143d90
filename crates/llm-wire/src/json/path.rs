//! Where in a request body something is wrong, and readers whose errors say it.

use std::borrow::Cow;
use std::fmt;

use llm_core::{Error, ErrorKind};
use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::fields::Fields;
use super::text::Text;

/// A place in a body, such as `messages[2].content`. Costs nothing until it is shown.
#[derive(Clone, Copy, Debug)]
pub enum Path<'a> {
    /// The body itself.
    Root,
    /// A field of an object.
    Field(&'a Path<'a>, &'a str),
    /// An element of a list.
    Index(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    /// A field of what stands here.
    pub fn field(&'a self, name: &'a str) -> Self {
        Self::Field(self, name)
    }

    /// An element of the list that stands here.
    pub fn index(&'a self, index: usize) -> Self {
        Self::Index(self, index)
    }

    /// An error that names this place and what belongs there. It never repeats what stands there.
    pub fn must_be(&self, expected: &str) -> Error {
        let path = match self {
            Self::Root => "the body".to_owned(),
            _ => self.to_string(),
        };
        Error::new(ErrorKind::InvalidRequest, format!("reading the request: {path} must be {expected}"))
            .with_param(path)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Self::Root, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

fn read<'a, T: Deserialize<'a>>(raw: &'a RawValue, at: &Path<'_>, expected: &str) -> Result<T, Error> {
    serde_json::from_str(raw.get()).map_err(|_| at.must_be(expected))
}

/// JSON that is not what it should be. Only the place is told: the parser's own words may quote the body.
pub fn malformed(what: &str, error: &serde_json::Error) -> Error {
    let wrong = match error.classify() {
        Category::Eof => "it ends too early",
        Category::Data => "a field has another type than the protocol says",
        Category::Syntax | Category::Io => "it is not JSON",
    };
    let (line, column) = (error.line(), error.column());
    Error::new(ErrorKind::Malformed, format!("reading {what}: {wrong} (line {line}, column {column})"))
}

/// The body of a request.
pub fn body(bytes: &[u8]) -> Result<&RawValue, Error> {
    serde_json::from_slice(bytes).map_err(|error| {
        let message =
            format!("reading the request: the body is not JSON (line {}, column {})", error.line(), error.column());
        Error::new(ErrorKind::InvalidRequest, message)
    })
}

/// Keeps the unknown fields of an object as settings under its name.
pub fn keep(settings: &mut Map<String, Value>, name: &str, rest: Map<String, Value>) {
    if !rest.is_empty() {
        settings.insert(name.to_owned(), Value::Object(rest));
    }
}

/// A string.
pub fn string<'a>(raw: &'a RawValue, at: &Path<'_>) -> Result<Cow<'a, str>, Error> {
    read::<Text<'_>>(raw, at, "a string").map(|text| text.0)
}

/// A whole number.
pub fn unsigned(raw: &RawValue, at: &Path<'_>) -> Result<u32, Error> {
    read(raw, at, "a whole number from 0 to 4294967295")
}

/// A finite number.
///
/// `serde_json` without its feature `float_roundtrip` loses the last bit of some numbers, the standard library does not.
pub fn number(raw: &RawValue, at: &Path<'_>) -> Result<f64, Error> {
    raw.get().parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| at.must_be("a number"))
}

/// True or false.
pub fn boolean(raw: &RawValue, at: &Path<'_>) -> Result<bool, Error> {
    read(raw, at, "true or false")
}

/// A list; `expected` is what the error says must stand here.
pub fn list<'a>(raw: &'a RawValue, at: &Path<'_>, expected: &str) -> Result<Vec<&'a RawValue>, Error> {
    read(raw, at, expected)
}

/// An object.
pub fn object<'a>(raw: &'a RawValue, at: &Path<'_>) -> Result<Fields<'a>, Error> {
    read(raw, at, "an object")
}

/// Any JSON.
pub fn value(raw: &RawValue, at: &Path<'_>) -> Result<Value, Error> {
    read(raw, at, "JSON that is nested less deeply")
}

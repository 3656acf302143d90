//! Reading and writing JSON as this traffic needs it: borrowed where possible, forgiving where vendors differ.

mod ask;
mod few;
mod loose;
#[macro_use]
mod object;
mod place;
mod text_or;
mod write;

pub(crate) use ask::{read_request, wrong};
pub(crate) use few::Few;
pub(crate) use loose::{Loose, Number};
pub(crate) use object::{Ignored, Kept, Rest, Str};
pub(crate) use place::{Items, Place, within};
pub(crate) use text_or::{Listed, TextOr};
pub(crate) use write::{Added, Fields, to_vec};

/// A part of a body that is read later, or kept as it is.
pub(crate) type Raw<'a> = &'a serde_json::value::RawValue;

/// Reads a body. It is checked to be UTF-8 once and whole, which is quicker than every string by itself.
pub(crate) fn read<'a, T: serde::Deserialize<'a>>(body: &'a [u8]) -> Result<T, serde_json::Error> {
    match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        // Most of such a body may still be read: a bad character in a field that nobody needs does no harm.
        Err(_) => serde_json::from_slice(body),
    }
}

/// Reads a part of a body; `None` when it is of another type.
pub(crate) fn parse<'a, T: serde::Deserialize<'a>>(raw: Raw<'a>) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

/// Takes a field out of an object; null when there is none, or no object.
pub(crate) fn take(value: &mut serde_json::Value, field: &str) -> serde_json::Value {
    value.get_mut(field).map(serde_json::Value::take).unwrap_or_default()
}

/// True for JSON that says nothing: `null`, `""`, `[]`, `{}`.
pub(crate) fn is_empty(raw: Raw<'_>) -> bool {
    matches!(raw.get(), "null" | "\"\"" | "[]" | "{}")
}

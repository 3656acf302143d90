//! One form for each meaning: whatever serde can write, as bytes that are equal exactly when the JSON means the same.
//!
//! Maps are sorted, numbers are one kind, strings carry their length, every value says what it is.
//! So no two values have the same bytes, and no order of fields makes a difference.

use std::fmt;

use serde::ser::{self, Serialize};

mod serializer;
#[cfg(test)]
mod tests;

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INTEGER: u8 = 3;
const FLOAT: u8 = 4;
const TEXT: u8 = 5;
const BYTES: u8 = 6;
const LIST: u8 = 7;
const MAP: u8 = 8;
const END: u8 = 255;

/// Whole numbers up to here are the same as a float and as an integer (2⁵³).
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Adds the canonical bytes of a value, without the fields of its outermost map that are named in `ignored`.
pub(crate) fn canonical<T: Serialize + ?Sized>(
    out: Vec<u8>,
    value: &T,
    ignored: &'static [&'static str],
) -> Result<Vec<u8>, NotCanonical> {
    let mut writer = Writer { out, entries: Vec::new(), scratch: Vec::new(), ignored };
    value.serialize(&mut writer)?;
    Ok(writer.out)
}

/// A value that serde could not write.
#[derive(Debug)]
pub(crate) struct NotCanonical;

impl fmt::Display for NotCanonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value cannot be written")
    }
}

impl std::error::Error for NotCanonical {}

impl ser::Error for NotCanonical {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

struct Writer {
    out: Vec<u8>,
    /// Entries of the maps that are being written, of all levels.
    entries: Vec<Entry>,
    scratch: Vec<u8>,
    /// Taken by the outermost map.
    ignored: &'static [&'static str],
}

/// Where an entry of a map stands in the output.
#[derive(Clone, Copy)]
struct Entry {
    start: usize,
    end: usize,
}

impl Writer {
    fn sized(&mut self, tag: u8, bytes: &[u8]) {
        self.out.push(tag);
        self.number(bytes.len() as u128);
        self.out.extend_from_slice(bytes);
    }

    fn integer(&mut self, value: i128) {
        self.out.push(INTEGER);
        // Small numbers of either sign are short: 0, -1, 1, -2, 2 …
        self.number((value.unsigned_abs() << 1) ^ u128::from(value < 0));
    }

    /// A number in groups of seven bits, all but the last one marked.
    #[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
    fn number(&mut self, mut value: u128) {
        while value >= 0x80 {
            self.out.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }

    fn map(&mut self) -> Map<'_> {
        self.out.push(MAP);
        let (first, ignored) = (self.entries.len(), std::mem::take(&mut self.ignored));
        Map { writer: self, first, ignored, skipped: false }
    }

    fn list(&mut self) -> List<'_> {
        self.out.push(LIST);
        self.ignored = &[];
        List { writer: self, inside_map: false }
    }

    /// A map of one entry, as JSON writes an enum's variant with content; its end is not written yet.
    fn variant(&mut self, name: &str) {
        self.out.push(MAP);
        self.ignored = &[];
        self.sized(TEXT, name.as_bytes());
    }

    /// Sorts the entries of the map that began at entry `first`, and ends it.
    fn end_map(&mut self, first: usize) {
        let Self { out, entries, scratch, .. } = self;
        let own = &mut entries[first..];
        if !own.is_sorted_by_key(|entry| &out[entry.start..entry.end])
            && let (Some(begin), Some(end)) = (own.first().map(|entry| entry.start), own.last().map(|entry| entry.end))
        {
            own.sort_by_key(|entry| &out[entry.start..entry.end]);
            scratch.clear();
            scratch.extend_from_slice(&out[begin..end]);
            out.truncate(begin);
            for entry in own {
                out.extend_from_slice(&scratch[entry.start - begin..entry.end - begin]);
            }
        }
        self.entries.truncate(first);
        self.out.push(END);
    }
}

struct Map<'a> {
    writer: &'a mut Writer,
    first: usize,
    ignored: &'static [&'static str],
    skipped: bool,
}

impl Map<'_> {
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NotCanonical> {
        let start = self.writer.out.len();
        key.serialize(&mut *self.writer)?;
        // A short text is its tag, its length in one byte, and itself.
        let written = &self.writer.out[start..];
        self.skipped = self.ignored.iter().any(|name| written.get(2..) == Some(name.as_bytes()));
        self.writer.entries.push(Entry { start, end: start });
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        if !self.skipped {
            value.serialize(&mut *self.writer)?;
        }
        let end = self.writer.out.len();
        match self.writer.entries.last_mut() {
            Some(entry) if self.skipped => {
                let start = entry.start;
                self.writer.out.truncate(start);
                self.writer.entries.pop();
            }
            Some(entry) => entry.end = end,
            None => return Err(NotCanonical),
        }
        Ok(())
    }
}

impl ser::SerializeMap for Map<'_> {
    type Ok = ();
    type Error = NotCanonical;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NotCanonical> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        self.value(value)
    }

    fn end(self) -> Result<(), NotCanonical> {
        self.writer.end_map(self.first);
        Ok(())
    }
}

/// A struct is a map; one inside an enum's variant ends two maps.
struct Struct<'a> {
    map: Map<'a>,
    variant: bool,
}

impl Struct<'_> {
    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), NotCanonical> {
        self.map.key(key)?;
        self.map.value(value)
    }

    fn close(self) {
        self.map.writer.end_map(self.map.first);
        if self.variant {
            self.map.writer.out.push(END);
        }
    }
}

impl ser::SerializeStruct for Struct<'_> {
    type Ok = ();
    type Error = NotCanonical;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), NotCanonical> {
        self.field(key, value)
    }

    fn end(self) -> Result<(), NotCanonical> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeStructVariant for Struct<'_> {
    type Ok = ();
    type Error = NotCanonical;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), NotCanonical> {
        self.field(key, value)
    }

    fn end(self) -> Result<(), NotCanonical> {
        self.close();
        Ok(())
    }
}

struct List<'a> {
    writer: &'a mut Writer,
    inside_map: bool,
}

impl List<'_> {
    fn close(self) {
        self.writer.out.push(END);
        if self.inside_map {
            self.writer.out.push(END);
        }
    }
}

macro_rules! list {
    ($($name:ident::$method:ident),*) => {$(
        impl ser::$name for List<'_> {
            type Ok = ();
            type Error = NotCanonical;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
                value.serialize(&mut *self.writer)
            }

            fn end(self) -> Result<(), NotCanonical> {
                self.close();
                Ok(())
            }
        }
    )*};
}

list!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

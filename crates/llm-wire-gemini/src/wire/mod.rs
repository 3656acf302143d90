//! How the vendor's JSON is read and written: borrowed where it can be, unknown fields kept, ext fields merged in.
//! Knows JSON and the two spellings of field names, nothing of what the fields mean.

mod fields;
mod list;
mod merge;
mod number;
mod object;
mod place;
mod text;
mod time;

pub(crate) use fields::{Fields, camel_case, invalid, unquoted};
pub(crate) use list::List;
pub(crate) use merge::{Merging, merge, settings};
pub(crate) use object::{Others, keep, wire_object};
pub(crate) use place::{Field, FieldPlace, Fill, fill_field, small_and_owned};
pub(crate) use text::Str;
pub(crate) use time::{format_time, parse_time};

//! Reading and writing JSON without an intermediate tree: strings that borrow, objects that keep unknown fields,
//! objects that a caller's settings are merged into. Knows nothing of the Anthropic protocol.

mod fields;
mod object;
mod path;
mod text;

pub(crate) use fields::Fields;
pub(crate) use object::{Object, Patch, Patched};
pub(crate) use path::{Path, boolean, list, number, object, string, unsigned, value};
pub(crate) use text::Text;

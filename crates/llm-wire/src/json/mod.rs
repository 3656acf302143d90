//! Reading and writing JSON without an intermediate tree: strings that borrow, objects that keep unknown fields,
//! objects that a caller's settings are merged into. Knows nothing of any vendor's protocol.
//!
//! ```
//! use llm_wire::json::{Path, object, string};
//!
//! let raw: &serde_json::value::RawValue = serde_json::from_str(r#"{"model": "m-1", "new": 7}"#)?;
//! let mut fields = object(raw, &Path::Root)?;
//! let model = fields.take("model").map(|raw| string(raw, &Path::Root.field("model"))).transpose()?;
//! assert_eq!(model.as_deref(), Some("m-1"));
//! assert_eq!(fields.rest()["new"], 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arguments;
mod fields;
mod object;
mod path;
mod schema;
mod text;

pub use arguments::Input;
pub use fields::Fields;
pub use object::{Object, Patch, Patched, WithPatch};
pub use path::{Path, body, boolean, keep, list, malformed, number, object, string, unsigned, value};
pub use schema::object_schema;
pub use text::Text;

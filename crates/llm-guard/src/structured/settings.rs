//! What an operator may say of structured output.

use serde::Deserialize;

/// How answers by a JSON schema are had.
///
/// ```toml
/// [structured]
/// validate = true            # also what the vendor's own mode answers
/// repair = false             # do not ask again after an answer that breaks the schema
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// Whether models without a mode of their own are asked in another way. Default true; otherwise the schema is left out
    /// with a warning, or the target refused.
    pub enabled: bool,
    /// Whether answers of the vendor's own mode are held to the schema, too. Default false.
    pub validate: bool,
    /// Whether a model is asked once more after an answer that breaks the schema. Default true.
    pub repair: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { enabled: true, validate: false, repair: true }
    }
}

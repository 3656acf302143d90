//! The plugin's settings.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::script::Script;

/// What can be set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Pause between the words of `local/echo`, in milliseconds.
    pub delay_ms: u64,
    /// What `local/script` answers where the request brings no script of its own.
    pub script: Option<Script>,
    /// More scripts by name; each answers as a model of that name.
    pub scripts: BTreeMap<String, Script>,
}

//! Secrets: values that can be used but not shown.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

/// An API key, token or password. It has no `Display` and no `Serialize`, and its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<Arc<str>>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that must send it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True when the value is empty or blank, which counts as not set.
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// `text` without this value: an upstream that echoes the key must not make us print it.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.0.len() >= 8 && text.contains(&*self.0) {
            Cow::Owned(text.replace(&*self.0, "[redacted]"))
        } else {
            Cow::Borrowed(text)
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

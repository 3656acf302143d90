//! Which citations may be written: a vendor checks what is sent back to it, a client takes all.

use llm_core::Citation;
use serde_json::{Map, Value};

/// The citations of a text.
#[derive(Clone, Copy, Debug)]
pub struct Citations<'a> {
    list: &'a [Citation],
    /// Only those in this wire family's own form.
    own: Option<&'static str>,
}

/// The own form of a citation in a wire family.
pub fn own_form<'a>(citation: &'a Citation, api: &str) -> Option<&'a Map<String, Value>> {
    citation.ext.of(api)
}

impl<'a> Citations<'a> {
    /// All of them.
    pub fn all(list: &'a [Citation]) -> Self {
        Self { list, own: None }
    }

    /// Those in a wire family's own form.
    pub fn own(list: &'a [Citation], api: &'static str) -> Self {
        Self { list, own: Some(api) }
    }

    /// True when none may be written.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// True when there are some, and none may be written.
    pub fn are_foreign(&self) -> bool {
        self.is_empty() && !self.list.is_empty()
    }

    /// Those that may be written.
    pub fn iter(self) -> impl Iterator<Item = &'a Citation> {
        self.list.iter().filter(move |citation| self.own.is_none_or(|api| own_form(citation, api).is_some()))
    }
}

//! Several texts as one JSON string, without putting them together first.

use std::fmt;

use llm_core::{Part, PartKind};
use serde::{Serialize, Serializer};

/// The texts that `pick` finds in some parts, as one string.
pub(crate) struct Joined<'a, F> {
    parts: &'a [Part],
    pick: F,
}

impl<'a, F: Fn(&'a Part) -> Option<&'a str>> Joined<'a, F> {
    /// `None` when there is no such text at all.
    pub(crate) fn new(parts: &'a [Part], pick: F) -> Option<Self> {
        parts.iter().any(|part| pick(part).is_some()).then_some(Self { parts, pick })
    }

    fn texts(&self) -> impl Iterator<Item = &'a str> {
        self.parts.iter().filter_map(&self.pick)
    }
}

impl<'a, F: Fn(&'a Part) -> Option<&'a str>> fmt::Display for Joined<'a, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.texts().try_for_each(|text| f.write_str(text))
    }
}

impl<'a, F: Fn(&'a Part) -> Option<&'a str>> Serialize for Joined<'a, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut texts = self.texts();
        match (texts.next(), texts.next()) {
            (Some(only), None) => serializer.serialize_str(only),
            _ => serializer.collect_str(self),
        }
    }
}

/// The words of a text part.
pub(crate) fn text(part: &Part) -> Option<&str> {
    part.as_text()
}

/// Readable reasoning.
pub(crate) fn reasoning(part: &Part) -> Option<&str> {
    match &part.kind {
        PartKind::Reasoning { text, .. } if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// The words of a refusal.
pub(crate) fn refusal(part: &Part) -> Option<&str> {
    match &part.kind {
        PartKind::Refusal { text } => Some(text),
        _ => None,
    }
}

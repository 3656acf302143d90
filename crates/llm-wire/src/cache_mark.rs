//! Marks for the prompt cache of vendors that keep for 5 minutes or for an hour, nothing else.

use std::time::Duration;

use llm_core::CacheHint;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::json::{Fields, Text};

const MINUTES: Duration = Duration::from_mins(5);
const HOUR: Duration = Duration::from_hours(1);

/// A mark as it is written: `{"type": …, "ttl": …}`. What its type is called, the vendor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CacheMark {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
}

impl CacheMark {
    /// The mark for a hint.
    pub fn new(kind: &'static str, hint: CacheHint) -> Self {
        Self { kind, ttl: hint.ttl.map(|ttl| if ttl <= MINUTES { "5m" } else { "1h" }) }
    }

    /// Whether a hint can be said exactly.
    pub fn is_exact(hint: CacheHint) -> bool {
        hint.ttl.is_none_or(|ttl| ttl == MINUTES || ttl == HOUR)
    }

    /// Reads a mark; `None` when it is of a kind that [`CacheHint`] has no word for.
    pub fn read(raw: &RawValue, kind: &str) -> Option<CacheHint> {
        let mut fields = Fields::read(raw)?;
        if fields.take_text("type")? != kind {
            return None;
        }
        let ttl = match fields.take("ttl") {
            None => None,
            Some(raw) => match &*serde_json::from_str::<Text<'_>>(raw.get()).ok()?.0 {
                "5m" => Some(MINUTES),
                "1h" => Some(HOUR),
                _ => return None,
            },
        };
        fields.rest().is_empty().then_some(CacheHint { ttl })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_back_and_what_is_more_than_a_mark_is_none() {
        for (ttl, exact) in [(None, true), (Some(MINUTES), true), (Some(HOUR), true), (Some(HOUR / 2), false)] {
            let hint = CacheHint { ttl };
            assert_eq!(CacheMark::is_exact(hint), exact);
            let written = serde_json::value::to_raw_value(&CacheMark::new("ephemeral", hint)).unwrap();
            let read = CacheMark::read(&written, "ephemeral").unwrap();
            assert_eq!(read.ttl, if exact { ttl } else { Some(HOUR) });
            assert_eq!(CacheMark::read(&written, "default"), None);
        }
        for text in [r#"{"type": "ephemeral", "ttl": "2h"}"#, r#"{"type": "ephemeral", "scope": "global"}"#, "[]"] {
            assert_eq!(CacheMark::read(serde_json::from_str(text).unwrap(), "ephemeral"), None, "{text}");
        }
    }
}

//! Marks for the prompt cache: blocks of their own, which stand behind what is to be kept.

use std::time::Duration;

use llm_core::CacheHint;
use llm_wire::json::{Fields, Text};
use serde::Serialize;
use serde_json::value::RawValue;

const MINUTES: Duration = Duration::from_mins(5);
const HOUR: Duration = Duration::from_hours(1);

/// `cachePoint` as it is written. The vendor keeps for 5 minutes or for an hour, nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct CachePoint {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
}

impl From<CacheHint> for CachePoint {
    fn from(hint: CacheHint) -> Self {
        Self { kind: "default", ttl: hint.ttl.map(|ttl| if ttl <= MINUTES { "5m" } else { "1h" }) }
    }
}

impl CachePoint {
    /// Whether a hint can be said exactly.
    pub(crate) fn is_exact(hint: CacheHint) -> bool {
        hint.ttl.is_none_or(|ttl| ttl == MINUTES || ttl == HOUR)
    }

    /// Reads a mark; `None` when it is of a kind that [`CacheHint`] has no word for.
    pub(crate) fn read(raw: &RawValue) -> Option<CacheHint> {
        let mut fields = Fields::read(raw)?;
        if fields.take_text("type")? != "default" {
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

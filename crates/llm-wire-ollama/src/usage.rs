//! Token counts and timings of an answer.

use llm_core::Usage;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Number, Value};

/// What the last line says. Counts are absent, not zero, when the whole prompt was in the cache or nothing was made.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Metrics {
    #[serde(deserialize_with = "loose", skip_serializing_if = "Option::is_none")]
    pub(crate) total_duration: Option<Number>,
    #[serde(deserialize_with = "loose", skip_serializing_if = "Option::is_none")]
    pub(crate) load_duration: Option<Number>,
    #[serde(deserialize_with = "loose", skip_serializing_if = "Option::is_none")]
    pub(crate) prompt_eval_count: Option<Number>,
    #[serde(deserialize_with = "loose", skip_serializing_if = "Option::is_none")]
    pub(crate) prompt_eval_duration: Option<Number>,
    #[serde(deserialize_with = "loose", skip_serializing_if = "Option::is_none")]
    pub(crate) eval_count: Option<Number>,
    #[serde(deserialize_with = "loose", skip_serializing_if = "Option::is_none")]
    pub(crate) eval_duration: Option<Number>,
}

impl Metrics {
    /// Counts as tokens; timings, in nanoseconds, under their own names in `extra`.
    pub(crate) fn decode(self) -> Usage {
        let mut usage = Usage::default();
        usage.input = self.prompt_eval_count.as_ref().and_then(whole);
        usage.output = self.eval_count.as_ref().and_then(whole);
        let mut keep = |name: &str, number: Option<Number>| {
            if let Some(number) = number {
                usage.extra.insert(name.to_owned(), Value::Number(number));
            }
        };
        keep("total_duration", self.total_duration);
        keep("load_duration", self.load_duration);
        keep("prompt_eval_duration", self.prompt_eval_duration);
        keep("eval_duration", self.eval_duration);
        usage
    }

    /// The inverse of [`decode`](Self::decode).
    pub(crate) fn encode(usage: &Usage) -> Self {
        let timing = |name: &str| number(&usage.extra, name);
        Self {
            total_duration: timing("total_duration"),
            load_duration: timing("load_duration"),
            prompt_eval_count: usage.input.map(Number::from),
            prompt_eval_duration: timing("prompt_eval_duration"),
            eval_count: usage.output.map(Number::from),
            eval_duration: timing("eval_duration"),
        }
    }
}

/// A number, whatever its form; anything else is absent, for an answer is worth more than its timings.
pub(crate) fn loose<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Number>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => Some(number),
        Value::String(digits) => digits.trim().parse::<u64>().ok().map(Number::from),
        _ => None,
    })
}

/// A count; a recorder may have written `12` as `12.0`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and small")]
fn whole(number: &Number) -> Option<u64> {
    let rounded = || number.as_f64().filter(|count| count.fract() == 0.0 && (0.0..1e15).contains(count));
    number.as_u64().or_else(|| rounded().map(|count| count as u64))
}

fn number(extra: &Map<String, Value>, name: &str) -> Option<Number> {
    match extra.get(name)? {
        Value::Number(number) => Some(number.clone()),
        _ => None,
    }
}

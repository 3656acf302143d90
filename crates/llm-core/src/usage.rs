//! Token usage in one meaning for all vendors.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cost::Component;

/// Tokens of one call. `None` is "not reported", which is not `Some(0)`.
///
/// Totals include their parts: `input` includes cached tokens, `output` includes reasoning tokens.
/// In a stream each usage is a snapshot that replaces the one before; snapshots are never added up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Usage {
    /// Every input token, cache reads and writes included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<u64>,
    /// Of `input`: read from the prompt cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<u64>,
    /// Of `input`: written to the prompt cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<u64>,
    /// Of `cache_write`: kept for an hour (Anthropic bills it apart).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<u64>,
    /// Of `input`: audio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_audio: Option<u64>,
    /// Of `input`: images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_image: Option<u64>,
    /// Every output token, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    /// Of `output`: reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
    /// Of `output`: audio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_audio: Option<u64>,
    /// Of `output`: images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_image: Option<u64>,
    /// Of `output`: accepted tokens of a predicted output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prediction_accepted: Option<u64>,
    /// Of `output`: rejected tokens of a predicted output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prediction_rejected: Option<u64>,
    /// What is billed and is no token: images, seconds of sound, characters, searches. What is not here was not reported.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub counted: BTreeMap<Component, u64>,
    /// What the vendor reported beside tokens (timings, counts of server tools, its own cost), as it came;
    /// in Loquat's own JSON, fields that this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Usage {
    /// Input and output tokens, the two that nearly every vendor reports.
    pub fn new(input: u64, output: u64) -> Self {
        Self { input: Some(input), output: Some(output), ..Self::default() }
    }

    /// True when the vendor reported no token count at all.
    pub fn is_unknown(&self) -> bool {
        self.input.is_none() && self.output.is_none()
    }

    /// True when the vendor reported nothing that is billed: no token count and nothing beside tokens.
    pub fn says_nothing(&self) -> bool {
        self.is_unknown() && self.counted.is_empty()
    }

    /// With so much of something that is billed and is no token. None of it is not worth a word.
    #[must_use]
    pub fn with_counted(mut self, component: Component, count: u64) -> Self {
        if count > 0 {
            *self.counted.entry(component).or_default() += count;
        }
        self
    }

    /// The tokens of two calls that made one answer. What only one of them reported counts as it is, and so does what
    /// stands beside tokens; where both say the same thing there, the later one is kept.
    #[must_use]
    pub fn with(&self, later: &Self) -> Self {
        let sum = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (a, b) => a.or(b),
        };
        let mut extra = self.extra.clone();
        extra.extend(later.extra.clone());
        let mut counted = self.counted.clone();
        for (component, count) in &later.counted {
            *counted.entry(*component).or_default() += count;
        }
        Self {
            input: sum(self.input, later.input),
            cache_read: sum(self.cache_read, later.cache_read),
            cache_write: sum(self.cache_write, later.cache_write),
            cache_write_1h: sum(self.cache_write_1h, later.cache_write_1h),
            input_audio: sum(self.input_audio, later.input_audio),
            input_image: sum(self.input_image, later.input_image),
            output: sum(self.output, later.output),
            reasoning: sum(self.reasoning, later.reasoning),
            output_audio: sum(self.output_audio, later.output_audio),
            output_image: sum(self.output_image, later.output_image),
            prediction_accepted: sum(self.prediction_accepted, later.prediction_accepted),
            prediction_rejected: sum(self.prediction_rejected, later.prediction_rejected),
            counted,
            extra,
        }
    }

    /// Input plus output, where both are known.
    pub fn total(&self) -> Option<u64> {
        self.input?.checked_add(self.output?)
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |tokens: Option<u64>| tokens.map_or_else(|| "?".to_owned(), |tokens| tokens.to_string());
        write!(f, "{} in, {} out", show(self.input), show(self.output))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_token_is_counted_by_its_name_and_added_up() {
        let usage = Usage::default().with_counted(Component::Image, 2).with_counted(Component::Request, 0);
        assert!(usage.is_unknown() && !usage.says_nothing());
        assert_eq!(serde_json::to_string(&usage).unwrap(), r#"{"counted":{"image":2}}"#);
        assert_eq!(serde_json::from_str::<Usage>(r#"{"counted":{"image":2}}"#).unwrap(), usage);
        assert_eq!(usage.with(&usage).counted[&Component::Image], 4);
    }
}

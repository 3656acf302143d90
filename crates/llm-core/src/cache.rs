//! What a caller asks of a response cache, and what the cache says of an answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a caller asks of the response cache for one request. A cache may do less than that, never more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CacheControl {
    /// `false`: neither look up nor store. `true`: look up and store even where answers differ from call to call.
    /// By the cache's own rules when `None`.
    #[serde(alias = "use-cache", skip_serializing_if = "Option::is_none")]
    pub use_cache: Option<bool>,
    /// Ask the vendor even if the answer is known; the new answer takes its place.
    #[serde(alias = "no-cache")]
    pub no_cache: bool,
    /// Do not keep the answer.
    #[serde(alias = "no-store")]
    pub no_store: bool,
    /// How long the answer may be kept, instead of the cache's own time; never longer than the cache's longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
    /// Requests of different namespaces never share an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Arc<str>>,
    /// How alike another question must be for its answer to be given, 0 to 1. It counts only above the cache's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarity: Option<f32>,
}

impl CacheControl {
    /// Neither look up nor store.
    pub fn off() -> Self {
        Self { use_cache: Some(false), ..Self::default() }
    }

    /// Look up and store, even where answers differ from call to call.
    pub fn on() -> Self {
        Self { use_cache: Some(true), ..Self::default() }
    }

    /// Ask the vendor, and keep the answer in the place of the old one.
    pub fn refresh() -> Self {
        Self { no_cache: true, ..Self::default() }
    }

    /// With how long the answer may be kept.
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Do not keep the answer.
    pub fn without_store(mut self) -> Self {
        self.no_store = true;
        self
    }

    /// Share answers only with requests of this namespace.
    pub fn with_namespace(mut self, namespace: impl Into<Arc<str>>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// With how alike another question must be.
    pub fn with_similarity(mut self, similarity: f32) -> Self {
        self.similarity = Some(similarity);
        self
    }
}

/// What the response cache did for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CacheStatus {
    /// The answer was known.
    Hit,
    /// The answer to a question of nearly the same words was known.
    Similar,
    /// The same request was being answered already; this is its answer too.
    Joined,
    /// It was not known, and is now if it could be kept.
    Miss,
    /// The cache was not asked.
    Bypass,
}

impl CacheStatus {
    /// The status in one stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Similar => "similar",
            Self::Joined => "joined",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }

    /// Whether the answer cost nothing because it was, or is, another request's.
    pub const fn is_free(self) -> bool {
        matches!(self, Self::Hit | Self::Similar | Self::Joined)
    }
}

impl fmt::Display for CacheStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_read_in_both_spellings_and_a_wrong_one_is_an_error() {
        let control: CacheControl = serde_json::from_str(r#"{"no-cache": true, "no_store": true}"#).unwrap();
        assert_eq!(control, CacheControl::refresh().without_store());
        assert!(serde_json::from_str::<CacheControl>(r#"{"nocache": true}"#).is_err());
    }
}

//! The response cache, as it is configured.

use std::time::Duration;

use llm_cache::{CachePolicy, Eviction};
use llm_core::{Secret, duration_text};
use serde::Deserialize;

/// Where answers are kept, which, and for how long. Without the table nothing is cached.
///
/// ```toml
/// [cache]
/// store = "redis"                  # memory (default), disk, redis
/// secret = "env:CACHE_SECRET"      # 16 bytes or more, the same for all replicas
/// ttl = "24h"
///
/// [cache.semantic]                 # the answers to similar questions, too
/// model = "openai/text-embedding-3-small"
/// threshold = 0.95
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CacheConfig {
    /// `false`: nothing is cached, whatever stands beside it. Default true.
    pub enabled: Option<bool>,
    /// Where answers are kept.
    pub store: CacheStore,
    /// Most answers in memory. Default 50,000 where `max_bytes` says nothing.
    pub max_entries: Option<u64>,
    /// Most bytes, in memory in place of a number of answers, or on disk (default 1 GiB).
    pub max_bytes: Option<u64>,
    /// Which answer goes when the memory is full.
    pub eviction: EvictionName,
    /// Whose answers a request may be given.
    pub scope: CacheScope,
    /// How long an answer is good. Default an hour.
    #[serde(with = "duration_text::option")]
    pub ttl: Option<Duration>,
    /// The longest time that a caller may ask for. Default a day.
    #[serde(with = "duration_text::option")]
    pub max_ttl: Option<Duration>,
    /// Requests with a higher temperature are not cached unless their caller says so. Default 0.3.
    pub max_temperature: Option<f64>,
    /// Whether requests that name no temperature are cached. Default no: vendors' own is about 1.
    pub unset_temperature: bool,
    /// Whether answers that call tools are cached. Default no.
    pub tool_calls: bool,
    /// Longest answer that is kept, in bytes. Default 1 MiB.
    pub max_answer: Option<usize>,
    /// What keys and values are protected by outside the process: 16 bytes or more, or `env:NAME`, or `file:PATH`. Redis
    /// needs one that all replicas have; a disk has one of its own in `state_dir`.
    pub secret: Option<Secret>,
    /// Answers to similar questions. Default: only to the very same.
    pub semantic: Option<SemanticConfig>,
}

/// Where answers are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CacheStore {
    /// In this process.
    #[default]
    Memory,
    /// In a file in `state_dir`, for one process.
    Disk,
    /// On the server of `[shared]`, for all replicas.
    Redis,
}

/// Which answer goes when the memory is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EvictionName {
    /// One that is asked for less often than the new one.
    #[default]
    LeastUsed,
    /// The one that was not asked for the longest.
    LeastRecent,
}

/// Whose answers a request may be given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CacheScope {
    /// Those of the same tenant. Requests without a tenant, as in a program that has none, are one more tenant.
    #[default]
    Tenant,
    /// Everybody's.
    Shared,
}

/// How similar questions are found.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SemanticConfig {
    /// What makes the embeddings: `provider/model`, or a route.
    pub model: String,
    /// The least cosine of two questions that one answer serves, from 0 to 1. Default 0.95. Callers can ask for more, never
    /// for less.
    #[serde(default)]
    pub threshold: Option<f32>,
    /// Most questions that are remembered. Default 10,000.
    #[serde(default)]
    pub max_entries: Option<usize>,
}

/// The response cache for the requests of one route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RouteCacheConfig {
    /// `false`: not at all. `true`: also where answers differ from call to call. By the cache's rules when left out.
    pub enabled: Option<bool>,
    /// How long its answers are good.
    #[serde(with = "duration_text::option")]
    pub ttl: Option<Duration>,
}

impl CacheConfig {
    /// In memory, with every default.
    pub fn memory() -> Self {
        Self::default()
    }

    /// With how long an answer is good.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    pub(crate) fn policy(&self) -> CachePolicy {
        let mut policy = CachePolicy::default();
        if let Some(ttl) = self.ttl {
            policy = policy.with_ttl(ttl);
        }
        policy.max_ttl = self.max_ttl.unwrap_or(policy.max_ttl).max(policy.ttl);
        policy.max_temperature = self.max_temperature.unwrap_or(policy.max_temperature);
        policy.without_temperature = self.unset_temperature;
        policy.tool_calls = self.tool_calls;
        policy.max_bytes = self.max_answer.unwrap_or(policy.max_bytes);
        policy
    }
}

impl From<EvictionName> for Eviction {
    fn from(name: EvictionName) -> Self {
        match name {
            EvictionName::LeastUsed => Self::LeastUsed,
            EvictionName::LeastRecent => Self::LeastRecent,
        }
    }
}

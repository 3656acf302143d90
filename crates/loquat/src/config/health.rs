//! Whether targets are asked how they are, and how.

use std::time::Duration;

use llm_core::duration_text;
use llm_router::{ProbeKind, ProbePolicy};
use serde::Deserialize;

/// Whether targets are asked how they are, and how: `health = { probe = "models", interval = "30s" }`.
///
/// What calls come to always counts; probes are for targets that nobody calls.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HealthConfig {
    /// What is asked: nothing (`none`, the default, also `passive`), the list of models (`models`), or a chat of one token
    /// (`chat`), which costs money at most vendors.
    pub probe: ProbeKind,
    /// How often. Default 30 s.
    #[serde(with = "duration_text")]
    pub interval: Duration,
    /// How long an answer may take. Default 10 s.
    #[serde(with = "duration_text")]
    pub timeout: Duration,
}

impl Default for HealthConfig {
    fn default() -> Self {
        let policy = ProbePolicy::default();
        Self { probe: policy.kind, interval: policy.interval, timeout: policy.timeout }
    }
}

impl HealthConfig {
    pub(crate) fn policy(&self) -> ProbePolicy {
        let mut policy = ProbePolicy::default();
        (policy.kind, policy.interval, policy.timeout) = (self.probe, self.interval, self.timeout);
        policy
    }
}

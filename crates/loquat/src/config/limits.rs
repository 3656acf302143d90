//! Limits that no single provider has.

use llm_resilience::{LimitPolicy, ShedPolicy};
use serde::Deserialize;

/// Limits of the process, of tenants and of every target, and what is refused first under load.
///
/// What one account allows stands at its provider ([`ProviderConfig::limits`](super::ProviderConfig::limits)).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LimitsConfig {
    /// Everything that this process does.
    pub process: Option<LimitPolicy>,
    /// Each tenant.
    pub tenant: Option<LimitPolicy>,
    /// Each target.
    pub target: Option<LimitPolicy>,
    /// What is refused first under load.
    pub shed: Option<ShedPolicy>,
}

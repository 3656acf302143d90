//! What gates keep to.

use std::sync::Arc;

use llm_core::Target;
use serde::{Deserialize, Serialize};

use crate::breaker::BreakerPolicy;
use crate::cooldown::CoolDownPolicy;
use crate::limit::{LimitPolicy, LimitScope};

/// What the gates of some targets keep to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct GateSettings {
    /// When a target that fails is left alone.
    pub breaker: BreakerPolicy,
    /// How long a key that a vendor refused is left alone.
    pub cool_down: CoolDownPolicy,
    /// What each target allows. Limits that several targets, tenants or keys share are set at
    /// [`Gates::limits`](crate::Gates::limits).
    pub limits: LimitPolicy,
}

impl GateSettings {
    /// With another breaker.
    pub fn with_breaker(mut self, breaker: BreakerPolicy) -> Self {
        self.breaker = breaker;
        self
    }

    /// With other cool-downs.
    pub fn with_cool_down(mut self, cool_down: CoolDownPolicy) -> Self {
        self.cool_down = cool_down;
        self
    }

    /// With limits.
    pub fn with_limits(mut self, limits: LimitPolicy) -> Self {
        self.limits = limits;
        self
    }
}

/// Whose gates are meant. The narrower wins: a target's settings over its provider's, those over everybody's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GateScope {
    /// Everybody's.
    All,
    /// Those of all models of a provider.
    Provider(Arc<str>),
    /// That of one target.
    Target(Target),
}

impl GateScope {
    /// The same targets, each with limits of its own.
    pub(super) fn limits(&self) -> LimitScope {
        match self {
            Self::All => LimitScope::EachTarget,
            Self::Provider(provider) => LimitScope::EachTargetOf(provider.clone()),
            Self::Target(target) => LimitScope::Target(target.clone()),
        }
    }

    /// Whether `target` is meant.
    pub fn covers(&self, target: &Target) -> bool {
        match self {
            Self::All => true,
            Self::Provider(provider) => *provider == target.provider,
            Self::Target(one) => one == target,
        }
    }
}

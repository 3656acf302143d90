//! A route: a public model name, the targets behind it, and the strategy that orders them.

use std::fmt;
use std::sync::Arc;

use crate::strategy::{Strategy, StrategyKind};
use crate::target::TargetSpec;

/// A public model name and the targets behind it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Route {
    /// The name that requests use.
    pub name: String,
    /// Other names that mean the same.
    pub aliases: Vec<String>,
    /// How the targets are ordered. Default [`Priority`](crate::Priority): as listed.
    pub strategy: Arc<dyn Strategy>,
    /// The targets.
    pub targets: Vec<TargetSpec>,
    /// Who steps in after all of them, in this order: the strategy does not choose among these.
    pub fallback: Vec<TargetSpec>,
}

impl Route {
    /// A route to these targets.
    pub fn new(name: impl Into<String>, targets: impl IntoIterator<Item = impl Into<TargetSpec>>) -> Self {
        Self {
            name: name.into(),
            aliases: Vec::new(),
            strategy: StrategyKind::default().strategy(),
            targets: targets.into_iter().map(Into::into).collect(),
            fallback: Vec::new(),
        }
    }

    /// With those who step in after all targets, in this order.
    pub fn with_fallback(mut self, fallback: impl IntoIterator<Item = impl Into<TargetSpec>>) -> Self {
        self.fallback = fallback.into_iter().map(Into::into).collect();
        self
    }

    /// With one more name.
    pub fn with_alias(mut self, alias: impl Into<String>) -> Self {
        self.aliases.push(alias.into());
        self
    }

    /// With a built-in strategy.
    pub fn with_strategy(self, strategy: StrategyKind) -> Self {
        self.with_own_strategy(strategy.strategy())
    }

    /// With a strategy of your own.
    pub fn with_own_strategy(mut self, strategy: Arc<dyn Strategy>) -> Self {
        self.strategy = strategy;
        self
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("name", &self.name)
            .field("aliases", &self.aliases)
            .field("strategy", &self.strategy.name())
            .field("targets", &self.targets)
            .field("fallback", &self.fallback)
            .finish()
    }
}

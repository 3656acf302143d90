//! A route: a public model name, the targets behind it, and the strategy that orders them.

use std::sync::Arc;

use crate::strategy::{Strategy, StrategySpec};
use crate::target::TargetSpec;

/// A public model name and the targets behind it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Route {
    /// The name that requests use.
    pub name: String,
    /// Other names that mean the same.
    pub aliases: Vec<String>,
    /// How the targets are ordered. Default [`Priority`](crate::Priority): as listed.
    pub strategy: StrategySpec,
    /// The targets.
    pub targets: Vec<TargetSpec>,
    /// Targets that are known to be worse are not asked, from 0 to 1.
    pub min_quality: Option<f64>,
    /// Who steps in after all of them, in this order: the strategy does not choose among these. The name of another route
    /// stands for its targets.
    pub fallback: Vec<TargetSpec>,
}

impl Route {
    /// A route to these targets.
    pub fn new(name: impl Into<String>, targets: impl IntoIterator<Item = impl Into<TargetSpec>>) -> Self {
        Self {
            name: name.into(),
            aliases: Vec::new(),
            strategy: StrategySpec::Priority,
            targets: targets.into_iter().map(Into::into).collect(),
            min_quality: None,
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

    /// With a built-in strategy: a [`StrategyKind`](crate::StrategyKind), or one with settings.
    pub fn with_strategy(mut self, strategy: impl Into<StrategySpec>) -> Self {
        self.strategy = strategy.into();
        self
    }

    /// With a strategy of your own.
    pub fn with_own_strategy(self, strategy: Arc<dyn Strategy>) -> Self {
        self.with_strategy(strategy)
    }

    /// Without targets that are known to be worse.
    pub fn with_min_quality(mut self, least: f64) -> Self {
        self.min_quality = Some(least);
        self
    }
}

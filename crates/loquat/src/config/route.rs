//! A route as it is configured.

use std::time::Duration;

use llm_core::{Error, ErrorKind, duration_text};
use llm_resilience::{FallbackPolicy, HedgePolicy, RetryPolicy, StreamPolicy, TimeoutProfile};
use llm_router::{Adaptive, BudgetPressure, ByComplexity, Strategy as _, StrategySpec, TargetSpec, Tasks};
use serde::Deserialize;

use super::strategy::StrategyName;
use super::{Defaults, QualityGateConfig};

/// A route: a public model name and the targets behind it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RouteConfig {
    /// The name that requests use.
    pub name: String,
    /// Other names that mean the same.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// How the targets are ordered: `priority`, `manual`, `weighted`, `cost`, `latency`, `fastest`, `quality`, `least_busy`,
    /// `task`, `complexity`, `budget_pressure`, `adaptive`, or one that a linked crate registered. Default `priority`: as listed, the
    /// first is the primary, the others step in.
    #[serde(default)]
    pub strategy: Option<StrategyName>,
    /// Who does which task, for the strategy `task`.
    #[serde(default)]
    pub tasks: Option<Tasks>,
    /// Who is asked for simple, medium and complex requests, for the strategy `complexity`.
    #[serde(default)]
    pub complexity: Option<ByComplexity>,
    /// Who is asked while there is money and when there is little, for the strategy `budget_pressure`.
    #[serde(default)]
    pub budget_pressure: Option<BudgetPressure>,
    /// What counts for the strategy `adaptive`, and how much it may try out.
    #[serde(default)]
    pub adaptive: Option<Adaptive>,
    /// Targets whose quality is known to be lower are not asked, from 0 to 1.
    #[serde(default)]
    pub min_quality: Option<f64>,
    /// The targets, as `provider/model` or as tables with settings; `[[model.target]]` reads well for those.
    #[serde(default, alias = "target")]
    pub targets: Vec<TargetSpec>,
    /// Who steps in after these targets: names of routes or targets, in order.
    #[serde(default)]
    pub fallback: Vec<String>,
    /// [`Defaults::timeout`](super::Defaults::timeout) of this route.
    #[serde(default, with = "duration_text::option")]
    pub timeout: Option<Duration>,
    /// [`Defaults::attempt_timeout`](super::Defaults::attempt_timeout) of this route.
    #[serde(default, with = "duration_text::option")]
    pub attempt_timeout: Option<Duration>,
    /// [`Defaults::first_token_timeout`](super::Defaults::first_token_timeout) of this route.
    #[serde(default, with = "duration_text::option")]
    pub first_token_timeout: Option<Duration>,
    /// [`Defaults::idle_timeout`](super::Defaults::idle_timeout) of this route.
    #[serde(default, with = "duration_text::option")]
    pub idle_timeout: Option<Duration>,
    /// [`Defaults::timeout_profile`](super::Defaults::timeout_profile) of this route.
    #[serde(default)]
    pub timeout_profile: Option<TimeoutProfile>,
    /// [`Defaults::retry`](super::Defaults::retry) of this route.
    #[serde(default)]
    pub retry: Option<RetryPolicy>,
    /// [`Defaults::stream`](super::Defaults::stream) of this route.
    #[serde(default)]
    pub stream: Option<StreamPolicy>,
    /// [`Defaults::hedge`](super::Defaults::hedge) of this route.
    #[serde(default)]
    pub hedge: Option<HedgePolicy>,
    /// [`Defaults::fall_over`](super::Defaults::fall_over) of this route.
    #[serde(default)]
    pub fall_over: Option<FallbackPolicy>,
    /// How good an answer must be. Default: any is good enough.
    #[serde(default)]
    pub quality_gate: Option<QualityGateConfig>,
    /// [`Defaults::canned_answer`](super::Defaults::canned_answer) of this route.
    #[serde(default)]
    pub canned_answer: Option<String>,
    /// [`Config::prompt`](super::Config::prompt) of this route, for requests that name it.
    #[cfg(feature = "prompt")]
    #[serde(default)]
    pub prompt: Option<super::PromptConfig>,
    /// The response cache for its requests. By the cache's own rules when left out, and not at all while an experiment
    /// compares its targets.
    #[cfg(feature = "cache")]
    #[serde(default)]
    pub cache: Option<super::RouteCacheConfig>,
}

impl RouteConfig {
    /// What this route and `defaults` say together of how its requests are driven.
    pub(crate) fn conduct(&self, defaults: &Defaults) -> Defaults {
        Defaults {
            timeout: self.timeout.or(defaults.timeout),
            attempt_timeout: self.attempt_timeout.or(defaults.attempt_timeout),
            first_token_timeout: self.first_token_timeout.or(defaults.first_token_timeout),
            idle_timeout: self.idle_timeout.or(defaults.idle_timeout),
            timeout_profile: self.timeout_profile.or(defaults.timeout_profile),
            retry: self.retry.clone().or_else(|| defaults.retry.clone()),
            stream: self.stream.clone().or_else(|| defaults.stream.clone()),
            hedge: self.hedge.clone().or_else(|| defaults.hedge.clone()),
            fall_over: self.fall_over.clone().or_else(|| defaults.fall_over.clone()),
            canned_answer: self.canned_answer.clone().or_else(|| defaults.canned_answer.clone()),
            ..Defaults::default()
        }
    }

    /// Its strategy with its settings.
    pub(crate) fn strategy(&self) -> Result<StrategySpec, Error> {
        let wrong = |what: String| Error::new(ErrorKind::Config, format!("reading {}.strategy: {what}", self.place()));
        let settings: Vec<(&str, StrategySpec)> = [
            self.tasks.clone().map(|tasks| ("task", tasks.into())),
            self.complexity.clone().map(|complexity| ("complexity", complexity.into())),
            self.budget_pressure.clone().map(|pressure| ("budget_pressure", pressure.into())),
            self.adaptive.map(|adaptive| ("adaptive", adaptive.into())),
        ]
        .into_iter()
        .flatten()
        .collect();
        let asked = self.strategy.as_ref().map(StrategyName::spec);
        match (&*settings, asked) {
            ([], asked) => Ok(asked.unwrap_or(StrategySpec::Priority)),
            ([(of, spec)], asked) if asked.as_ref().is_none_or(|asked| asked.name() == *of) => Ok(spec.clone()),
            ([(of, _), ..], asked) => {
                let name = asked.as_ref().map_or("no strategy", |asked| asked.name());
                Err(wrong(format!("settings for {of} stand beside {name}: a route has one strategy")))
            }
        }
    }

    /// Where it stands in the configuration, for messages.
    pub(crate) fn place(&self) -> String {
        format!("model.{}", self.name)
    }

    /// Whether it says anything of the times of an attempt.
    pub(crate) fn has_timers(&self) -> bool {
        self.attempt_timeout.or(self.first_token_timeout).or(self.idle_timeout).is_some()
    }

    /// A route by priority.
    pub fn new(name: impl Into<String>, targets: impl IntoIterator<Item = impl Into<TargetSpec>>) -> Self {
        let targets = targets.into_iter().map(Into::into).collect();
        Self {
            name: name.into(),
            aliases: Vec::new(),
            strategy: None,
            tasks: None,
            complexity: None,
            budget_pressure: None,
            adaptive: None,
            min_quality: None,
            targets,
            fallback: Vec::new(),
            timeout: None,
            attempt_timeout: None,
            first_token_timeout: None,
            idle_timeout: None,
            timeout_profile: None,
            retry: None,
            stream: None,
            hedge: None,
            fall_over: None,
            quality_gate: None,
            canned_answer: None,
            #[cfg(feature = "prompt")]
            prompt: None,
            #[cfg(feature = "cache")]
            cache: None,
        }
    }
}

//! Building a router: every name is resolved and every problem found before the first request.

use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use llm_core::{Error, ErrorKind, Provider, TargetStates, Timeouts, TokenEstimator};

use crate::classify::Classifier;
use crate::experiment::Experiments;
use crate::money::{BudgetLeft, Prices};
use crate::ready::{Known, Providers};
use crate::route::Route;
use crate::router::Router;
use crate::rule::Rule;
use crate::sources::Sources;
use crate::stats::StatsView;
use crate::strategy::Beliefs;
use crate::table::{Names, Table};

/// Builds a [`Router`].
#[derive(Default)]
pub struct Builder {
    providers: Vec<Known>,
    names: Names,
    sources: Sources,
}

impl Builder {
    /// With a provider: requests may name `its id/any model`.
    pub fn provider(mut self, provider: Arc<dyn Provider>) -> Self {
        self.providers.push(Known::new(provider.id().into(), provider, None));
        self
    }

    /// With a provider that has a default model: its id alone is a name, too.
    pub fn provider_with_model(mut self, provider: Arc<dyn Provider>, model: impl Into<Arc<str>>) -> Self {
        self.providers.push(Known::new(provider.id().into(), provider, Some(model.into())));
        self
    }

    /// With a route.
    pub fn route(mut self, route: Route) -> Self {
        self.names.routes.push(route);
        self
    }

    /// With a rule. The first that is for a request says which model is meant.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.names.rules.push(rule);
        self
    }

    /// With the longest time of an attempt at any target of a provider that was added before, and the timers inside it.
    pub fn provider_timeout(mut self, id: &str, timeout: Duration, timeouts: Timeouts) -> Self {
        for known in self.providers.iter_mut().filter(|known| *known.id == *id) {
            (known.timeout, known.timeouts) = (Some(timeout), Some(timeouts));
        }
        self
    }

    /// With a provider that there could be: whoever names it is told what to do (`set OPENAI_API_KEY`).
    pub fn unconfigured(mut self, id: impl Into<String>, how: impl Into<String>) -> Self {
        self.names.unconfigured.insert(id.into(), how.into());
        self
    }

    /// With another name for a route, for `provider/model`, for a provider with a default model, or for an alias.
    pub fn alias(mut self, alias: impl Into<String>, means: impl Into<String>) -> Self {
        self.names.aliases.push((alias.into(), means.into()));
        self
    }

    /// With what answers requests that name no model: any name a request could use.
    pub fn default_model(mut self, name: impl Into<String>) -> Self {
        self.names.default = Some(name.into());
        self
    }

    /// With who knows which targets take requests and how busy they are: the driver's gates.
    pub fn states(mut self, states: Arc<dyn TargetStates>) -> Self {
        self.sources.states = Some(states);
        self
    }

    /// With what was seen of the targets.
    pub fn stats(mut self, stats: Arc<dyn StatsView>) -> Self {
        self.sources.stats = Some(stats);
        self
    }

    /// With a price table. What a [`TargetSpec`](crate::TargetSpec) says goes before it.
    pub fn prices(mut self, prices: Arc<dyn Prices>) -> Self {
        self.sources.prices = Some(prices);
        self
    }

    /// With who knows what is left of budgets.
    pub fn budget(mut self, budget: Arc<dyn BudgetLeft>) -> Self {
        self.sources.budget = Some(budget);
        self
    }

    /// With what was learned of the targets, for adaptive routes.
    pub fn beliefs(mut self, beliefs: Arc<dyn Beliefs>) -> Self {
        self.sources.beliefs = Some(beliefs);
        self
    }

    /// With experiments and shadows. Their targets are resolved now: configure them before.
    pub fn experiments(mut self, experiments: Experiments) -> Self {
        self.sources.experiments = Some(experiments);
        self
    }

    /// With another estimate of tokens. Default [`BytesEstimator`](llm_core::BytesEstimator).
    pub fn estimator(mut self, estimator: Arc<dyn TokenEstimator>) -> Self {
        self.sources.estimator = estimator;
        self
    }

    /// With another way to tell how hard requests are. Default [`ByForm`](crate::ByForm).
    pub fn classifier(mut self, classifier: Arc<dyn Classifier>) -> Self {
        self.sources.classifier = classifier;
        self
    }

    /// With another clock. Default tokio's, which is the one of drivers and stands still in simulations.
    pub fn clock(mut self, clock: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        self.sources.clock = Arc::new(clock);
        self
    }

    /// With another source of chance: called once for each plan that depends on it. Default: random.
    pub fn seeds(mut self, seeds: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.sources.seeds = Arc::new(seeds);
        self
    }

    /// The router. All problems are found at once and told in one error.
    pub fn build(self) -> Result<Router, Error> {
        let mut problems = Vec::new();
        let mut providers = Providers::new();
        for known in self.providers {
            if let Some(other) = providers.insert(known.id.clone(), known) {
                problems.push(format!("two providers have the id {:?}: give one of them another id", other.id));
            }
        }
        let table = Table::build(&Arc::new(providers), &self.sources, self.names, &mut problems);
        if !problems.is_empty() {
            return Err(Error::new(ErrorKind::Config, problems.join("; ")));
        }
        Ok(Router { sources: self.sources, table: RwLock::new(Arc::new(table)), changing: Mutex::new(()) })
    }
}

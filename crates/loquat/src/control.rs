//! What an operator does to a running client: breakers by hand, feedback, and a look at targets and experiments.

use std::sync::Arc;

use llm_core::{Error, Provider, Target};
use llm_resilience::{GateStatus, KeyStatus, Keys};
use llm_router::{ExperimentResults, Feedback, TargetStats};
use serde::Serialize;
use tokio::time::Instant;

use crate::client::Client;
use crate::configured::Configured;

/// What is known of one target.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TargetReport {
    /// Which.
    pub target: Target,
    /// Its breaker, its load, what is left of its limits; `None` when it was never called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateStatus>,
    /// Its calls; `None` when it was never called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stats: Option<TargetStats>,
}

impl Client {
    /// What is known of every target that was called or that a route names, by name.
    pub fn targets(&self) -> Vec<TargetReport> {
        let learned = self.state();
        let now = Instant::now().into_std();
        let (mut gates, mut stats) = (learned.gates.statuses(), learned.stats.targets(now));
        // Those of addresses that callers chose are theirs.
        gates.retain(|gate| gate.endpoint.is_none());
        let named = self.router().routes().into_iter().flat_map(|(_, targets)| targets);
        let mut targets: Vec<Target> = gates.iter().map(|gate| gate.target.clone()).chain(named).collect();
        targets.extend(stats.iter().map(|stats| stats.target.clone()));
        targets.sort_unstable();
        targets.dedup();
        let report = |target: Target| TargetReport {
            gate: gates.iter().position(|gate| gate.target == target).map(|at| gates.swap_remove(at)),
            stats: stats.iter().position(|stats| stats.target == target).map(|at| stats.swap_remove(at)),
            target,
        };
        targets.into_iter().map(report).collect()
    }

    /// The keys of each provider that has several, or whose keys may change: which they are, where they come from, and where
    /// they are left alone and for how long. No key is shown.
    pub fn keys(&self) -> Vec<KeyStatus> {
        let providers = self.providers();
        providers.iter().filter_map(|provider| provider.keys.as_ref()).flat_map(Keys::statuses).collect()
    }

    /// One more provider from now on: a model of your own ([`function`](crate::function)), or one that a plugin built.
    /// Requests may name `its id/any model`. One with the same id is replaced; requests under way stay with it.
    pub fn register(&self, provider: Arc<dyn Provider>) -> Result<(), Error> {
        let mut providers = self.providers_mut();
        self.router().set_provider(self.around(provider.clone()), None)?;
        let id: Arc<str> = provider.id().into();
        let others = providers.iter().filter(|other| other.id != id).cloned();
        *providers = others
            .chain([Configured { id: id.clone(), plugin: None, provider, keys: None, tls: false, unmeant: false }])
            .collect();
        Ok(())
    }

    /// Says how good an answer was, by the name of its call: statistics, experiments and learning strategies take it in.
    ///
    /// The last 10,000 answers are known; feedback about another one is an error.
    pub fn feedback(&self, feedback: &Feedback) -> Result<(), Error> {
        self.state().quality.feedback(feedback, Instant::now().into_std())
    }

    /// What the experiments came to so far.
    pub fn experiments(&self) -> Vec<ExperimentResults> {
        self.state().experiments.all_results(Instant::now().into_std())
    }

    /// The response cache, where there is one: what it did, how much it holds, and a way to clear it.
    #[cfg(feature = "cache")]
    pub fn cache(&self) -> Option<llm_cache::Cache> {
        self.state().cached.cache()
    }

    /// Forgets what the breaker of a target holds against it.
    pub fn reset_breaker(&self, target: &Target) {
        self.state().gates.reset(target);
    }

    /// Sends nothing to a target until its breaker is reset or closed by force.
    pub fn isolate(&self, target: &Target) {
        self.state().gates.isolate(target);
    }

    /// Sends to a target whatever its calls come to, until its breaker is reset.
    pub fn force_close(&self, target: &Target) {
        self.state().gates.force_close(target);
    }
}

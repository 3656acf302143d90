//! Building a driver.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use llm_core::{PlanTarget, Planner, Provider};

use super::Resilient;
use super::fallback::FallbackPolicy;
use crate::retry::RetryPolicy;
use crate::settings::Settings;
use crate::timeout::TimeoutPolicy;

/// Builds a [`Resilient`] provider.
pub struct Builder {
    id: Arc<str>,
    targets: Vec<PlanTarget>,
    planner: Option<Arc<dyn Planner>>,
    settings: Settings,
    routes: HashMap<Arc<str>, Settings>,
    seed: Option<u64>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            id: "resilient".into(),
            targets: Vec::new(),
            planner: None,
            settings: Settings::default(),
            routes: HashMap::new(),
            seed: None,
        }
    }
}

impl Builder {
    /// With one more target: the first is asked first, the others step in, in this order.
    pub fn target(mut self, provider: Arc<dyn Provider>, model: impl Into<Arc<str>>) -> Self {
        self.targets.push(PlanTarget::new(provider, model));
        self
    }

    /// With one more target that has timers of its own.
    pub fn plan_target(mut self, target: PlanTarget) -> Self {
        self.targets.push(target);
        self
    }

    /// With plans of a router, instead of a fixed list of targets.
    pub fn planner(mut self, planner: Arc<dyn Planner>) -> Self {
        self.planner = Some(planner);
        self
    }

    /// With other settings for all requests but those of routes with their own.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// With settings for the requests of one route ([`Plan::route`](llm_core::Plan::route)), instead of those for all.
    pub fn route_settings(mut self, route: impl Into<Arc<str>>, settings: Settings) -> Self {
        self.routes.insert(route.into(), settings);
        self
    }

    /// With other rules of retrying.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.settings.retry = retry;
        self
    }

    /// With other rules of falling over.
    pub fn fallback(mut self, fallback: FallbackPolicy) -> Self {
        self.settings.fallback = fallback;
        self
    }

    /// With other times for requests and attempts.
    pub fn timeouts(mut self, timeouts: TimeoutPolicy) -> Self {
        self.settings.timeouts = timeouts;
        self
    }

    /// With a text that is answered when every target failed, instead of an error.
    ///
    /// It stands in for failures of vendors, not for those of the request itself, its budget or its caller.
    /// The answer says in its warnings and its origin (`canned`) what it is; observers still see the error.
    pub fn canned_answer(mut self, text: impl Into<Arc<str>>) -> Self {
        self.settings.canned = Some(text.into());
        self
    }

    /// With random numbers that are the same in every run, for tests and replays.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// With a name of its own as a provider. Default `resilient`.
    pub fn id(mut self, id: impl Into<Arc<str>>) -> Self {
        self.id = id.into();
        self
    }

    /// The driver, as a provider.
    pub fn build(self) -> Arc<dyn Provider> {
        let planner = self.planner.unwrap_or_else(|| {
            let list: Arc<[PlanTarget]> = self.targets.into();
            Arc::new(list)
        });
        Arc::new(Resilient::new(self.id, planner, self.settings, self.routes, self.seed))
    }
}

impl Resilient {
    pub(crate) fn new(
        id: Arc<str>,
        planner: Arc<dyn Planner>,
        settings: Settings,
        routes: HashMap<Arc<str>, Settings>,
        seed: Option<u64>,
    ) -> Self {
        let mut random = seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        let ids = AtomicU64::new(random.fork().u64(..));
        Self { id, planner, settings, routes, random: Mutex::new(random), ids }
    }
}

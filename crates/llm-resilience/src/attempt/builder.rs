//! Building a driver.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::{Arc, Mutex};

use llm_core::{BytesEstimator, PlanTarget, Planner, Provider, TokenEstimator};

use super::fallback::FallbackPolicy;
use super::{Driver, Resilient};
use crate::gate::Gates;
use crate::learned::Learned;
use crate::retry::RetryPolicy;
use crate::settings::Settings;
use crate::timeout::TimeoutPolicy;

/// Builds a [`Resilient`] provider.
pub struct Builder {
    id: Arc<str>,
    targets: Vec<PlanTarget>,
    planner: Option<Arc<dyn Planner>>,
    settings: Settings,
    routes: HashMap<Arc<str>, Arc<Settings>>,
    gates: Option<Gates>,
    learned: Learned,
    estimator: Arc<dyn TokenEstimator>,
    max_shadows: u32,
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
            gates: None,
            learned: Learned::default(),
            estimator: Arc::new(BytesEstimator),
            max_shadows: 16,
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
        self.routes.insert(route.into(), Arc::new(settings));
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

    /// With breakers, limits and cool-downs before its targets. Default: none.
    ///
    /// Give the same gates to the driver that is built next, and to a router, so that all know what one learned.
    pub fn gates(mut self, gates: Gates) -> Self {
        self.gates = Some(gates);
        self
    }

    /// With what drivers before it learned. Default: nothing yet.
    pub fn learned(mut self, learned: Learned) -> Self {
        self.learned = learned;
        self
    }

    /// With another way to guess the tokens of a request, for limits of tokens. Default: from the length of its texts.
    pub fn estimator(mut self, estimator: Arc<dyn TokenEstimator>) -> Self {
        self.estimator = estimator;
        self
    }

    /// With so many shadows ([`Plan::shadow`](llm_core::Plan::shadow)) at a time; further ones are left out. Default 16.
    pub fn max_shadows(mut self, max_shadows: u32) -> Self {
        self.max_shadows = max_shadows;
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
    pub fn build(mut self) -> Arc<dyn Provider> {
        let list = std::mem::take(&mut self.targets);
        let planner = self.planner.take().unwrap_or_else(|| Arc::new(Arc::<[PlanTarget]>::from(list)));
        Arc::new(self.driver(planner))
    }

    /// The driver over this planner.
    pub(crate) fn driver(self, planner: Arc<dyn Planner>) -> Resilient {
        let mut random = self.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        let ids = AtomicU64::new(random.fork().u64(..));
        Resilient::new(Driver {
            id: self.id,
            planner,
            settings: Arc::new(self.settings),
            routes: self.routes,
            gates: self.gates,
            learned: self.learned,
            estimator: self.estimator,
            shadows: Arc::new(AtomicU32::new(self.max_shadows)),
            random: Mutex::new(random),
            ids,
        })
    }
}

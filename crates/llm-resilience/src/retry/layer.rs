//! Retry around any single provider, as a layer.

use std::sync::Arc;

use llm_core::{Availability, Capabilities, Cx, Error, Layer, Plan, PlanTarget, Planner, Provider, Request};

use super::policy::RetryPolicy;
use crate::attempt::Resilient;
use crate::learned::Learned;
use crate::settings::Settings;
use crate::timeout::TimeoutPolicy;

/// Wraps one provider with the driver: retries, deadlines and the commit rule of streams, without fallback.
///
/// Drivers do not nest: a provider below this layer must not retry by itself, and a plan with several targets wants
/// one [`Resilient`] around them all, not a layer around each.
#[derive(Clone, Debug, Default)]
pub struct RetryLayer {
    settings: Settings,
    seed: Option<u64>,
    learned: Learned,
}

impl RetryLayer {
    /// A layer with these rules and the default times.
    pub fn new(retry: RetryPolicy) -> Self {
        Self { settings: Settings::default().with_retry(retry), ..Self::default() }
    }

    /// With other times for requests and attempts.
    pub fn with_timeouts(mut self, timeouts: TimeoutPolicy) -> Self {
        self.settings.timeouts = timeouts;
        self
    }

    /// With random numbers that are the same in every run, for tests and replays.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

impl Layer for RetryLayer {
    fn layer(&self, inner: Arc<dyn Provider>) -> Arc<dyn Provider> {
        let mut builder =
            Resilient::builder().id(inner.id()).settings(self.settings.clone()).learned(self.learned.clone());
        if let Some(seed) = self.seed {
            builder = builder.seed(seed);
        }
        Arc::new(builder.driver(Arc::new(Single(inner))))
    }
}

/// Plans of one provider, for whatever model is asked.
struct Single(Arc<dyn Provider>);

impl Planner for Single {
    fn plan(&self, _cx: &Cx, request: &Request) -> Result<Plan, Error> {
        Ok(Plan::new([PlanTarget::new(self.0.clone(), request.model())]))
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        self.0.capabilities(model)
    }

    fn availability(&self) -> Availability {
        self.0.availability()
    }
}

//! The plan of a request: which targets may be called, in which order, and who decides that.
//!
//! A router makes plans and a driver carries them out; both know only these types, not each other.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::capability::{Availability, Capabilities};
use crate::cx::{Cx, Timeouts};
use crate::error::Error;
use crate::id::Target;
use crate::provider::Provider;
use crate::request::Request;

/// One place of a plan: a target, and the provider that answers for it. Cheap to clone.
#[derive(Clone)]
#[non_exhaustive]
pub struct PlanTarget {
    /// Who is called; its model is the one the provider is asked for.
    pub target: Target,
    /// What is called.
    pub provider: Arc<dyn Provider>,
    /// Longest time until an attempt here has its verdict (an answer, the first content of a stream, an error),
    /// instead of the driver's own.
    pub timeout: Option<Duration>,
    /// Timers of an attempt here, instead of the call's own ([`Cx::timeouts`]).
    pub timeouts: Option<Timeouts>,
    /// Where it runs (`eu`), as far as the operator said: a hedge goes to another place than the first call.
    pub region: Option<Arc<str>>,
    /// Its context window in tokens, where the operator knows better than the provider.
    pub context_window: Option<u64>,
}

impl PlanTarget {
    /// A model of a provider.
    pub fn new(provider: Arc<dyn Provider>, model: impl Into<Arc<str>>) -> Self {
        Self::of(Target::new(provider.id(), model), provider)
    }

    /// A target whose names are known already.
    pub fn of(target: Target, provider: Arc<dyn Provider>) -> Self {
        Self { target, provider, timeout: None, timeouts: None, region: None, context_window: None }
    }

    /// With a longest time until an attempt has its verdict.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// With its own timers, such as those for a model that reasons for minutes.
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }

    /// With this context window, in tokens, instead of what the provider says.
    pub fn with_context_window(mut self, tokens: u64) -> Self {
        self.context_window = Some(tokens);
        self
    }

    /// In this region.
    pub fn with_region(mut self, region: impl Into<Arc<str>>) -> Self {
        self.region = Some(region.into());
        self
    }
}

impl fmt::Debug for PlanTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PlanTarget").field(&format_args!("{}", self.target)).finish()
    }
}

/// The arm of an experiment that a request belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Arm {
    /// The experiment.
    pub experiment: Arc<str>,
    /// The arm.
    pub arm: Arc<str>,
}

/// What a planner decided for one request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Plan {
    /// The targets, best first.
    pub targets: Arc<[PlanTarget]>,
    /// The route behind the model name; `None` when the request names its target outright. A driver finds the settings
    /// of the request by it.
    pub route: Option<Arc<str>>,
    /// Why these targets in this order, in a few words.
    pub reason: Option<Arc<str>>,
    /// The arm of an experiment, where the request takes part in one.
    pub arm: Option<Arm>,
    /// The kind of request that this is to a strategy that learns: observers hear of it, so that what comes of the
    /// request is learned under the kind that it was planned by.
    pub kind: Option<Arc<str>>,
    /// Is asked the same beside the answer, for comparison only: its answer reaches nobody.
    pub shadow: Option<PlanTarget>,
}

impl Plan {
    /// These targets, best first.
    pub fn new(targets: impl Into<Arc<[PlanTarget]>>) -> Self {
        Self { targets: targets.into(), route: None, reason: None, arm: None, kind: None, shadow: None }
    }

    /// Of this route.
    pub fn with_route(mut self, route: impl Into<Arc<str>>) -> Self {
        self.route = Some(route.into());
        self
    }
}

/// Makes the plan of each request. A router is one, and so is a fixed list.
pub trait Planner: Send + Sync + 'static {
    /// The targets of this request, best first. Does no IO and does not wait.
    ///
    /// An error ends the request before anything is called; an empty plan is the error `no_target`.
    fn plan(&self, cx: &Cx, request: &Request) -> Result<Plan, Error>;

    /// What the public model name can do, as far as it is known without asking.
    fn capabilities(&self, _model: &str) -> Capabilities {
        Capabilities::default()
    }

    /// Whether any target takes requests now.
    fn availability(&self) -> Availability {
        Availability::Ready
    }
}

/// A fixed list: the same plan for every request.
impl Planner for Arc<[PlanTarget]> {
    fn plan(&self, _cx: &Cx, _request: &Request) -> Result<Plan, Error> {
        Ok(Plan::new(self.clone()))
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        self.first().map(|first| first.provider.capabilities(&first.target.model)).unwrap_or_default()
    }

    fn availability(&self) -> Availability {
        Availability::of_any(self.iter().map(|entry| entry.provider.availability()))
    }
}

//! The router: from the model name of a request to its plan.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use async_trait::async_trait;
use llm_core::{
    Availability, Capabilities, ChatRequest, Cx, Error, ErrorKind, Plan, PlanTarget, Planner, Provider, Request,
    Response, Target,
};

use crate::builder::Builder;
use crate::contest::Contest;
use crate::decide::judge;
use crate::facts::Facts;
use crate::needs::Needs;
use crate::sources::Sources;
use crate::strategy::{Reads, Strategy};
use crate::table::{Meaning, Table, refusal};
use crate::virtual_route::{BEST_QUALITY, CHEAPEST, FASTEST};

/// Finds the targets of a request by the model name it uses: a route, an alias, `provider/model`, or a provider that
/// has a default model. Nothing is guessed; an unknown name is an error that lists what there is.
///
/// It is a [`Planner`] for a driver, which makes attempts along the plan. As a [`Provider`] it makes one attempt at the
/// first target only.
pub struct Router {
    pub(crate) sources: Sources,
    pub(crate) table: RwLock<Arc<Table>>,
    /// Held while a new table is made.
    pub(crate) changing: Mutex<()>,
}

/// The tokens of the request that [`Router::cheapest`] compares prices by, both of the prompt and of the answer.
const TYPICAL_TOKENS: u64 = 1000;

impl Router {
    /// Starts building one.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn table(&self) -> Arc<Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The routes with their targets, sorted by name. Targets are in order where that does not change from request to
    /// request, else by tier and as listed.
    pub fn routes(&self) -> Vec<(String, Vec<Target>)> {
        let table = self.table();
        let mut routes: Vec<_> =
            table.routes.iter().map(|(name, route)| (name.clone(), names(route.targets()))).collect();
        routes.sort_unstable();
        routes
    }

    /// Who is asked for a name, in the order of [`routes`](Self::routes); nobody for an unknown one.
    pub fn targets(&self, name: &str) -> Vec<Target> {
        match self.table().resolve(name) {
            Ok(Meaning::Route(route)) => names(route.targets()),
            Ok(Meaning::Direct(target)) => vec![target.target],
            Err(_) => Vec::new(),
        }
    }

    /// What a name stands for, in a form that changes with every setting that could change its answers: for caches. `None`
    /// for names that mean nothing, and for `cheapest` and the like, which mean something else from moment to moment.
    pub fn meaning(&self, name: &str) -> Option<Arc<str>> {
        self.table().meaning(name)
    }

    /// All targets that take requests, the cheapest first, for as many tokens of input as of output.
    pub fn cheapest(&self) -> Vec<Target> {
        self.best(CHEAPEST)
    }

    /// All targets that take requests, the fastest first, as it was seen.
    pub fn fastest(&self) -> Vec<Target> {
        self.best(FASTEST)
    }

    /// All targets that take requests, the best first, as operators say or as answers were rated.
    pub fn best_quality(&self) -> Vec<Target> {
        self.best(BEST_QUALITY)
    }

    fn best(&self, name: &str) -> Vec<Target> {
        let table = self.table();
        let Some(route) = table.virtual_route(name) else { return Vec::new() };
        let request = Request::Chat(Arc::new(ChatRequest::new(name)));
        let facts = Facts {
            needs: Needs::of(&request).0,
            input_tokens: TYPICAL_TOKENS,
            max_output: Some(TYPICAL_TOKENS),
            ..Facts::default()
        };
        let snapshot = self.sources.snapshot(route, &facts, route.view.strategy.reads().and(Reads::STATS));
        let verdict = judge(&Contest::new(&route.view, &snapshot, &facts, 0));
        verdict.order.iter().map(|&place| route.view.places[place].target.clone()).collect()
    }

    fn first(&self, model: &str) -> Option<PlanTarget> {
        match self.table().resolve(model).ok()? {
            Meaning::Route(route) => route.targets().first().map(|&target| target.clone()),
            Meaning::Direct(target) => Some(target),
        }
    }
}

fn names(targets: Vec<&PlanTarget>) -> Vec<Target> {
    targets.into_iter().map(|target| target.target.clone()).collect()
}

impl Planner for Router {
    fn plan(&self, cx: &Cx, request: &Request) -> Result<Plan, Error> {
        self.plan_of(cx, request)
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        self.first(model).map(|first| first.provider.capabilities(&first.target.model)).unwrap_or_default()
    }

    fn availability(&self) -> Availability {
        Availability::of_any(self.table().providers.values().map(|known| known.provider.availability()))
    }
}

#[async_trait]
impl Provider for Router {
    fn id(&self) -> &'static str {
        "router"
    }

    fn api(&self) -> &'static str {
        ""
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        Planner::capabilities(self, model)
    }

    fn availability(&self) -> Availability {
        Planner::availability(self)
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        let plan = self.plan_of(cx, &request)?;
        let Some(first) = plan.targets.first() else {
            return Err(refusal(ErrorKind::NoTarget, format!("no target answers for the model {:?}", request.model())));
        };
        first.provider.call(cx, request.with_model(&first.target.model)).await
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.table();
        f.debug_struct("Router")
            .field("providers", &table.providers.keys())
            .field("routes", &table.routes.keys())
            .field("aliases", &table.aliases)
            .finish_non_exhaustive()
    }
}

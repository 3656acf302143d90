//! The driver with everything that it passes through: gates, budgets, hedges, shadows, the quality gate, routes.

mod budget;
mod drops;
mod gated;
mod hedges;
mod quality;
mod refusals;
mod routes;
mod shadows;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use llm_core::{
    Capabilities, ChatResponse, Cx, Error, ErrorKind, Finish, FinishReason, Message, Origin, Plan, PlanTarget, Planner,
    Provider, Request, Response,
};

use crate::support::error;

/// A provider that answers or fails, as it is told from outside.
pub(crate) struct Switched {
    id: &'static str,
    healthy: AtomicBool,
    kind: ErrorKind,
    calls: AtomicUsize,
    takes: Duration,
}

impl Switched {
    pub(crate) fn new(id: &'static str, healthy: bool) -> Arc<Self> {
        Self::of(id, healthy, ErrorKind::Server, Duration::ZERO)
    }

    pub(crate) fn of(id: &'static str, healthy: bool, kind: ErrorKind, takes: Duration) -> Arc<Self> {
        Arc::new(Self { id, healthy: AtomicBool::new(healthy), kind, calls: AtomicUsize::new(0), takes })
    }

    pub(crate) fn set(&self, healthy: bool) {
        self.healthy.store(healthy, Ordering::SeqCst);
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[llm_core::async_trait]
impl Provider for Switched {
    fn id(&self) -> &str {
        self.id
    }

    fn api(&self) -> &'static str {
        "switched"
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        Capabilities::chat()
    }

    async fn call(&self, _cx: &Cx, request: Request) -> Result<Response, Error> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(self.takes).await;
        if !self.healthy.load(Ordering::SeqCst) {
            return Err(error(self.kind));
        }
        let origin = Arc::new(Origin::new("switched", self.id, request.model()));
        let finish = Finish::new(FinishReason::Stop, "stop");
        Ok(Response::Chat(Box::new(ChatResponse::new(origin, Message::assistant(self.id), finish))))
    }
}

/// Plans of these targets, for one route, with a shadow where there is one.
pub(crate) struct Planned {
    pub(crate) route: Option<&'static str>,
    pub(crate) targets: Vec<PlanTarget>,
    pub(crate) shadow: Option<PlanTarget>,
}

impl Planner for Planned {
    fn plan(&self, _cx: &Cx, _request: &Request) -> Result<Plan, Error> {
        let mut plan = Plan::new(self.targets.clone());
        plan.route = self.route.map(Arc::from);
        plan.shadow.clone_from(&self.shadow);
        Ok(plan)
    }
}

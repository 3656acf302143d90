//! The router: from the model name of a request to its plan.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use llm_core::{
    Availability, Capabilities, Cx, Error, ErrorKind, Plan, PlanTarget, Planner, Progress, Provider, Request, Response,
    Target, closest,
};

use crate::builder::Builder;
use crate::plan::{self, Decision, Place, Skipped, WhyNot};

/// Finds the targets of a request by the model name it uses: a route, an alias, `provider/model`, or a provider that
/// has a default model. Nothing is guessed; an unknown name is an error that lists what there is.
///
/// It is a [`Planner`] for a driver, which makes attempts along the plan. As a [`Provider`] it makes one attempt at the
/// first target only.
pub struct Router {
    pub(crate) providers: BTreeMap<Arc<str>, Known>,
    pub(crate) routes: HashMap<String, Arc<ReadyRoute>>,
    pub(crate) aliases: HashMap<String, String>,
    pub(crate) default: Option<String>,
}

/// A provider with what the router knows of it.
pub(crate) struct Known {
    pub(crate) id: Arc<str>,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) default_model: Option<Arc<str>>,
}

/// A route whose names are resolved and whose order is made.
pub(crate) struct ReadyRoute {
    pub(crate) name: Arc<str>,
    pub(crate) strategy: &'static str,
    /// The plan of requests for which no target has to be left out: shared, not made again.
    pub(crate) all: Arc<[PlanTarget]>,
    pub(crate) places: Vec<Place>,
    /// What the strategy does not ask.
    pub(crate) left_out: Vec<Skipped>,
}

/// What a name means.
pub(crate) enum Meaning<'a> {
    Route(&'a Arc<ReadyRoute>),
    Direct(PlanTarget),
}

/// More aliases of aliases than this are a circle.
const MAX_HOPS: usize = 8;

impl Router {
    /// Starts building one.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Who is asked for a request, and who is not and why.
    pub fn decide(&self, request: &Request) -> Result<Decision, Error> {
        let route = match self.meaning(request)? {
            Meaning::Route(route) => route,
            Meaning::Direct(target) => {
                return Ok(Decision {
                    route: None,
                    strategy: "direct",
                    targets: Arc::new([target]),
                    skipped: Vec::new(),
                });
            }
        };
        let (targets, skipped) = match plan::filter(&route.places, request) {
            None => (route.all.clone(), Vec::new()),
            Some((targets, skipped)) if targets.is_empty() => return Err(nobody(&route.name, &skipped)),
            Some((targets, skipped)) => (targets.into(), skipped),
        };
        Ok(Decision { route: Some(route.name.clone()), strategy: route.strategy, targets, skipped })
    }

    /// The routes with their targets in order, sorted by name.
    pub fn routes(&self) -> impl Iterator<Item = (&str, Vec<Target>)> {
        let mut routes: Vec<_> = self.routes.values().map(|route| (&*route.name, targets(&route.all))).collect();
        routes.sort_unstable_by_key(|(name, _)| *name);
        routes.into_iter()
    }

    /// Who is asked for a name, in order; nobody for an unknown one.
    pub fn targets(&self, name: &str) -> Vec<Target> {
        match self.resolve(name) {
            Ok(Meaning::Route(route)) => targets(&route.all),
            Ok(Meaning::Direct(target)) => vec![target.target],
            Err(_) => Vec::new(),
        }
    }

    /// What the strategy of a route does not ask.
    pub(crate) fn left_out(&self, route: &str) -> Vec<Skipped> {
        self.routes.get(route).map(|route| route.left_out.clone()).unwrap_or_default()
    }

    fn meaning(&self, request: &Request) -> Result<Meaning<'_>, Error> {
        match (request.model(), &self.default) {
            ("", Some(default)) => self.resolve(default),
            ("", None) => {
                let message = format!("the request names no model: {}", self.choices());
                Err(refusal(ErrorKind::InvalidRequest, message).with_param("model"))
            }
            (name, _) => self.resolve(name),
        }
    }

    pub(crate) fn resolve(&self, name: &str) -> Result<Meaning<'_>, Error> {
        let mut meant = name;
        for _ in 0..MAX_HOPS {
            if let Some(route) = self.routes.get(meant) {
                return Ok(Meaning::Route(route));
            }
            match self.aliases.get(meant) {
                Some(next) => meant = next,
                None => return self.direct(meant).ok_or_else(|| self.unknown(meant)),
            }
        }
        Err(refusal(ErrorKind::Config, format!("the alias {name:?} leads in a circle: let it mean a route or a model")))
    }

    fn direct(&self, name: &str) -> Option<Meaning<'_>> {
        let (id, model) = name.split_once('/').map_or((name, None), |(id, model)| (id, Some(model)));
        let known = self.providers.get(id)?;
        let model = match model {
            Some(model) => Some(model).filter(|model| !model.is_empty())?.into(),
            None => known.default_model.clone()?,
        };
        let target = Target { provider: known.id.clone(), model };
        Some(Meaning::Direct(PlanTarget::of(target, known.provider.clone())))
    }

    fn unknown(&self, name: &str) -> Error {
        let provider = name.split('/').next().unwrap_or_default();
        let names = self.routes.keys().chain(self.aliases.keys()).map(String::as_str);
        let ids = self.providers.keys().map(|id| &**id);
        let hint = match (closest(name, names), closest(provider, ids).filter(|close| *close != provider)) {
            (Some(close), _) => format!(" (did you mean {close:?}?)"),
            (None, Some(close)) => format!(" (did you mean the provider {close:?}?)"),
            (None, None) => String::new(),
        };
        let message = format!("nothing answers for the model {name:?}{hint}: {}", self.choices());
        refusal(ErrorKind::NotFound, message).with_code("model_not_found").with_param("model")
    }

    /// What a request may name, as the end of a sentence.
    fn choices(&self) -> String {
        let mut choices = Vec::new();
        let mut names: Vec<&str> = self.routes.keys().map(String::as_str).collect();
        if !names.is_empty() {
            names.sort_unstable();
            choices.push(format!("a route ({})", names.join(", ")));
        }
        if !self.providers.is_empty() {
            let ids: Vec<&str> = self.providers.keys().map(|id| &**id).collect();
            choices.push(format!("provider/model with a configured provider ({})", ids.join(", ")));
        }
        if choices.is_empty() {
            "no provider is configured".to_owned()
        } else {
            format!("name {}", choices.join(" or "))
        }
    }

    fn first(&self, model: &str) -> Option<PlanTarget> {
        match self.resolve(model).ok()? {
            Meaning::Route(route) => route.all.first().cloned(),
            Meaning::Direct(target) => Some(target),
        }
    }
}

fn targets(plan: &[PlanTarget]) -> Vec<Target> {
    plan.iter().map(|place| place.target.clone()).collect()
}

/// An error before anything was sent.
fn refusal(kind: ErrorKind, message: String) -> Error {
    Error::new(kind, message).with_progress(Progress::NotSent)
}

/// Every target of a route lacks something that the request needs.
fn nobody(route: &str, skipped: &[Skipped]) -> Error {
    let reasons: Vec<String> = skipped.iter().map(|skip| format!("{}: {}", skip.target, skip.why)).collect();
    let kind = if skipped.iter().all(|skip| matches!(skip.why, WhyNot::Lacks(_))) {
        ErrorKind::Unsupported
    } else {
        ErrorKind::NoTarget
    };
    refusal(kind, format!("no target of the route {route:?} may take the request ({})", reasons.join("; ")))
}

impl Planner for Router {
    fn plan(&self, _cx: &Cx, request: &Request) -> Result<Plan, Error> {
        let decision = self.decide(request)?;
        let mut plan = Plan::new(decision.targets);
        plan.route = decision.route;
        Ok(plan)
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        self.first(model).map(|first| first.provider.capabilities(&first.target.model)).unwrap_or_default()
    }

    fn availability(&self) -> Availability {
        Availability::of_any(self.providers.values().map(|known| known.provider.availability()))
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
        let decision = self.decide(&request)?;
        let Some(first) = decision.targets.first() else {
            return Err(refusal(ErrorKind::NoTarget, format!("no target answers for the model {:?}", request.model())));
        };
        first.provider.call(cx, request.with_model(&first.target.model)).await
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("providers", &self.providers.keys())
            .field("routes", &self.routes.keys())
            .field("aliases", &self.aliases)
            .finish_non_exhaustive()
    }
}

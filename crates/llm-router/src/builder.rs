//! Building a router: every name is resolved and every problem found before the first request.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use llm_core::{Error, ErrorKind, PlanTarget, Provider, Target, closest};

use crate::plan::{Place, Skipped, WhyNot};
use crate::route::Route;
use crate::router::{Known, ReadyRoute, Router};
use crate::target::TargetSpec;

/// Builds a [`Router`].
#[derive(Default)]
pub struct Builder {
    providers: Vec<Known>,
    routes: Vec<Route>,
    aliases: Vec<(String, String)>,
    default: Option<String>,
}

impl Builder {
    /// With a provider: requests may name `its id/any model`.
    pub fn provider(mut self, provider: Arc<dyn Provider>) -> Self {
        self.providers.push(Known { id: provider.id().into(), provider, default_model: None });
        self
    }

    /// With a provider that has a default model: its id alone is a name, too.
    pub fn provider_with_model(mut self, provider: Arc<dyn Provider>, model: impl Into<Arc<str>>) -> Self {
        self.providers.push(Known { id: provider.id().into(), provider, default_model: Some(model.into()) });
        self
    }

    /// With a route.
    pub fn route(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
    }

    /// With another name for a route, for `provider/model`, for a provider with a default model, or for an alias.
    pub fn alias(mut self, alias: impl Into<String>, means: impl Into<String>) -> Self {
        self.aliases.push((alias.into(), means.into()));
        self
    }

    /// With what answers requests that name no model: any name a request could use.
    pub fn default_model(mut self, name: impl Into<String>) -> Self {
        self.default = Some(name.into());
        self
    }

    /// The router. All problems are found at once and told in one error.
    pub fn build(self) -> Result<Router, Error> {
        let mut problems = Vec::new();
        let mut router =
            Router { providers: BTreeMap::new(), routes: HashMap::new(), aliases: HashMap::new(), default: None };
        for known in self.providers {
            if let Some(other) = router.providers.insert(known.id.clone(), known) {
                problems.push(format!("two providers have the id {:?}: give one of them another id", other.id));
            }
        }
        let mut aliases = self.aliases;
        for route in self.routes {
            let name = route.name.clone();
            aliases.extend(route.aliases.iter().map(|alias| (alias.clone(), name.clone())));
            let ready = ready(&router.providers, route, &mut problems);
            if router.routes.insert(name.clone(), Arc::new(ready)).is_some() {
                problems.push(format!("two routes have the name {name:?}: rename one of them"));
            }
        }
        for (alias, means) in &aliases {
            if router.routes.contains_key(alias) {
                problems.push(format!("the alias {alias:?} is the name of a route, too: rename one of them"));
            } else if let Some(other) = router.aliases.insert(alias.clone(), means.clone())
                && other != *means
            {
                problems.push(format!("the alias {alias:?} means both {other:?} and {means:?}: leave one of them out"));
            }
        }
        for (alias, means) in &aliases {
            if let Err(error) = router.resolve(alias) {
                problems.push(format!("the alias {alias:?} for {means:?}: {}", error.message()));
            }
        }
        if let Some(default) = self.default {
            if let Err(error) = router.resolve(&default) {
                problems.push(format!("the default model {default:?}: {}", error.message()));
            }
            router.default = Some(default);
        }
        if problems.is_empty() { Ok(router) } else { Err(Error::new(ErrorKind::Config, problems.join("; "))) }
    }
}

/// Orders a route and resolves its targets.
fn ready(providers: &BTreeMap<Arc<str>, Known>, route: Route, problems: &mut Vec<String>) -> ReadyRoute {
    let Route { name, strategy, targets, fallback, .. } = route;
    if targets.is_empty() {
        problems.push(format!("the route {name:?} has no targets: give it one at least"));
    }
    let order = strategy.order(&targets);
    let mut resolve = |spec: &TargetSpec| match plan_target(providers, spec) {
        Ok(target) => Some(target),
        Err(problem) => {
            problems.push(format!("the route {name:?}: {problem}"));
            None
        }
    };
    let resolved: Vec<Option<PlanTarget>> = targets.iter().map(&mut resolve).collect();
    let fallback: Vec<PlanTarget> = fallback.iter().filter_map(&mut resolve).collect();
    let places: Vec<Place> = order
        .iter()
        .filter_map(|&place| resolved.get(place)?.clone())
        .chain(fallback)
        .map(|target| Place { capabilities: target.provider.capabilities(&target.target.model), target })
        .collect();
    let left_out = resolved
        .iter()
        .enumerate()
        .filter(|(place, _)| !order.contains(place))
        .filter_map(|(_, target)| Some(target.as_ref()?.target.clone()))
        .map(|target| Skipped { target, why: WhyNot::Strategy(strategy.name()) })
        .collect();
    ReadyRoute {
        name: name.into(),
        strategy: strategy.name(),
        all: places.iter().map(|place| place.target.clone()).collect(),
        places,
        left_out,
    }
}

fn plan_target(providers: &BTreeMap<Arc<str>, Known>, spec: &TargetSpec) -> Result<PlanTarget, String> {
    let (id, model) = spec.id.split_once('/').map_or((&*spec.id, None), |(id, model)| (id, Some(model)));
    let Some(known) = providers.get(id) else {
        let hint = closest(id, providers.keys().map(|id| &**id)).map(|id| format!("; did you mean {id:?}?"));
        return Err(format!("the target {:?} names no configured provider{}", spec.id, hint.unwrap_or_default()));
    };
    let model = match (model.filter(|model| !model.is_empty()), &known.default_model) {
        (Some(model), _) => model.into(),
        (None, Some(model)) => model.clone(),
        (None, None) => return Err(format!("the target {:?} names no model: write {id}/MODEL", spec.id)),
    };
    let mut target = PlanTarget::of(Target { provider: known.id.clone(), model }, known.provider.clone());
    target.timeout = spec.timeout;
    target.timeouts = spec.timeouts;
    Ok(target)
}

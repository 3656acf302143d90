//! A route whose names are resolved: what plans are made from.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use llm_core::{PlanTarget, Provider, Target, TargetState, Timeouts, closest};

use crate::contest::Contest;
use crate::decide::{Verdict, judge};
use crate::facts::Facts;
use crate::needs::Needs;
use crate::route::Route;
use crate::snapshot::Snapshot;
use crate::sources::Sources;
use crate::stats::TargetRecord;
use crate::strategy::{Strategy, StrategySpec};
use crate::target::TargetSpec;
use crate::view::{PlaceView, RouteView};

/// A provider with what the router knows of it.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) id: Arc<str>,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) default_model: Option<Arc<str>>,
    /// Of each attempt at its targets, where they have none of their own.
    pub(crate) timeout: Option<Duration>,
    pub(crate) timeouts: Option<Timeouts>,
}

impl Known {
    pub(crate) fn new(id: Arc<str>, provider: Arc<dyn Provider>, default_model: Option<Arc<str>>) -> Self {
        Self { id, provider, default_model, timeout: None, timeouts: None }
    }
}

/// The providers by their ids.
pub(crate) type Providers = BTreeMap<Arc<str>, Known>;

/// A route whose names are resolved.
pub(crate) struct ReadyRoute {
    pub(crate) view: RouteView,
    /// What is called and asked at each place of the view.
    pub(crate) places: Vec<Place>,
    /// The plan of most requests, where the order does not depend on anything that changes.
    pub(crate) fixed: Option<Fixed>,
    /// Changes with every setting of the route that could change an answer.
    pub(crate) meaning: Option<Arc<str>>,
}

/// What is called and asked at one place of a route.
pub(crate) struct Place {
    pub(crate) target: PlanTarget,
    pub(crate) state: Option<Arc<dyn TargetState>>,
    pub(crate) record: Option<Arc<dyn TargetRecord>>,
}

/// A plan that is shared and not made again.
pub(crate) struct Fixed {
    pub(crate) targets: Arc<[PlanTarget]>,
    pub(crate) reason: Arc<str>,
    /// The places that are asked, in order.
    pub(crate) places: Vec<usize>,
    /// What any of them lacks.
    pub(crate) lacks: Needs,
    /// The smallest of their context windows.
    pub(crate) window: Option<u64>,
}

impl ReadyRoute {
    /// A route from its resolved targets.
    pub(crate) fn new(view: RouteView, targets: Vec<PlanTarget>, sources: &Sources) -> Self {
        let place = |target: PlanTarget| Place {
            state: sources.states.as_ref().map(|states| states.state(&target.target)),
            record: sources.stats.as_ref().map(|stats| stats.record(&target.target)),
            target,
        };
        let places: Vec<Place> = targets.into_iter().map(place).collect();
        let fixed = fixed(&view, &places);
        Self { view, places, fixed, meaning: None }
    }

    /// Its targets: in their order where that does not change, else by tier and as listed.
    pub(crate) fn targets(&self) -> Vec<&PlanTarget> {
        if let Some(fixed) = &self.fixed {
            return fixed.targets.iter().collect();
        }
        let mut order: Vec<usize> = (0..self.places.len()).collect();
        order.sort_by_key(|&place| (self.view.places[place].fallback, self.view.places[place].priority));
        order.into_iter().map(|place| &self.places[place].target).collect()
    }
}

fn fixed(view: &RouteView, places: &[Place]) -> Option<Fixed> {
    let is_choosy = |place: &PlaceView| place.only_if.is_some() || place.max_usd_per_request.is_some();
    if !view.strategy.is_fixed(view) || view.min_quality.is_some() || view.places.iter().any(is_choosy) {
        return None;
    }
    let (snapshot, facts) = (Snapshot::default(), Facts::default());
    let Verdict { order, reason, .. } = judge(&Contest::new(view, &snapshot, &facts, 0));
    let asked = || order.iter().map(|&place| &view.places[place]);
    Some(Fixed {
        targets: order.iter().map(|&place| places[place].target.clone()).collect(),
        reason: reason.into(),
        lacks: asked().fold(Needs::default(), |lacks, place| lacks.and(place.lacks)),
        window: asked().filter_map(|place| place.context_window).min(),
        places: order,
    })
}

/// Resolves the names of a route and orders what can be ordered once.
pub(crate) fn ready(
    providers: &Providers,
    sources: &Sources,
    routes: &[Route],
    route: &Route,
    problems: &mut Vec<String>,
) -> ReadyRoute {
    let name = &route.name;
    if route.targets.is_empty() && route.strategy.clone().targets_mut().is_empty() {
        problems.push(format!("the route {name:?} has no targets: give it one at least"));
    }
    let mut problem = |what: String| problems.push(format!("the route {name:?}: {what}"));
    if let Some(least) = route.min_quality.filter(|least| !(0.0..=1.0).contains(least)) {
        problem(format!("the least quality is {least}: write a number from 0 to 1"));
    }
    if let StrategySpec::Adaptive(adaptive) = &route.strategy {
        adaptive.problem().into_iter().for_each(&mut problem);
    }
    let mut view = RouteView::new(Some(name.as_str().into()), route.strategy.clone());
    view.min_quality = route.min_quality;
    let mut targets: Vec<PlanTarget> = Vec::new();
    let mut add = |view: &mut RouteView, spec: &TargetSpec, fallback: bool| -> Result<Target, String> {
        let target = plan_target(providers, spec)?;
        let named = target.target.clone();
        // Another place of the same target would be asked again after it failed.
        let is_there = view.places.iter().any(|place| place.target == named);
        if !is_there || !fallback {
            let capabilities = target.provider.capabilities(&named.model);
            let mut place = PlaceView::new(named.clone(), target.provider.api(), spec, capabilities);
            place.fallback = fallback;
            view.places.push(place);
            targets.push(target);
        }
        Ok(named)
    };
    for spec in &route.targets {
        spec.problem().into_iter().for_each(&mut problem);
        if let Err(what) = add(&mut view, spec, false) {
            problem(what);
        }
    }
    let mut strategy = route.strategy.clone();
    for named in strategy.targets_mut() {
        let spec = TargetSpec::new(named.clone());
        let known = plan_target(providers, &spec).map(|target| target.target);
        let there = known.as_ref().is_ok_and(|known| view.places.iter().any(|place| place.target == *known));
        match if there { known } else { add(&mut view, &spec, false) } {
            Ok(target) => *named = target.to_string(),
            Err(what) => problem(what),
        }
    }
    view.strategy = strategy;
    for fallback in &route.fallback {
        let id = &fallback.id;
        let other = routes.iter().find(|other| other.name == *id || other.aliases.contains(id));
        for spec in other.map_or(std::slice::from_ref(fallback), |other| &other.targets) {
            spec.problem().into_iter().for_each(&mut problem);
            if let Err(what) = add(&mut view, spec, true) {
                problem(format!("the fallback {id:?}: {what}"));
            }
        }
    }
    let arms = sources.experiments.iter().flat_map(|experiments| experiments.arm_targets(name));
    for spec in arms.map(TargetSpec::new) {
        match plan_target(providers, &spec) {
            Ok(target) if view.places.iter().all(|place| place.target != target.target) => {
                let capabilities = target.provider.capabilities(&target.target.model);
                let mut place = PlaceView::new(target.target.clone(), target.provider.api(), &spec, capabilities);
                place.arm_only = true;
                view.places.push(place);
                targets.push(target);
            }
            Ok(_) => {}
            Err(what) => problems.push(format!("the route {name:?}: an experiment on it: {what}")),
        }
    }
    ReadyRoute::new(view, targets, sources)
}

/// The target of a spec, with what is called for it.
pub(crate) fn plan_target(providers: &Providers, spec: &TargetSpec) -> Result<PlanTarget, String> {
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
    target.timeout = spec.timeout.or(known.timeout);
    target.timeouts = spec.timeouts.or(known.timeouts);
    target.region = spec.region.as_deref().map(Into::into);
    target.context_window = spec.context_window;
    Ok(target)
}

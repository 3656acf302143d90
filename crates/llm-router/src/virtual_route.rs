//! Names that mean any target of any route by a property: `cheapest`, `fastest` and `best_quality`.

use std::collections::BTreeMap;
use std::sync::Arc;

use llm_core::{PlanTarget, Target};

use crate::ready::{Providers, ReadyRoute};
use crate::sources::Sources;
use crate::strategy::StrategyKind;
use crate::view::{PlaceView, RouteView};

/// The name of the route to the cheapest target of all.
pub const CHEAPEST: &str = "cheapest";
/// The name of the route to the fastest target of all.
pub const FASTEST: &str = "fastest";
/// The name of the route to the best target of all.
pub const BEST_QUALITY: &str = "best_quality";

const ALL: [(&str, StrategyKind); 3] =
    [(CHEAPEST, StrategyKind::Cost), (FASTEST, StrategyKind::Fastest), (BEST_QUALITY, StrategyKind::Quality)];

/// The three routes over all targets of all routes, each target once and without its tier; over the default models of
/// the providers when there are no routes. None when there is nothing to choose from.
pub(crate) fn all(
    providers: &Providers,
    sources: &Sources,
    routes: &[&Arc<ReadyRoute>],
) -> BTreeMap<&'static str, Arc<ReadyRoute>> {
    let mut all: Vec<(PlaceView, PlanTarget)> = Vec::new();
    let mut add = |mut place: PlaceView, target: PlanTarget| {
        if all.iter().all(|(other, _)| other.target != place.target) {
            (place.priority, place.fallback) = (0, false);
            all.push((place, target));
        }
    };
    for route in routes {
        for (view, place) in route.view.places.iter().zip(&route.places) {
            add(view.clone(), place.target.clone());
        }
    }
    if routes.is_empty() {
        for known in providers.values() {
            if let Some(model) = &known.default_model {
                let target = Target { provider: known.id.clone(), model: model.clone() };
                let target = PlanTarget::of(target, known.provider.clone());
                add(PlaceView::plain(&target), target);
            }
        }
    }
    if all.is_empty() {
        return BTreeMap::new();
    }
    let ready = |(name, kind): (&'static str, StrategyKind)| {
        let mut view = RouteView::new(Some(name.into()), kind);
        view.places = all.iter().map(|(place, _)| place.clone()).collect();
        (name, Arc::new(ReadyRoute::new(view, all.iter().map(|(_, target)| target.clone()).collect(), sources)))
    };
    ALL.into_iter().map(ready).collect()
}

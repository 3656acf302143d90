//! Routes, targets and requests for decisions without a router.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use llm_core::{Capabilities, Load};
use llm_router::{
    Condition, Decision, Facts, Need, Needs, PlaceView, RouteView, Snapshot, StrategySpec, TargetSpec, TargetView,
    decide,
};

/// A route to targets that are named `provider/model`.
pub(crate) fn route(
    strategy: impl Into<StrategySpec>,
    specs: impl IntoIterator<Item = impl Into<TargetSpec>>,
) -> RouteView {
    let mut view = RouteView::new(Some("r".into()), strategy);
    for spec in specs {
        view.places.push(place(&spec.into(), Capabilities::default()));
    }
    view
}

pub(crate) fn place(spec: &TargetSpec, capabilities: Capabilities) -> PlaceView {
    PlaceView::new(spec.id.parse().unwrap(), "wire", spec, capabilities)
}

/// Targets that are all ready, each changed by its place.
pub(crate) fn now(count: usize, change: impl Fn(usize, &mut TargetView)) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for place in 0..count {
        let mut target = TargetView::default();
        change(place, &mut target);
        snapshot.targets.push(target);
    }
    snapshot
}

pub(crate) fn chat() -> Facts {
    let mut facts = Facts::default();
    (facts.model, facts.needs) = ("r".into(), Needs::default().with(Need::Chat));
    facts
}

pub(crate) fn tagged(name: &str, value: &str) -> Facts {
    let mut facts = chat();
    facts.tags = Some(Arc::new(BTreeMap::from([(name.to_owned(), value.to_owned())])));
    facts
}

pub(crate) fn order(decision: &Decision) -> String {
    let order: Vec<String> = decision.order.iter().map(ToString::to_string).collect();
    order.join(" ")
}

/// Who is asked by a route of which nothing else is known.
pub(crate) fn asked(view: &RouteView, snapshot: &Snapshot, facts: &Facts) -> String {
    order(&decide(view, snapshot, facts, 1))
}

/// Why each target is not asked, in words.
pub(crate) fn whys(decision: &Decision) -> Vec<String> {
    decision.candidates.iter().map(|it| it.removed.as_ref().map(ToString::to_string).unwrap_or_default()).collect()
}

pub(crate) fn shut(seconds: u64) -> Condition {
    Condition::Shut { wait: (seconds > 0).then(|| Duration::from_secs(seconds)) }
}

pub(crate) fn busy(calls: u32) -> Load {
    Load::new(calls, 0, None)
}

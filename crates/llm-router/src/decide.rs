//! The decision over one request: a pure function of the route, its targets now, the request's facts and a seed.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use llm_core::{Error, ErrorKind, Target, Usd};
use serde::{Deserialize, Serialize};

use crate::contest::Contest;
use crate::draw;
use crate::facts::Facts;
use crate::filter::{self, WhyNot};
use crate::snapshot::{Condition, Snapshot};
use crate::strategy::{Score, Strategy, StrategySpec, cheapest, lead};
use crate::view::RouteView;

/// Who is asked for one request, in which order, and who is not; with everything that it came from, so that it can be
/// repeated from a log. There is no text of the prompt in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Decision {
    /// The model that the request names.
    pub asked: Arc<str>,
    /// The rule that led to another name than the one asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Arc<str>>,
    /// The route behind the name; none when it names its target outright.
    pub route: Option<Arc<str>>,
    /// What made the order.
    pub strategy: Cow<'static, str>,
    /// Why, in a few words.
    pub reason: Cow<'static, str>,
    /// Who is asked, best first. Nobody: the request is refused.
    pub order: Vec<Target>,
    /// Every target of the route, as listed.
    pub candidates: Vec<Candidate>,
    /// All that was random about it.
    #[serde(with = "draw::hex")]
    pub seed: u64,
    /// What it came from.
    pub inputs: Inputs,
}

/// A target in a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Candidate {
    /// Which.
    pub target: Target,
    /// Its place in the order, from 1; none when it is not asked.
    pub rank: Option<usize>,
    /// Why it is not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<WhyNot>,
    /// What the request is thought to cost there; none when the price is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Usd>,
    /// What its place in the order came from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<Score>,
}

/// What a decision came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// The route.
    pub route: RouteView,
    /// Its targets at that time.
    pub snapshot: Snapshot,
    /// The request.
    pub facts: Facts,
}

/// Decides who is asked for a request. Nothing is read from anywhere else, so that the same arguments always give the
/// same decision.
pub fn decide(view: &RouteView, snapshot: &Snapshot, facts: &Facts, seed: u64) -> Decision {
    let contest = Contest::new(view, snapshot, facts, seed);
    let Verdict { removed, order, reason } = judge(&contest);
    let candidates = removed.into_iter().enumerate().map(|(place, removed)| Candidate {
        target: view.places[place].target.clone(),
        rank: order.iter().position(|&other| other == place).map(|rank| rank + 1),
        removed,
        cost: contest.cost(place),
        scores: view.strategy.scores(&contest, place),
    });
    Decision {
        asked: facts.model.clone(),
        rule: None,
        route: view.name.clone(),
        strategy: Cow::Owned(view.strategy.name().to_owned()),
        reason,
        candidates: candidates.collect(),
        order: order.iter().map(|&place| view.places[place].target.clone()).collect(),
        seed,
        inputs: Inputs { route: view.clone(), snapshot: snapshot.clone(), facts: facts.clone() },
    }
}

impl Decision {
    /// Decides again from the same inputs. Fails when the strategy is of a crate that is not linked in.
    pub fn replay(&self) -> Result<Self, Error> {
        let Inputs { route, snapshot, facts } = &self.inputs;
        if let Some(name) = route.strategy.missing() {
            let message =
                format!("the decision cannot be repeated: no crate that is linked in has the strategy {name:?}");
            return Err(Error::new(ErrorKind::Config, message));
        }
        Ok(Self { rule: self.rule.clone(), ..decide(route, snapshot, facts, self.seed) })
    }
}

/// What a decision comes to, by the places of the route.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Why each place is not asked.
    pub(crate) removed: Vec<Option<WhyNot>>,
    /// The places that are asked, best first.
    pub(crate) order: Vec<usize>,
    /// Why.
    pub(crate) reason: Cow<'static, str>,
}

/// Filters, then the strategy, then what the request is bound to.
pub(crate) fn judge(contest: &Contest<'_>) -> Verdict {
    let places = contest.view.places.len();
    if contest.view.strategy == StrategySpec::Direct {
        let reason = Cow::Borrowed("the request names its target");
        return Verdict { removed: vec![None; places], order: (0..places).collect(), reason };
    }
    let mut removed: Vec<Option<WhyNot>> = (0..places).map(|place| filter::removes(contest, place)).collect();
    let has_window = spare_the_largest_window(contest, &mut removed);
    let mut open: Vec<usize> = (0..places).filter(|&place| removed[place].is_none()).collect();
    let is_fallback = |place: &usize| contest.view.places[*place].fallback;
    let alone = contest.facts.alone;
    if alone && !open.iter().all(is_fallback) {
        open.retain(|place| !is_fallback(place));
        (0..places).filter(is_fallback).for_each(|place| {
            removed[place].get_or_insert(WhyNot::NoFallback);
        });
    }
    if contest.view.strategy == StrategySpec::Manual {
        // Before anybody asks who is well: that others are does not help a route that asks nobody else.
        let assigned = contest.facts.assigned.as_ref().map(|assigned| &assigned.target);
        let may = |place: usize| {
            let at = &contest.view.places[place];
            place == 0 || at.fallback || assigned == Some(&at.target)
        };
        for place in open.extract_if(.., |place| !may(*place)) {
            removed[place] = Some(WhyNot::Strategy(contest.view.strategy.name().to_owned()));
        }
    }
    // Where the operator made the order and nobody may step in, the first is asked however it is: another one would
    // step in for it.
    let is_asked_anyway = alone && has_fixed_order(&contest.view.strategy);
    let is_last_resort = !is_asked_anyway && !open.iter().any(|&place| contest.now(place).is_well());
    if !is_last_resort && !is_asked_anyway {
        open.retain(|&place| {
            let refused = filter::refuses(contest.now(place));
            let stays = refused.is_none();
            removed[place] = refused;
            stays
        });
    }
    let mut fallbacks = Vec::new();
    if !wants_cheapest(contest) && open.iter().any(is_fallback) {
        fallbacks.extend(open.iter().copied().filter(is_fallback));
        open.retain(|place| !is_fallback(place));
    }
    let mut reason = match open.is_empty() {
        false => rank(contest, &mut open, &mut removed),
        true if fallbacks.is_empty() => Cow::Borrowed("no target may take the request"),
        true => Cow::Borrowed("only fallbacks are left"),
    };
    if let Some(assigned) = &contest.facts.assigned {
        // An arm goes before what the strategy thinks of it, not before what the filters know.
        let is_open = |why: &Option<WhyNot>| matches!(why, None | Some(WhyNot::Strategy(_)));
        let is_its = |&place: &usize| contest.view.places[place].target == assigned.target && is_open(&removed[place]);
        if let Some(place) = (0..places).find(is_its) {
            open.retain(|other| *other != place);
            fallbacks.retain(|other| *other != place);
            open.insert(0, place);
            removed[place] = None;
            reason = Cow::Owned(format!("{assigned} comes first, then {reason}"));
        }
    }
    let mut order = open;
    order.append(&mut fallbacks);
    if is_last_resort && !order.is_empty() {
        order.sort_by_key(|&place| last_resort(contest, place));
        reason = Cow::Borrowed("nobody takes requests now: the soonest first");
    } else if !has_window {
        reason = Cow::Owned(format!("no context window is large enough by estimate, the largest is tried: {reason}"));
    }
    if let Some(maker) = &contest.facts.bound.signed_by
        && let Some(&place) = order.iter().find(|&&place| contest.view.places[place].target == *maker)
    {
        lead(&mut order, place);
        reason = Cow::Owned(format!("{maker} made state in the request, then {reason}"));
    }
    Verdict { removed, order, reason }
}

/// Whether the order is the operator's, and not made of what is known of the targets now.
fn has_fixed_order(strategy: &StrategySpec) -> bool {
    matches!(strategy, StrategySpec::Priority | StrategySpec::Manual | StrategySpec::Task(_))
}

/// Whether only the price counts. An operator's one choice stays the choice.
fn wants_cheapest(contest: &Contest<'_>) -> bool {
    contest.snapshot.wants_cheapest && contest.view.strategy != StrategySpec::Manual
}

/// Lets the strategy order who may be asked, and notes whom it leaves out.
fn rank(contest: &Contest<'_>, open: &mut Vec<usize>, removed: &mut [Option<WhyNot>]) -> Cow<'static, str> {
    let strategy = &contest.view.strategy;
    if wants_cheapest(contest) {
        return cheapest(contest, open);
    }
    let asked = open.len();
    let before = matches!(strategy, StrategySpec::Own(_) | StrategySpec::Manual).then(|| open.clone());
    let reason = strategy.rank(contest, open);
    let Some(before) = before else {
        debug_assert_eq!(open.len(), asked, "only these two leave anybody out");
        return reason;
    };
    // A strategy of another crate may name who is not there, or somebody twice.
    let mut seen = vec![false; removed.len()];
    open.retain(|place| before.contains(place) && !std::mem::replace(&mut seen[*place], true));
    for place in before.into_iter().filter(|&place| !seen[place]) {
        removed[place] = Some(WhyNot::Strategy(strategy.name().to_owned()));
    }
    reason
}

/// An estimate may be wrong, so it must not be what refuses a request: when windows alone leave nobody, the largest of
/// them stay. Says whether that was not needed.
fn spare_the_largest_window(contest: &Contest<'_>, removed: &mut [Option<WhyNot>]) -> bool {
    if removed.iter().any(Option::is_none) {
        return true;
    }
    let window = |why: &Option<WhyNot>| match why {
        Some(WhyNot::Window { window, .. }) => Some(*window),
        _ => None,
    };
    let Some(largest) = removed.iter().filter_map(window).max() else { return true };
    let mut spared = false;
    for (place, why) in removed.iter_mut().enumerate() {
        if window(why) == Some(largest) {
            // What comes after the window in the order of filters was not looked at yet.
            *why = filter::removes_beside_window(contest, place);
            spared |= why.is_none();
        }
    }
    !spared
}

/// Who comes first when nobody takes requests: who only failed, then who opens soonest, then who does not say.
fn last_resort(contest: &Contest<'_>, place: usize) -> (u8, Duration) {
    match contest.now(place).condition {
        Condition::Ready => (0, Duration::ZERO),
        Condition::Shut { wait: Some(wait) } => (1, wait),
        Condition::Shut { wait: None } => (2, Duration::ZERO),
    }
}

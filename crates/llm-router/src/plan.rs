//! From a request to its plan or its explained decision: reads the sources, then leaves it to pure functions.

use std::sync::Arc;

use llm_core::{Cx, Error, ErrorKind, Plan, PlanTarget, Request};

use crate::classify::Classifier;
use crate::contest::Contest;
use crate::decide::{Decision, decide, judge};
use crate::experiment::Assigned;
use crate::facts::Facts;
use crate::filter::WhyNot;
use crate::health::Health;
use crate::money::Payer;
use crate::needs::Needs;
use crate::ready::{ReadyRoute, plan_target};
use crate::router::Router;
use crate::rule::Rules;
use crate::snapshot::Condition;
use crate::sources::{Sources, condition, judged};
use crate::strategy::{Reads, Strategy, StrategySpec, kind};
use crate::table::{Meaning, Table, refusal};
use crate::target::{REQUIRE, TargetSpec};
use crate::view::{PlaceView, RouteView};

/// What a request means: its route or its target, and the rule that led there.
struct Found<'a> {
    meaning: Meaning<'a>,
    rule: Option<&'a Arc<str>>,
}

impl Router {
    /// Decides over a request as a plan does, with everything that the decision came from. Nothing is called.
    ///
    /// It fails as the request would when the name means nothing. A decision that nobody may answer is no error here.
    pub fn explain(&self, cx: &Cx, request: &Request) -> Result<Decision, Error> {
        let table = self.table();
        let Found { meaning, rule } = self.find(&table, cx, request)?;
        let direct;
        let route = match &meaning {
            Meaning::Route(route) => route,
            Meaning::Direct(target) => {
                let mut view = RouteView::new(None, StrategySpec::Direct);
                view.places.push(PlaceView::plain(target));
                direct = Arc::new(ReadyRoute::new(view, vec![target.clone()], &self.sources));
                &direct
            }
        };
        let mut facts = self.facts(route, cx, request, Reads::ALL);
        facts.assigned = self.assigned(route, cx);
        let snapshot = self.sources.snapshot(route, &facts, Reads::ALL).rounded();
        let mut decision = decide(&route.view, &snapshot, &facts, (self.sources.seeds)());
        decision.rule = rule.cloned();
        Ok(decision)
    }

    /// The plan of a request.
    pub(crate) fn plan_of(&self, cx: &Cx, request: &Request) -> Result<Plan, Error> {
        let table = self.table();
        let route = match self.find(&table, cx, request)?.meaning {
            Meaning::Route(route) => route,
            Meaning::Direct(target) => return Ok(Plan::new([target])),
        };
        let assigned = self.assigned(route, cx);
        if assigned.is_none()
            && let Some(mut plan) = fixed(&self.sources, route, cx, request)
        {
            plan.shadow = self.shadow(route, cx, request);
            return Ok(plan);
        }
        let view = &route.view;
        let mut reads = view.strategy.reads();
        if self.sources.wants_cheapest(&Payer::of(cx)) {
            reads = reads.and(Reads::PRICES);
        }
        let mut facts = self.facts(route, cx, request, reads);
        facts.assigned = assigned;
        let snapshot = self.sources.snapshot(route, &facts, view.strategy.reads_for(&facts));
        let verdict = judge(&Contest::new(view, &snapshot, &facts, (self.sources.seeds)()));
        if verdict.order.is_empty() {
            return Err(nobody(view, &verdict.removed));
        }
        let targets: Arc<[PlanTarget]> =
            verdict.order.iter().map(|&place| route.places[place].target.clone()).collect();
        let mut plan = Plan::new(targets);
        plan.route.clone_from(&view.name);
        plan.reason = Some(verdict.reason.into());
        plan.arm = facts.assigned.and_then(|assigned| assigned.arm);
        plan.kind = facts.kind;
        plan.shadow = self.shadow(route, cx, request);
        Ok(plan)
    }

    /// The target that an experiment puts first, where one has a say and its target was resolved.
    fn assigned(&self, route: &ReadyRoute, cx: &Cx) -> Option<Assigned> {
        let experiments = self.sources.experiments.as_ref()?;
        let assignment = experiments.assign(route.view.name.as_deref()?, cx, (self.sources.clock)())?;
        let target = plan_target(&self.table().providers, &TargetSpec::new(assignment.target)).ok()?.target;
        let is_there = route.view.places.iter().any(|place| place.target == target);
        is_there.then_some(Assigned { arm: assignment.arm, target })
    }

    /// Who is asked beside the answer, for comparison only. Nobody where the request says who may see it, by region or by
    /// label: of a shadow neither is known. Nor where it carries state that only some can read.
    fn shadow(&self, route: &ReadyRoute, cx: &Cx, request: &Request) -> Option<PlanTarget> {
        let target = self.sources.experiments.as_ref()?.shadow(route.view.name.as_deref()?, cx)?;
        let target = plan_target(&self.table().providers, &TargetSpec::new(target)).ok()?;
        let has_region = cx.hints.as_deref().is_some_and(|hints| hints.region.is_some());
        let has_label = cx.tags.as_deref().is_some_and(|tags| tags.contains_key(REQUIRE));
        if has_region || has_label || !crate::bound::Bound::of(request).is_free() {
            return None;
        }
        let lacks = Needs::lacking(&target.provider.capabilities(&target.target.model));
        Needs::of(request).0.first_of(lacks).is_none().then_some(target)
    }

    /// What the name of a request means, by rules and then by names.
    fn find<'a>(&self, table: &'a Table, cx: &Cx, request: &Request) -> Result<Found<'a>, Error> {
        let asked = request.model();
        if !table.rules.is_empty() && Rules::are_for(request) {
            let mut facts = Facts::of(cx, request);
            if table.rules.reads_tokens {
                facts = facts.with_tokens(self.sources.estimator.estimate(asked, request));
            }
            if let Some((words, model)) = table.rules.first(&facts, table.is_outright(asked)) {
                return Ok(Found { meaning: table.resolve(model)?, rule: Some(words) });
            }
        }
        let name = if asked.is_empty() { table.default_name()? } else { asked };
        Ok(Found { meaning: table.resolve(name)?, rule: None })
    }

    /// The facts of a request that a route needs.
    fn facts(&self, route: &ReadyRoute, cx: &Cx, request: &Request, reads: Reads) -> Facts {
        let mut facts = Facts::of(cx, request);
        let places = &route.view.places;
        let is_counted = |place: &PlaceView| place.context_window.is_some() || place.max_usd_per_request.is_some();
        if reads.has(Reads::PRICES) || places.iter().any(is_counted) {
            // One estimate for all targets: tokenizers differ less than an estimate is wrong.
            let model = places.first().map(|place| &*place.target.model).unwrap_or_default();
            facts = facts.with_tokens(self.sources.estimator.estimate(model, request));
        }
        if reads.has(Reads::COMPLEXITY) {
            facts.complexity = Some(match &route.view.strategy {
                StrategySpec::Complexity(by) if by.rules.is_some() => {
                    by.rules.as_ref().map_or(crate::Complexity::Medium, |rules| rules.classify(request))
                }
                _ => self.sources.classifier.classify(request),
            });
        }
        if reads.has(Reads::BELIEFS) && self.sources.beliefs.is_some() {
            facts.kind = Some(kind(&facts));
        }
        facts
    }
}

/// The shared plan of a route whose order does not change, when nothing keeps anybody out.
fn fixed(sources: &Sources, route: &ReadyRoute, cx: &Cx, request: &Request) -> Option<Plan> {
    let fixed = route.fixed.as_ref()?;
    let has_label = cx.tags.as_deref().is_some_and(|tags| tags.contains_key(REQUIRE));
    let has_region = cx.hints.as_deref().is_some_and(|hints| hints.region.is_some());
    if has_label || has_region || sources.budget.is_some() || fixed.places.is_empty() {
        return None;
    }
    let (needs, media) = Needs::of(request);
    if needs.first_of(fixed.lacks).is_some() || !media.is_empty() || !crate::bound::Bound::of(request).is_free() {
        return None;
    }
    if let Some(window) = fixed.window {
        let model = &route.view.places[fixed.places[0]].target.model;
        let estimate = sources.estimator.estimate(model, request);
        if estimate.input.saturating_add(estimate.max_output.unwrap_or(0)) > window {
            return None;
        }
    }
    let now = (sources.clock)();
    let is_well = |&place: &usize| {
        let place = &route.places[place];
        condition(place, now) == Condition::Ready
            && place.record.as_ref().is_none_or(|record| judged(place, record.pulse(now).health) != Health::Unavailable)
    };
    if !fixed.places.iter().all(is_well) {
        return None;
    }
    let mut plan = Plan::new(fixed.targets.clone());
    plan.route.clone_from(&route.view.name);
    plan.reason = Some(fixed.reason.clone());
    Some(plan)
}

/// Nobody may take the request, for these reasons.
fn nobody(view: &RouteView, removed: &[Option<WhyNot>]) -> Error {
    let whys = || view.places.iter().zip(removed).filter_map(|(place, why)| Some((&place.target, why.as_ref()?)));
    let reasons: Vec<String> = whys().map(|(target, why)| format!("{target}: {why}")).collect();
    let all = |is: fn(&WhyNot) -> bool| whys().all(|(_, why)| is(why));
    let kind = if all(|why| matches!(why, WhyNot::Lacks(_) | WhyNot::Media { .. })) {
        ErrorKind::Unsupported
    } else if all(|why| matches!(why, WhyNot::Budget | WhyNot::Cost { .. })) {
        ErrorKind::BudgetExceeded
    } else {
        ErrorKind::NoTarget
    };
    let route = view.name.as_deref().unwrap_or_default();
    refusal(kind, format!("no target of the route {route:?} may take the request ({})", reasons.join("; ")))
}

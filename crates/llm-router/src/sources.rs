//! Where a router looks for what changes from moment to moment: states, statistics, prices, budgets, time and chance.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use llm_core::{Availability, BytesEstimator, TargetStates, TokenEstimator};

use crate::classify::{ByForm, Classifier};
use crate::draw;
use crate::experiment::Experiments;
use crate::facts::Facts;
use crate::health::Health;
use crate::money::{BudgetLeft, Payer, Prices};
use crate::ready::{Place, ReadyRoute};
use crate::snapshot::{Condition, Snapshot, TargetView};
use crate::stats::StatsView;
use crate::strategy::{Beliefs, Reads};

/// Where a router looks for what changes.
#[derive(Clone)]
pub(crate) struct Sources {
    pub(crate) states: Option<Arc<dyn TargetStates>>,
    pub(crate) stats: Option<Arc<dyn StatsView>>,
    pub(crate) prices: Option<Arc<dyn Prices>>,
    pub(crate) budget: Option<Arc<dyn BudgetLeft>>,
    pub(crate) beliefs: Option<Arc<dyn Beliefs>>,
    pub(crate) experiments: Option<Experiments>,
    pub(crate) estimator: Arc<dyn TokenEstimator>,
    pub(crate) classifier: Arc<dyn Classifier>,
    pub(crate) clock: Arc<dyn Fn() -> Instant + Send + Sync>,
    pub(crate) seeds: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl Default for Sources {
    fn default() -> Self {
        let next = AtomicU64::new(RandomState::new().hash_one(0));
        Self {
            states: None,
            stats: None,
            prices: None,
            budget: None,
            beliefs: None,
            experiments: None,
            estimator: Arc::new(BytesEstimator),
            classifier: Arc::new(ByForm::default()),
            clock: Arc::new(|| tokio::time::Instant::now().into_std()),
            seeds: Arc::new(move || draw::mix(next.fetch_add(1, Ordering::Relaxed))),
        }
    }
}

impl Sources {
    /// The targets of a route as they are now; of what the reader does not need, nothing is asked.
    pub(crate) fn snapshot(&self, route: &ReadyRoute, facts: &Facts, reads: Reads) -> Snapshot {
        let now = (self.clock)();
        let payer = Payer { tenant: facts.tenant.as_deref(), tags: facts.tags.as_deref() };
        let wants_cheapest = self.wants_cheapest(&payer);
        let reads = if wants_cheapest { reads.and(Reads::PRICES) } else { reads };
        let targets = route.places.iter().zip(&route.view.places).map(|(place, view)| {
            let mut seen = TargetView { condition: condition(place, now), ..TargetView::default() };
            if let Some(record) = &place.record {
                seen.pulse = record.pulse(now);
            }
            seen.pulse.health = judged(place, seen.pulse.health);
            if let (Some(state), true) = (&place.state, reads.has(Reads::LOAD)) {
                seen.load = state.load();
            }
            if let (Some(prices), true) = (&self.prices, reads.has(Reads::PRICES) || view.max_usd_per_request.is_some())
            {
                seen.price = prices.price(&view.target);
            }
            if let Some(budget) = &self.budget {
                seen.budget_left = budget.left(&payer, Some(&view.target));
            }
            seen
        });
        let targets = targets.collect();
        let budget = self.budget.as_ref().filter(|_| reads.has(Reads::BUDGET));
        let beliefs = self.beliefs.as_ref().zip(facts.kind.as_deref()).filter(|_| reads.has(Reads::BELIEFS));
        let beliefs = beliefs.map(|(beliefs, kind)| {
            route.view.places.iter().map(|place| beliefs.belief(kind, &place.target, now)).collect()
        });
        let budget_left = budget.and_then(|budget| budget.left(&payer, None));
        Snapshot { targets, beliefs: beliefs.unwrap_or_default(), budget_left, wants_cheapest }
    }

    /// Whether only the price counts for who pays.
    pub(crate) fn wants_cheapest(&self, payer: &Payer<'_>) -> bool {
        self.budget.as_ref().is_some_and(|budget| budget.wants_cheapest(payer))
    }
}

/// The health of a target as a plan sees it. A target whose state the driver knows is taken out by its breaker alone, which
/// lets a call through now and then to see whether the target is back; the statistics have no such eye, and with both, the
/// more hasty one would decide.
pub(crate) fn judged(place: &Place, health: Health) -> Health {
    match health {
        Health::Unavailable if place.state.is_some() => Health::Degraded,
        health => health,
    }
}

/// Whether a target takes requests, as its provider and the driver know it.
pub(crate) fn condition(place: &Place, now: Instant) -> Condition {
    let told = match place.target.provider.availability() {
        Availability::Ready => place.state.as_ref().map_or(Availability::Ready, |state| state.availability(now)),
        shut @ Availability::Shut { .. } => shut,
    };
    match told {
        Availability::Ready => Condition::Ready,
        Availability::Shut { until } => {
            Condition::Shut { wait: until.map(|until| until.saturating_duration_since(now)) }
        }
    }
}

//! What calls may cost and did cost, for whoever needs it: the budgets, the router, the statistics.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use llm_budget::{CostEstimate, CostEstimator, Pricing, Subject};
use llm_catalog::{AtMost, Terms};
use llm_core::{Cost, Request, Target, Usage};
use llm_router::{BudgetLeft, CostModel, Payer, Price, Prices};

use super::Money;

/// The longest answer of a model of which nobody says how long its answers may be.
const LONGEST_ANSWER: u64 = 32_768;

/// Of so many answers one teaches the estimator.
const LEARNS_FROM: u64 = 8;

/// Money as the parts of the engine ask about it.
#[derive(Clone)]
pub(crate) struct Costs(pub(crate) Money);

impl Prices for Costs {
    fn price(&self, target: &Target) -> Price {
        self.0.list().price(target, self.0.now())
    }
}

impl CostModel for Costs {
    fn cost(&self, target: &Target, usage: &Usage) -> Option<u64> {
        Some(self.0.list().cost(target, usage, None, self.0.now()).ok()?.total.nanos())
    }
}

impl Pricing for Costs {
    fn cost(&self, provider: &str, model: &str, usage: &Usage, tier: Option<&str>) -> Option<Cost> {
        self.0.list().cost(&Target::new(provider, model), usage, tier, self.0.now()).ok()
    }
}

impl CostEstimator for Costs {
    fn estimate(&self, provider: &str, request: &Request) -> Option<CostEstimate> {
        let (list, model) = (self.0.list(), request.model());
        let tier = match request {
            Request::Chat(chat) | Request::ChatStream(chat) => chat.service_tier.as_deref(),
            _ => None,
        };
        let terms = Terms::at(self.0.now() / 1000).with_service_tier(tier);
        let tokens = self.0.0.estimator.estimate_at(list.catalog.plugin(provider), model, request);
        let longest = || list.known(&Target::new(provider, model)).max_output.unwrap_or(LONGEST_ANSWER);
        let max_output = tokens.max_output.unwrap_or_else(longest);
        let most = if terms.is_unusual() {
            list.catalog.at_most(provider, request, tokens, &terms)?
        } else {
            AtMost::of(
                list.listed(&Target::new(provider, model), self.0.now()).as_ref().as_ref().ok()?,
                request,
                tokens,
            )?
        };
        let likely = CostEstimate::new(most.likely_input, most.output_token, max_output);
        Some(likely.with_input_at_most(most.input))
    }

    fn counted(&self, provider: &str, request: &Request, usage: &Usage) {
        // One of several is enough to learn from, and costs the others nothing.
        if let Some(counted) = usage.input
            && self.0.0.answers.fetch_add(1, Ordering::Relaxed).is_multiple_of(LEARNS_FROM)
        {
            let list = self.0.list();
            self.0.0.estimator.learn_at(list.catalog.plugin(provider), request.model(), request, counted);
        }
    }
}

impl BudgetLeft for Costs {
    fn left(&self, payer: &Payer<'_>, target: Option<&Target>) -> Option<f64> {
        let (budgets, subject) = (self.0.budgets(), Subject::of_payer(payer.tenant, payer.tags));
        match target {
            Some(target) => budgets.left_before_fallback(&subject.at(&target.provider, &target.model)),
            None => budgets.left(&subject),
        }
    }

    fn wants_cheapest(&self, payer: &Payer<'_>) -> bool {
        self.0.budgets().wants_cheapest(&Subject::of_payer(payer.tenant, payer.tags)).is_some()
    }
}

impl From<&Money> for Arc<Costs> {
    fn from(money: &Money) -> Self {
        Arc::new(Costs(money.clone()))
    }
}

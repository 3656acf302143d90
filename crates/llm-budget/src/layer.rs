//! The layer: money is set aside before a call and settled after it, however it ends.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use llm_core::{ChatResponse, Cx, Error, Layer, Provider, Request, Response, Usage, Warning};

use crate::admit::{Applied, Rules, admit};
use crate::budget::Kind;
use crate::budgets::Budgets;
use crate::call::Call;
use crate::length::bounded;
use crate::price::{CostEstimator, Pricing};
use crate::refusal;
use crate::stream;
use crate::subject::Subject;

/// Holds calls to budgets.
#[derive(Clone)]
pub struct BudgetLayer {
    shared: Arc<Shared>,
}

#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) budgets: Arc<Budgets>,
    pub(crate) estimator: Arc<dyn CostEstimator>,
    pub(crate) pricing: Arc<dyn Pricing>,
    strict: bool,
    rules: Rules,
}

impl BudgetLayer {
    /// These budgets, with what calls may cost and what they did cost.
    pub fn new(budgets: Arc<Budgets>, estimator: Arc<dyn CostEstimator>, pricing: Arc<dyn Pricing>) -> Self {
        let rules = Rules { reserve_wait: Duration::from_millis(500), shortest: 16 };
        Self { shared: Arc::new(Shared { budgets, estimator, pricing, strict: true, rules }) }
    }

    fn change(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        change(Arc::make_mut(&mut self.shared));
        self
    }

    /// Whether a model without a known price is refused where a hard budget applies. Default true.
    pub fn with_strict_prices(self, strict: bool) -> Self {
        self.change(|shared| shared.strict = strict)
    }

    /// How long a request waits for a full budget whose reservations may come back. Default 500 ms.
    pub fn with_reserve_wait(self, wait: Duration) -> Self {
        self.change(|shared| shared.rules.reserve_wait = wait)
    }

    /// The fewest tokens that an answer is shortened to; below, the request is refused. Default 16.
    pub fn with_shortest_answer(self, tokens: u64) -> Self {
        self.change(|shared| shared.rules.shortest = tokens)
    }
}

impl Layer for BudgetLayer {
    fn layer(&self, inner: Arc<dyn Provider>) -> Arc<dyn Provider> {
        let id = inner.id().into();
        Arc::new(Budgeted { inner, id, shared: self.shared.clone() })
    }
}

struct Budgeted {
    inner: Arc<dyn Provider>,
    id: Arc<str>,
    shared: Arc<Shared>,
}

#[async_trait]
impl Provider for Budgeted {
    llm_core::forward!(inner: id, api, capabilities, availability);

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        if !request.is_billed() {
            return self.inner.call(cx, request).await;
        }
        let (call, max_output, warnings) = self.begin(cx, &request).await?;
        let request = match max_output {
            Some(tokens) => bounded(request, tokens),
            None => request,
        };
        match self.inner.call(cx, request).await {
            Ok(Response::Chat(mut response)) => {
                settle_chat(call, &mut response);
                response.warnings.extend(warnings);
                Ok(Response::Chat(response))
            }
            Ok(Response::ChatStream(stream)) => Ok(Response::ChatStream(stream::metered(stream, call, warnings))),
            Ok(mut other) => {
                match other.about() {
                    Some(about) => {
                        let cost = call.answered(Some(about.origin), about.usage, None, about.cost.as_ref());
                        *about.cost = about.cost.take().or(cost);
                    }
                    None => drop(call.answered(None, &Usage::default(), None, None)),
                }
                Ok(other)
            }
            Err(error) => {
                call.failed(&error);
                Err(error)
            }
        }
    }
}

impl Budgeted {
    /// What the request's budgets say: the call that may go, the bound of its answer where that is shortened, and what the
    /// caller is told with it.
    async fn begin(&self, cx: &Cx, request: &Request) -> Result<(Call, Option<u64>, Vec<Warning>), Error> {
        let Shared { budgets, estimator, strict, rules, .. } = &*self.shared;
        let applied = if budgets.is_empty() { Vec::new() } else { self.applied(cx, request) };
        let call = |admitted| Call::begin(self.shared.clone(), self.id.clone(), request.clone(), admitted);
        if applied.is_empty() {
            return Ok((call(None), None, Vec::new()));
        }
        let estimate = estimator.estimate(&self.id, request);
        if estimate.is_none() && *strict {
            let hard = applied.iter().find(|(tracked, _)| tracked.budget.kind == Kind::Hard && tracked.budget.stops());
            if let Some((tracked, _)) = hard {
                return Err(refusal::price_unknown(&tracked.budget, &self.id, request.model()));
            }
        }
        let estimate = estimate.unwrap_or_default();
        let mut admitted = admit(budgets, rules, &applied, estimate, (cx, request)).await?;
        let (max_output, warnings) = (admitted.max_output, std::mem::take(&mut admitted.warnings));
        Ok((call(Some(admitted)), max_output, warnings))
    }

    /// The budgets that the request goes on.
    fn applied(&self, cx: &Cx, request: &Request) -> Vec<Applied<'_>> {
        let budgets = &self.shared.budgets;
        let subject = Subject::of(cx, request).at(&self.id, request.model());
        let now = budgets.now();
        budgets.tracked.iter().filter_map(|tracked| Some((tracked, tracked.account(&subject, now)?))).collect()
    }
}

fn settle_chat(mut call: Call, response: &mut ChatResponse) {
    if response.usage.is_unknown() {
        call.delivered(stream::tokens_of(&response.message));
    }
    let origin = response.origin.clone();
    let tier = response.service_tier.as_deref();
    let cost = call.answered(Some(&origin), &response.usage, tier, response.cost.as_ref());
    if response.cost.is_none() {
        response.cost = cost;
    }
}

//! The layer: money is set aside before a call and settled after it, however it ends.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use llm_core::{Availability, Capabilities, ChatResponse, Cx, Error, Layer, Provider, Request, Response, Usage, Usd};

use crate::admit::{Admitted, Applied, Rules, admit, bounded, is_open};
use crate::budget::Kind;
use crate::budgets::Budgets;
use crate::call::Call;
use crate::price::{CostEstimator, Pricing};
use crate::refusal;
use crate::stream;
use crate::subject::Subject;

/// Which budgets a layer is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// All: the layer is around a single provider.
    #[default]
    All,
    /// Those that do not depend on the target: the layer is above a router, around whole requests.
    Requests,
    /// Those of providers and models: the layer is around each provider below a driver, around single attempts.
    Attempts,
}

/// Holds calls to budgets.
#[derive(Clone)]
pub struct BudgetLayer {
    shared: Arc<Shared>,
}

#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) budgets: Arc<Budgets>,
    estimator: Arc<dyn CostEstimator>,
    pub(crate) pricing: Arc<dyn Pricing>,
    part: Part,
    strict: bool,
    pub(crate) counts: bool,
    rules: Rules,
}

impl BudgetLayer {
    /// These budgets, with what calls may cost and what they did cost.
    pub fn new(budgets: Arc<Budgets>, estimator: Arc<dyn CostEstimator>, pricing: Arc<dyn Pricing>) -> Self {
        let rules = Rules { reserve_wait: Duration::from_millis(500), shortest: 16 };
        let (part, strict, counts) = (Part::All, true, true);
        Self { shared: Arc::new(Shared { budgets, estimator, pricing, part, strict, counts, rules }) }
    }

    fn change(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        change(Arc::make_mut(&mut self.shared));
        self
    }

    /// For these budgets only.
    pub fn for_part(self, part: Part) -> Self {
        self.change(|shared| shared.part = part)
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

    /// Without counting in [`Budgets::spending`]: of two layers around the same calls only one counts.
    pub fn without_counting(self) -> Self {
        self.change(|shared| shared.counts = false)
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
    fn id(&self) -> &str {
        self.inner.id()
    }

    fn api(&self) -> &str {
        self.inner.api()
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        self.inner.capabilities(model)
    }

    fn availability(&self) -> Availability {
        self.inner.availability()
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        if !request.is_billed() {
            return self.inner.call(cx, request).await;
        }
        let (admitted, input, output_token) = self.admit(cx, &request).await?;
        let call = Call::begin(self.shared.clone(), self.id.clone(), admitted.live, input, output_token);
        let request = match admitted.max_output {
            Some(tokens) => bounded(request, tokens),
            None => request,
        };
        let model: Arc<str> = request.model().into();
        match self.inner.call(cx, request).await {
            Ok(Response::Chat(mut response)) => {
                settle_chat(call, &mut response);
                Ok(Response::Chat(response))
            }
            Ok(Response::ChatStream(stream)) => Ok(Response::ChatStream(stream::metered(stream, call, model))),
            Ok(mut other) => {
                match other.about() {
                    Some(about) => {
                        let (provider, model) = (&about.origin.provider, &about.origin.model);
                        let cost = call.answered(provider, model, about.usage, None, about.cost.as_ref());
                        *about.cost = about.cost.take().or(cost);
                    }
                    None => drop(call.answered(&self.id, &model, &Usage::default(), None, None)),
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
    /// What the request's budgets say, and what its input and each token of its answer cost.
    async fn admit(&self, cx: &Cx, request: &Request) -> Result<(Admitted, Usd, Usd), Error> {
        let Shared { budgets, estimator, part, strict, rules, .. } = &*self.shared;
        let mut subject = Subject::of(cx, request);
        if *part != Part::Requests {
            subject = subject.at(&self.id, request.model());
        }
        let now = budgets.now();
        let applied: Vec<Applied<'_>> = budgets
            .tracked
            .iter()
            .filter(|tracked| match part {
                Part::All => true,
                Part::Requests => !tracked.budget.scope.is_of_targets(),
                Part::Attempts => tracked.budget.scope.is_of_targets(),
            })
            .filter_map(|tracked| Some((tracked, tracked.account(&subject, now)?)))
            .collect();
        let estimate = estimator.estimate(&self.id, request);
        if estimate.is_none() && *strict {
            let hard = applied.iter().find(|(tracked, _)| tracked.budget.kind == Kind::Hard && tracked.budget.stops());
            if let Some((tracked, _)) = hard {
                return Err(refusal::price_unknown(&tracked.budget, &self.id, request.model()));
            }
        }
        let estimate = estimate.unwrap_or_default();
        let admitted = admit(budgets, rules, &applied, estimate, is_open(request)).await?;
        Ok((admitted, estimate.input, estimate.output_token))
    }
}

fn settle_chat(mut call: Call, response: &mut ChatResponse) {
    if response.usage.is_unknown() {
        call.delivered(stream::tokens_of(&response.message));
    }
    let (provider, model) = (response.origin.provider.clone(), response.origin.model.clone());
    let tier = response.service_tier.as_deref();
    let cost = call.answered(&provider, &model, &response.usage, tier, response.cost.as_ref());
    if response.cost.is_none() {
        response.cost = cost;
    }
}

//! What a client can tell of money: prices, what a request would cost, what was spent, what is left.

use std::collections::BTreeMap;
use std::sync::Arc;

use llm_budget::{LedgerError, Spending, Utilisation};
use llm_catalog::{Call, Catalog, ModelFacts, ModelPrice, Terms, Unpriced};
use llm_core::{ChatRequest, Cost, Cx, Error, ErrorKind, Progress, Request, Target, TokenEstimate, Usage, Usd};
use llm_router::ASSUMED_OUTPUT;
use serde::Serialize;
use tokio::time::Instant;

use crate::client::Client;

/// What a request would cost at one target. Estimates: tokens are guessed, and nobody knows how long an answer will be.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Forecast {
    /// Where.
    pub target: Target,
    /// Its place in the order in which targets would be asked, from 1; none when it would not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// Input tokens.
    pub input: u64,
    /// Tokens of a usual answer: the mean of those that this target gave, or else of none known 512; never more than
    /// the longest.
    pub output: u64,
    /// The longest answer: what the request allows, or else what the model can; none when neither is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest: Option<u64>,
    /// With a usual answer; none when the price is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual: Option<Usd>,
    /// With the longest answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<Usd>,
}

impl Client {
    /// What a model (`provider/model`) costs now, with every component that has a price. An unknown price is an error that
    /// says what is not known.
    pub fn price(&self, target: &Target) -> Result<ModelPrice, Unpriced> {
        self.catalog().price(&target.provider, &target.model, &self.terms())
    }

    /// What so much usage costs at a target now.
    pub fn cost(&self, target: &Target, usage: &Usage) -> Result<Cost, Unpriced> {
        self.catalog().cost(&Call::new(&target.provider, &target.model, usage, self.terms()))
    }

    /// The cheapest of several targets for so many tokens, with what that would cost; none when no price is known.
    pub fn cheapest(&self, targets: &[Target], tokens: TokenEstimate) -> Option<(Target, Usd)> {
        let names = targets.iter().map(|target| (&*target.provider, &*target.model));
        let (place, cost) = self.catalog().cheapest(names, tokens, Some(ASSUMED_OUTPUT), &self.terms())?;
        Some((targets.get(place)?.clone(), cost))
    }

    /// What is known that a model can do, from its plugin, the catalogue and the configuration.
    pub fn model_facts(&self, target: &Target) -> ModelFacts {
        self.catalog().facts(&target.provider, &target.model)
    }

    /// What a request would cost at each target that it may go to, in the order in which they would be asked. Nothing is
    /// sent.
    pub fn estimate(&self, cx: &Cx, request: ChatRequest) -> Result<Vec<Forecast>, Error> {
        let decision = self.explain(cx, request.clone())?;
        let request = Request::Chat(Arc::new(request));
        let mut forecasts: Vec<Forecast> = decision
            .candidates
            .iter()
            .map(|candidate| Forecast { rank: candidate.rank, ..self.forecast(&candidate.target, &request) })
            .collect();
        forecasts.sort_by_key(|forecast| forecast.rank.unwrap_or(usize::MAX));
        Ok(forecasts)
    }

    fn forecast(&self, target: &Target, request: &Request) -> Forecast {
        let (money, catalog) = (self.state().money, self.catalog());
        let tokens = money.estimator().estimate_at(catalog.plugin(&target.provider), &target.model, request);
        let longest = tokens.max_output.or_else(|| money.list().known(target).max_output);
        let seen = self.state().stats.target(target, Instant::now().into_std());
        let seen = seen.and_then(|stats| stats.output_tokens.checked_div(stats.successes)).filter(|tokens| *tokens > 0);
        let output = seen.unwrap_or(ASSUMED_OUTPUT).min(longest.unwrap_or(u64::MAX));
        let cost = |output| catalog.predict(&target.provider, &target.model, tokens, Some(output), &self.terms());
        Forecast {
            target: target.clone(),
            rank: None,
            input: tokens.input,
            output,
            longest,
            usual: cost(output),
            most: longest.and_then(cost),
        }
    }

    /// What was spent at which provider since the state of this client began, and for how many requests.
    pub fn spending(&self) -> BTreeMap<Arc<str>, Spending> {
        self.state().money.budgets().spending()
    }

    /// How much of each budget is used in its present window.
    pub async fn budgets(&self) -> Result<Vec<Utilisation>, Error> {
        self.state().money.budgets().utilisation().await.map_err(|error: LedgerError| {
            Error::new(ErrorKind::BudgetExceeded, format!("reading the budgets: {error}; try again in a few seconds"))
                .with_code(llm_budget::CODE_UNAVAILABLE)
                .with_progress(Progress::NotSent)
        })
    }

    /// Waits until everything that calls cost has reached the ledger: before a process ends.
    pub async fn settle(&self) {
        if let Err(error) = self.state().money.budgets().flush().await {
            tracing::warn!(%error, "some costs did not reach the budgets' ledger");
        }
    }

    /// The price catalogue of this client.
    pub fn catalog(&self) -> Catalog {
        self.state().money.list().catalog.clone()
    }

    fn terms(&self) -> Terms<'static> {
        Terms::at(self.state().money.now() / 1000)
    }
}

//! One call at work: settled exactly once, whatever becomes of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use llm_core::{Billed, Cost, Error, Origin, Progress, Request, Usage, Usd};

use crate::admit::{Admitted, ceiling};
use crate::layer::Shared;
use crate::outbox::Live;
use crate::price::CostEstimate;
use crate::requests::Share;
use crate::spending::Ending;

/// Tokens of output after which the ledger is told how far a call is.
const BEAT_TOKENS: u64 = 256;

/// A call under way. Dropped, it is settled by what was delivered.
pub(crate) struct Call {
    shared: Arc<Shared>,
    provider: Arc<str>,
    /// As it came: its price is looked up when it is needed, because that takes longer than everything else here.
    request: Request,
    estimate: Option<CostEstimate>,
    /// What is set aside for it, where a budget is kept in the ledger.
    live: Option<Arc<Live>>,
    /// What is set aside for it in the budgets of its request.
    share: Option<Share>,
    settled: bool,
    delivered: u64,
    told: u64,
}

impl Call {
    /// A call that is about to be sent.
    pub(crate) fn begin(shared: Arc<Shared>, provider: Arc<str>, request: Request, admitted: Option<Admitted>) -> Self {
        let (estimate, live, share) = match admitted {
            Some(Admitted { estimate, live, share, .. }) => (Some(estimate), live, share),
            None => (None, None, None),
        };
        let call = Self { shared, provider, request, estimate, live, share, settled: false, delivered: 0, told: 0 };
        if let Some(live) = &call.live {
            live.observed.store(ceiling(call.observed()), Ordering::Relaxed);
            call.shared.budgets.outbox.begin(live);
        }
        call
    }

    /// So many tokens of output came by now.
    pub(crate) fn delivered(&mut self, tokens: u64) {
        if tokens <= self.delivered {
            return;
        }
        self.delivered = tokens;
        let Some(live) = &self.live else { return };
        live.observed.store(ceiling(self.observed()), Ordering::Relaxed);
        if tokens - self.told >= BEAT_TOKENS {
            self.told = tokens;
            self.shared.budgets.outbox.beat(live);
        }
    }

    /// What it has cost by now, as far as that can be told without the vendor.
    fn observed(&self) -> Usd {
        let estimate = self.estimate.or_else(|| self.shared.estimator.estimate(&self.provider, &self.request));
        estimate.unwrap_or_default().so_far(self.delivered)
    }

    /// Settles an answer that is whole; what it cost. `origin` says who answered, where the answer does.
    pub(crate) fn answered(
        mut self,
        origin: Option<&Origin>,
        usage: &Usage,
        tier: Option<&str>,
        said: Option<&Cost>,
    ) -> Option<Cost> {
        if let Some(origin) = origin {
            self.provider = origin.provider.clone();
        }
        self.shared.estimator.counted(&self.provider, &self.request, usage);
        let model = origin.map_or_else(|| self.request.model(), |origin| &origin.model);
        let priced = || self.shared.pricing.cost(&self.provider, model, usage, tier);
        let cost = said.cloned().or_else(|| if usage.says_nothing() { None } else { priced() });
        let (known, estimated) = match &cost {
            Some(cost) => (Some(cost.total), cost.estimated),
            // Where the vendor reported nothing, what was delivered is the best that is known.
            None => (Some(self.observed()).filter(|observed| !observed.is_zero()), true),
        };
        self.settle(known.unwrap_or_default(), Ending { cost: known, estimated, succeeded: true });
        cost
    }

    /// Settles a call that ended early with a cost by its usage so far, or by what was delivered.
    pub(crate) fn ended_early(mut self, cost: Option<Cost>) {
        let total = cost.map_or_else(|| self.observed(), |cost| cost.total);
        self.settle(total, Ending { cost: Some(total), estimated: true, succeeded: false });
    }

    /// Settles a call that failed: nothing where the vendor charges nothing.
    pub(crate) fn failed(mut self, error: &Error) {
        let free = error.progress() == Progress::NotSent || error.kind().policy().billed == Billed::No;
        if free && self.delivered == 0 {
            self.settle(Usd::ZERO, Ending { cost: Some(Usd::ZERO), estimated: false, succeeded: false });
            return;
        }
        let cost = error.partial().and_then(|partial| {
            let usage = &partial.usage;
            partial.cost.clone().or_else(|| self.price(&partial.origin.provider, &partial.origin.model, usage))
        });
        self.ended_early(cost);
    }

    /// What a usage costs that may not be the whole of it.
    pub(crate) fn price(&self, provider: &str, model: &str, usage: &Usage) -> Option<Cost> {
        if usage.input.is_none() || usage.output.is_none() {
            return None;
        }
        self.shared.pricing.cost(provider, model, usage, None)
    }

    fn settle(&mut self, actual: Usd, ending: Ending) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        if let Some(live) = self.live.take() {
            self.shared.budgets.outbox.end(&live, actual.nanos());
        }
        if let Some(share) = self.share.take() {
            share.settle(actual.nanos());
        }
        self.shared.budgets.counts.count(&self.provider, ending);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.settled {
            let total = self.observed();
            self.settle(total, Ending { cost: Some(total), estimated: true, succeeded: false });
        }
    }
}

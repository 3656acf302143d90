//! One call at work: settled exactly once, whatever becomes of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use llm_core::{Billed, Cost, Error, Progress, Usage, Usd};

use crate::admit::ceiling;
use crate::layer::Shared;
use crate::outbox::Live;
use crate::spending::Ending;

/// Tokens of output after which the ledger is told how far a call is.
const BEAT_TOKENS: u64 = 256;

/// A call whose money is set aside. Dropped, it is settled by what was delivered.
pub(crate) struct Call {
    shared: Arc<Shared>,
    provider: Arc<str>,
    live: Option<Arc<Live>>,
    input: Usd,
    output_token: Usd,
    delivered: u64,
    told: u64,
}

impl Call {
    /// A call that is about to be sent.
    pub(crate) fn begin(
        shared: Arc<Shared>,
        provider: Arc<str>,
        live: Arc<Live>,
        input: Usd,
        output_token: Usd,
    ) -> Self {
        live.observed.store(ceiling(input), Ordering::Relaxed);
        if !live.reservation.charges.is_empty() {
            shared.budgets.outbox.begin(&live);
        }
        Self { shared, provider, live: Some(live), input, output_token, delivered: 0, told: 0 }
    }

    /// So many tokens of output came by now.
    pub(crate) fn delivered(&mut self, tokens: u64) {
        if tokens <= self.delivered {
            return;
        }
        self.delivered = tokens;
        let Some(live) = &self.live else { return };
        live.observed.store(ceiling(self.observed()), Ordering::Relaxed);
        if tokens - self.told >= BEAT_TOKENS && !live.reservation.charges.is_empty() {
            self.told = tokens;
            self.shared.budgets.outbox.beat(live);
        }
    }

    fn observed(&self) -> Usd {
        self.input + self.output_token.saturating_mul(self.delivered)
    }

    /// Settles an answer that is whole; what it cost.
    pub(crate) fn answered(
        mut self,
        provider: &Arc<str>,
        model: &str,
        usage: &Usage,
        tier: Option<&str>,
        said: Option<&Cost>,
    ) -> Option<Cost> {
        self.provider = provider.clone();
        let priced = || self.shared.pricing.cost(provider, model, usage, tier);
        let cost = said.cloned().or_else(|| if usage.says_nothing() { None } else { priced() });
        let observed = self.observed();
        let total = cost.as_ref().map(|cost| cost.total);
        // Where the vendor reported nothing, what was delivered is the best that is known.
        let estimated = cost.as_ref().is_none_or(|cost| cost.estimated);
        let known = total.or((!observed.is_zero()).then_some(observed));
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
        let Some(live) = self.live.take() else { return };
        if !live.reservation.charges.is_empty() {
            self.shared.budgets.outbox.end(&live, actual.nanos());
        }
        if self.shared.counts {
            self.shared.budgets.counts.count(&self.provider, ending);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let total = self.observed();
        self.settle(total, Ending { cost: Some(total), estimated: true, succeeded: false });
    }
}

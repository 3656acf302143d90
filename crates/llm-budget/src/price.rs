//! What the layer must be told about prices: what a call may cost before it, and what it cost after it.

use llm_core::{Cost, Request, Usage, Usd};

/// What a call may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CostEstimate {
    /// What its input is thought to cost: what a call is charged that was cut off before its vendor counted.
    pub input: Usd,
    /// What its input costs at most, which is set aside.
    pub input_at_most: Usd,
    /// What one token of output costs at most; of several answers, what one token in each costs.
    pub output_token: Usd,
    /// The longest answer: what the caller allows, or else what the model can.
    pub max_output: u64,
}

impl CostEstimate {
    /// An estimate whose input costs as much as it is thought to.
    pub const fn new(input: Usd, output_token: Usd, max_output: u64) -> Self {
        Self { input, input_at_most: input, output_token, max_output }
    }

    /// With what the input costs at most.
    pub const fn with_input_at_most(mut self, input: Usd) -> Self {
        self.input_at_most = input;
        self
    }

    /// What the call costs at most with an answer of at most so many tokens.
    pub fn with_output(&self, tokens: u64) -> Usd {
        self.input_at_most + self.output_token.saturating_mul(tokens)
    }

    /// What the call is thought to have cost by the time that so many tokens of output came.
    pub fn so_far(&self, tokens: u64) -> Usd {
        self.input + self.output_token.saturating_mul(tokens)
    }

    /// The longest answer that so much money pays for, after the input; `None` when not even that is paid for.
    pub fn affordable(&self, money: Usd) -> Option<u64> {
        let rest = money.checked_sub(self.input_at_most)?;
        let tokens = rest.picos().checked_div(self.output_token.picos());
        Some(tokens.map_or(self.max_output, |tokens| u64::try_from(tokens).unwrap_or(u64::MAX)).min(self.max_output))
    }
}

/// Knows what calls may cost. Asked on every call that a budget is about, and after one without a budget that ended
/// before the vendor said its usage: must be fast and must not block.
pub trait CostEstimator: Send + Sync + 'static {
    /// The most that `request` may cost at this provider; `None` when the price is not known.
    fn estimate(&self, provider: &str, request: &Request) -> Option<CostEstimate>;

    /// What the vendor counted for a request that was answered: whoever estimates may learn from it.
    fn counted(&self, _provider: &str, _request: &Request, _usage: &Usage) {}
}

/// Knows what calls cost.
pub trait Pricing: Send + Sync + 'static {
    /// What this usage cost at this target, at the vendor's price class `tier`; `None` when the price is not known.
    fn cost(&self, provider: &str, model: &str, usage: &Usage, tier: Option<&str>) -> Option<Cost>;
}

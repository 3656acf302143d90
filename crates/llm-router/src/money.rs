//! Prices of targets, as far as a plan needs them. An unknown price is unknown, never 0.

use std::collections::BTreeMap;

use llm_core::{Cx, Target, Usd};
use serde::{Deserialize, Serialize};

/// Prices are per so many tokens.
const TOKENS: u128 = 1_000_000;
/// Trillionths of a dollar in a billionth.
const PER_NANO: u128 = 1000;

/// What a million tokens cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Price {
    /// A million input tokens; `None` is not known.
    pub input: Option<Usd>,
    /// A million output tokens; `None` is not known.
    pub output: Option<Usd>,
}

impl Price {
    /// Both prices.
    pub const fn new(input: Usd, output: Usd) -> Self {
        Self { input: Some(input), output: Some(output) }
    }

    /// What so many tokens cost, rounded up to a billionth of a dollar; `None` when one of the two prices is not known.
    pub fn cost(&self, input: u64, output: u64) -> Option<Usd> {
        let both = self.input?.saturating_mul(input).saturating_add(self.output?.saturating_mul(output));
        let nanos = both.picos().div_ceil(TOKENS * PER_NANO);
        Some(Usd::from_picos(nanos.saturating_mul(PER_NANO)))
    }

    /// This price, with `other` where it says nothing.
    pub fn or(self, other: Self) -> Self {
        Self { input: self.input.or(other.input), output: self.output.or(other.output) }
    }
}

/// Knows what targets cost. Asked on every plan that depends on prices: must be fast and must not block.
pub trait Prices: Send + Sync + 'static {
    /// The price of a target; a part that is not known is `None`, never 0.
    fn price(&self, target: &Target) -> Price;
}

/// Who pays for a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Payer<'a> {
    /// On whose behalf.
    pub tenant: Option<&'a str>,
    /// Labels.
    pub tags: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Payer<'a> {
    /// Who pays for requests in this environment.
    pub fn of(cx: &'a Cx) -> Self {
        Self { tenant: cx.tenant.as_deref(), tags: cx.tags.as_deref() }
    }
}

/// Knows how much of the budgets is left. Asked on every plan that depends on budgets: must be fast and must not block.
pub trait BudgetLeft: Send + Sync + 'static {
    /// The part that is left, from 0 to 1, of the budgets of a target, after which others are asked; or of everything
    /// that the payer has when `target` is `None`. `None` is "no budget".
    fn left(&self, payer: &Payer<'_>, target: Option<&Target>) -> Option<f64>;

    /// Whether a budget is spent that wants the cheapest target from then on.
    fn wants_cheapest(&self, _payer: &Payer<'_>) -> bool {
        false
    }
}

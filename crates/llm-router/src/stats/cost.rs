//! What an answer costs, told by whoever knows prices.

use std::sync::Arc;

use llm_core::{Target, Usage, Usd};

use crate::money::Prices;

/// Knows what an answer costs. Asked once per answer; must be fast and must not block.
pub trait CostModel: Send + Sync + 'static {
    /// The cost in nano-dollars (10⁻⁹ USD); `None` where the price or the usage is not known.
    fn cost(&self, target: &Target, usage: &Usage) -> Option<u64>;
}

impl<F: Fn(&Target, &Usage) -> Option<u64> + Send + Sync + 'static> CostModel for F {
    fn cost(&self, target: &Target, usage: &Usage) -> Option<u64> {
        self(target, usage)
    }
}

/// Costs by a price table: input and output tokens at their prices. What a vendor charges less for (cached input) or more
/// (tools, audio) is not told apart.
#[derive(Clone)]
pub struct ByPrices(Arc<dyn Prices>);

impl ByPrices {
    /// By these prices.
    pub fn new(prices: Arc<dyn Prices>) -> Self {
        Self(prices)
    }
}

impl CostModel for ByPrices {
    fn cost(&self, target: &Target, usage: &Usage) -> Option<u64> {
        self.0.price(target).cost(usage.input?, usage.output?).map(Usd::nanos)
    }
}

impl std::fmt::Debug for ByPrices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByPrices").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Price;

    struct Table;

    impl Prices for Table {
        fn price(&self, target: &Target) -> Price {
            let is_known = &*target.model == "known";
            if is_known {
                Price::new(Usd::from_micros(2_500_000), Usd::from_micros(10_000_000))
            } else {
                Price::default()
            }
        }
    }

    #[test]
    fn costs_follow_prices_and_unknown_ones_are_unknown() {
        let costs = ByPrices::new(Arc::new(Table));
        // 1,000 of $2.50 and 100 of $10 a million: 0.0025 + 0.001.
        assert_eq!(costs.cost(&Target::new("p", "known"), &Usage::new(1_000, 100)), Some(3_500_000));
        assert_eq!(costs.cost(&Target::new("p", "other"), &Usage::new(1_000, 100)), None);
        assert_eq!(costs.cost(&Target::new("p", "known"), &Usage::default()), None);
    }
}

//! What an answer costs, told by whoever knows prices.

use llm_core::{Target, Usage};

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

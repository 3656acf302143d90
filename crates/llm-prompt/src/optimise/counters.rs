//! What was saved so far.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use llm_core::PromptSavings;

/// What was saved so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Savings {
    /// Chats that were answered.
    pub requests: u64,
    /// Of these: whose prompt was made shorter.
    pub shortened: u64,
    /// By how much, all together.
    pub saved: PromptSavings,
}

/// Counts what is saved. A handle, cheap to clone, that outlives the layer it is given to.
#[derive(Clone, Debug, Default)]
pub struct SavingsCounter(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    shortened: AtomicU64,
    bytes: AtomicU64,
    tokens: AtomicU64,
}

impl SavingsCounter {
    pub(super) fn count(&self, saved: Option<PromptSavings>) {
        let counters = &self.0;
        counters.requests.fetch_add(1, Ordering::Relaxed);
        if let Some(saved) = saved {
            counters.shortened.fetch_add(1, Ordering::Relaxed);
            counters.bytes.fetch_add(saved.bytes, Ordering::Relaxed);
            counters.tokens.fetch_add(saved.tokens, Ordering::Relaxed);
        }
    }

    /// What was saved so far.
    pub fn savings(&self) -> Savings {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Savings {
            requests: read(&self.0.requests),
            shortened: read(&self.0.shortened),
            saved: PromptSavings::new(read(&self.0.bytes), read(&self.0.tokens)),
        }
    }
}

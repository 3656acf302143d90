//! What the cache did and what that saved.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use llm_core::{CacheStatus, Usage, Usd};
use serde::Serialize;

use crate::clock::millis;
use crate::eligibility::{Bypass, NotStored};
use crate::entry::Entry;

/// Counts up from the start of the cache.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    hits: AtomicU64,
    similar: AtomicU64,
    joined: AtomicU64,
    misses: AtomicU64,
    bypassed: [AtomicU64; Bypass::ALL.len()],
    stored: AtomicU64,
    not_stored: [AtomicU64; NotStored::ALL.len()],
    poisoned: AtomicU64,
    store_failures: AtomicU64,
    saved_millis: AtomicU64,
    saved_input: AtomicU64,
    saved_output: AtomicU64,
    /// In billionths of a dollar.
    saved_nanos: AtomicU64,
}

/// What the cache did so far, and what that saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// Answers that were known.
    pub hits: u64,
    /// Answers to similar questions that were given.
    pub similar: u64,
    /// Requests that got the answer of one that was in flight.
    pub joined: u64,
    /// Answers that were not known.
    pub misses: u64,
    /// Requests for which the cache was not asked, by reason.
    pub bypassed: Vec<(&'static str, u64)>,
    /// Answers that were kept.
    pub stored: u64,
    /// Answers that were not kept, by reason.
    pub not_stored: Vec<(&'static str, u64)>,
    /// Stored values that were not ours, forged or unreadable. Somebody should look.
    pub poisoned: u64,
    /// Operations of the store that failed or took too long.
    pub store_failures: u64,
    /// How long the vendors took for the answers that were given again.
    pub saved_time: Duration,
    /// Their input tokens.
    pub saved_input_tokens: u64,
    /// Their output tokens.
    pub saved_output_tokens: u64,
    /// What they cost, as far as that was known.
    pub saved_cost: Usd,
}

impl Snapshot {
    /// The share of requests that the cache answered, of those it was asked for; `None` before the first.
    pub fn hit_ratio(&self) -> Option<f64> {
        let free = self.hits + self.similar + self.joined;
        let all = free + self.misses;
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        (all > 0).then(|| free as f64 / all as f64)
    }

    /// How many requests went by the cache, for all reasons.
    pub fn bypasses(&self) -> u64 {
        self.bypassed.iter().map(|(_, count)| count).sum()
    }
}

impl Counters {
    /// An answer that cost nothing.
    pub(crate) fn saved(&self, status: CacheStatus, entry: &Entry) {
        self.shared(status);
        self.saved_millis.fetch_add(millis(entry.took), Relaxed);
        self.not_paid(entry.usage(), entry.cost);
    }

    /// What an answer took that was not bought again.
    pub(crate) fn not_paid(&self, usage: &Usage, cost: Option<Usd>) {
        self.saved_input.fetch_add(usage.input.unwrap_or(0), Relaxed);
        self.saved_output.fetch_add(usage.output.unwrap_or(0), Relaxed);
        self.saved_nanos.fetch_add(cost.map_or(0, Usd::nanos), Relaxed);
    }

    /// An answer that was given while it was made: no time is saved, and what it took is told at its end.
    pub(crate) fn shared(&self, status: CacheStatus) {
        let counter = match status {
            CacheStatus::Hit => &self.hits,
            CacheStatus::Similar => &self.similar,
            CacheStatus::Joined => &self.joined,
            _ => return,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn missed(&self) {
        self.misses.fetch_add(1, Relaxed);
    }

    pub(crate) fn bypassed(&self, why: Bypass) {
        self.bypassed[why as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn stored(&self) {
        self.stored.fetch_add(1, Relaxed);
    }

    pub(crate) fn not_stored(&self, why: NotStored) {
        self.not_stored[why as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn poisoned(&self) {
        self.poisoned.fetch_add(1, Relaxed);
    }

    pub(crate) fn store_failed(&self) {
        self.store_failures.fetch_add(1, Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        let bypassed = Bypass::ALL.iter().zip(&self.bypassed).map(|(why, count)| (why.as_str(), read(count)));
        let not_stored = NotStored::ALL.iter().zip(&self.not_stored).map(|(why, count)| (why.as_str(), read(count)));
        Snapshot {
            hits: read(&self.hits),
            similar: read(&self.similar),
            joined: read(&self.joined),
            misses: read(&self.misses),
            bypassed: bypassed.filter(|(_, count)| *count > 0).collect(),
            stored: read(&self.stored),
            not_stored: not_stored.filter(|(_, count)| *count > 0).collect(),
            poisoned: read(&self.poisoned),
            store_failures: read(&self.store_failures),
            saved_time: Duration::from_millis(read(&self.saved_millis)),
            saved_input_tokens: read(&self.saved_input),
            saved_output_tokens: read(&self.saved_output),
            saved_cost: Usd::from_nanos(read(&self.saved_nanos)),
        }
    }
}

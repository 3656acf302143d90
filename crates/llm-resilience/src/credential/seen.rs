//! What answers told of the keys at one model.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use llm_core::RateLimits;
use tokio::time::Instant;

use crate::timeout::after;

/// Models that are remembered. Beyond that the one that was longest not asked for is forgotten.
const MODELS: usize = 256;
/// An answer is lately when it is not older than this.
const LATELY: Duration = Duration::from_secs(5 * 60);
/// A vendor that does not say when its limits are full again is believed for so long.
const BELIEVED: Duration = Duration::from_secs(60);
/// All of a limit is left.
pub(super) const FULL: u32 = 1000;

/// One key at one model.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    answered: Option<Instant>,
    /// Thousandths of its limits that are left, and until when that is believed.
    left: Option<(u32, Instant)>,
    /// Refusals for too many requests without a word on when to come back, and the last of them.
    untold: u32,
    untold_at: Option<Instant>,
}

/// The keys at the models of late.
#[derive(Debug, Default)]
pub(super) struct Memory {
    models: HashMap<Arc<str>, Entry>,
    looks: u64,
}

#[derive(Debug)]
struct Entry {
    looked: u64,
    keys: Vec<Seen>,
}

impl Memory {
    /// The name of a model, and the key at it.
    pub(super) fn at(&mut self, model: &str, slot: usize) -> &mut Seen {
        self.looks += 1;
        if !self.models.contains_key(model) {
            if self.models.len() >= MODELS
                && let Some(oldest) =
                    self.models.iter().min_by_key(|(_, entry)| entry.looked).map(|(name, _)| name.clone())
            {
                self.models.remove(&oldest);
            }
            self.models.insert(model.into(), Entry { looked: 0, keys: Vec::new() });
        }
        let entry = self.models.entry(model.into()).or_insert_with(|| Entry { looked: 0, keys: Vec::new() });
        entry.looked = self.looks;
        if entry.keys.len() <= slot {
            entry.keys.resize_with(slot + 1, Seen::default);
        }
        &mut entry.keys[slot]
    }

    /// The key at a model, where it was used there.
    pub(super) fn known(&self, model: &str, slot: usize) -> Option<&Seen> {
        self.models.get(model)?.keys.get(slot)
    }

    /// Another key is in this place: nothing is known of it.
    pub(super) fn forget(&mut self, slot: usize) {
        for entry in self.models.values_mut() {
            if let Some(seen) = entry.keys.get_mut(slot) {
                *seen = Seen::default();
            }
        }
    }

    /// Whether a key answered lately, at any model.
    pub(super) fn answered_lately(&self, slot: usize, now: Instant) -> bool {
        self.models.values().any(|entry| entry.keys.get(slot).is_some_and(|seen| seen.answered_lately(now)))
    }
}

impl Seen {
    pub(super) fn answered(&mut self, now: Instant) {
        (self.answered, self.untold) = (Some(now), 0);
    }

    pub(super) fn answered_lately(&self, now: Instant) -> bool {
        self.answered.is_some_and(|answered| now.saturating_duration_since(answered) <= LATELY)
    }

    /// Takes in what the vendor said of the limits of this key.
    pub(super) fn limits(&mut self, limits: &RateLimits, now: Instant) {
        let dimensions = [
            (limits.requests_limit, limits.requests_remaining, limits.requests_reset),
            (limits.tokens_limit, limits.tokens_remaining, limits.tokens_reset),
            (limits.input_tokens_limit, limits.input_tokens_remaining, limits.input_tokens_reset),
            (limits.output_tokens_limit, limits.output_tokens_remaining, limits.output_tokens_reset),
        ];
        let left = |(limit, remaining, reset): (Option<u64>, Option<u64>, Option<Duration>)| {
            let remaining = remaining?;
            let of = match limit {
                Some(limit) if limit > 0 => remaining.min(limit).saturating_mul(u64::from(FULL)) / limit,
                _ if remaining == 0 => 0,
                _ => return None,
            };
            Some((u32::try_from(of).unwrap_or(FULL), after(now, reset.unwrap_or(BELIEVED))))
        };
        // The scarcest counts.
        if let Some(scarcest) = dimensions.into_iter().filter_map(left).min_by_key(|(left, _)| *left) {
            self.left = Some(scarcest);
        }
    }

    /// Thousandths of its limits that are left, as far as it is known.
    pub(super) fn left(&self, now: Instant) -> u32 {
        self.left.filter(|(_, until)| now < *until).map_or(FULL, |(left, _)| left)
    }

    /// A refusal for too many requests, of a call that began then, without a word on when to come back: how many there
    /// were in a row. Those of calls that were under way at once are one.
    pub(super) fn untold(&mut self, began: Instant, now: Instant) -> u32 {
        if self.untold == 0 || self.untold_at.is_none_or(|last| began >= last) {
            self.untold = self.untold.saturating_add(1);
            self.untold_at = Some(now);
        }
        self.untold
    }
}

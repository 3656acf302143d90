//! Which key a call gets: a pure state machine. Time is an argument, and nothing is drawn.
//!
//! A key may be used unless it is left alone, at the provider or at the model. Of those that may be, the one is taken that
//! a conversation depends on or that a session had before; else they take turns, each as often as it has limits left.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{Error, ErrorKind, Progress, RateLimits, Target};
use tokio::time::Instant;

use super::seen::{FULL, Memory};
use super::status::KeyCooling;
use crate::cooldown::{CoolDownPolicy, CoolDowns, Cooled, Fingerprint, Place, Turn};

/// The first time after too many requests where the vendor did not say when to come back; it doubles.
const UNTOLD: Duration = Duration::from_secs(2);
/// The longest of them.
const MAX_UNTOLD: Duration = Duration::from_secs(60);

/// The keys of one provider.
#[derive(Debug)]
pub(super) struct KeyPool {
    provider: Arc<str>,
    slots: Vec<Slot>,
    memory: Memory,
    policy: CoolDownPolicy,
    cool_downs: Arc<CoolDowns>,
}

/// One place for a key.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// The key that is there now.
    key: Option<Fingerprint>,
    /// How far it is ahead of the others: grows with each turn that it could have had, falls with each that it had.
    lead: i64,
}

/// What a call wants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    pub(super) model: &'a str,
    /// Slots whose key refused this call already.
    pub(super) tried: &'a [bool],
    /// No other slot will do.
    pub(super) only: Option<usize>,
    /// This one rather than others.
    pub(super) rather: Option<usize>,
    /// Calls with the same number get the same key while it may be used.
    pub(super) session: Option<u64>,
}

/// A key for a call.
#[derive(Debug)]
pub(super) struct Picked {
    pub(super) slot: usize,
    pub(super) key: Fingerprint,
    /// The call finds out whether the key is good again; must be given back.
    pub(super) turn: Option<Turn>,
}

/// No key may be used: the one that may be soonest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Soonest {
    pub(super) kind: ErrorKind,
    pub(super) wait: Duration,
}

/// Whether the key of a slot may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Usable {
    Yes,
    /// It is left alone.
    Shut(Soonest),
    /// There is no key.
    Missing,
}

impl KeyPool {
    pub(super) fn new(provider: Arc<str>, slots: usize, policy: CoolDownPolicy, cool_downs: Arc<CoolDowns>) -> Self {
        Self { provider, slots: vec![Slot::default(); slots], memory: Memory::default(), policy, cool_downs }
    }

    /// The key that is in a slot from now on. What is known of another one is forgotten; its cool-downs go with it.
    pub(super) fn set_key(&mut self, slot: usize, key: Option<Fingerprint>) {
        if self.slots[slot].key != key {
            self.slots[slot].key = key;
            self.memory.forget(slot);
        }
    }

    /// A key for a call, or which one may be used soonest; `None` where there is no key at all.
    pub(super) fn pick(&mut self, ask: &Ask<'_>, now: Instant) -> Result<Picked, Option<Soonest>> {
        let target = self.target(ask.model);
        let mut ready: Vec<usize> = (0..self.slots.len())
            .filter(|slot| {
                ask.only.is_none_or(|only| only == *slot) && !ask.tried.get(*slot).is_some_and(|tried| *tried)
            })
            .filter(|slot| self.usable(*slot, &target, now) == Usable::Yes)
            .collect();
        while let Some(slot) = self.choose(&ready, ask, now) {
            if let Some(key) = self.slots[slot].key
                && let Ok(turn) = self.cool_downs.enter(Place { target: &target, credential: Some(key) }, false, now)
            {
                return Ok(Picked { slot, key, turn });
            }
            // Another pool with the same keys was quicker.
            ready.retain(|other| *other != slot);
        }
        Err(self.soonest(ask.model, ask.only, now))
    }

    /// The key that may be used soonest at a model, of those that may not be used now.
    pub(super) fn soonest(&self, model: &str, only: Option<usize>, now: Instant) -> Option<Soonest> {
        let target = self.target(model);
        let slots = (0..self.slots.len()).filter(|slot| only.is_none_or(|only| only == *slot));
        let shut = slots.filter_map(|slot| match self.usable(slot, &target, now) {
            Usable::Shut(soonest) => Some(soonest),
            Usable::Yes | Usable::Missing => None,
        });
        shut.min_by_key(|soonest| soonest.wait)
    }

    /// Whether one of these keys may be used at a model.
    pub(super) fn may_use_any_of(&self, slots: &[bool], model: &str, now: Instant) -> bool {
        let target = self.target(model);
        slots.iter().enumerate().any(|(slot, is_one)| *is_one && self.usable(slot, &target, now) == Usable::Yes)
    }

    /// How long all keys are left alone at all models; `None` when one may be used somewhere.
    pub(super) fn shut_for(&self, now: Instant) -> Option<Duration> {
        let mut soonest: Option<Duration> = None;
        for slot in &self.slots {
            let key = slot.key?;
            let wait = self.cool_downs.refuses_everywhere(&self.provider, key, now)?;
            soonest = Some(soonest.map_or(wait, |soonest| soonest.min(wait)));
        }
        soonest
    }

    /// A call with this key was answered.
    pub(super) fn answered(&mut self, picked: &Picked, model: &str, began: Instant, now: Instant) {
        let target = self.target(model);
        self.cool_downs.answered(Place { target: &target, credential: Some(picked.key) }, began, now);
        if self.is_there(picked) {
            self.memory.at(model, picked.slot).answered(now);
        }
    }

    /// What the vendor said of the limits of this key.
    pub(super) fn limits(&mut self, picked: &Picked, model: &str, limits: &RateLimits, now: Instant) {
        if self.is_there(picked) {
            self.memory.at(model, picked.slot).limits(limits, now);
        }
    }

    /// A call with this key failed, which began at the first of these times.
    pub(super) fn failed(&mut self, picked: &Picked, model: &str, error: &Error, (began, now): (Instant, Instant)) {
        let (kind, target) = (error.kind(), self.target(model));
        let is_there = self.is_there(picked);
        // A single refusal may be an accident or be about the request, but only where nobody can step in is it worth a doubt
        // whether the whole key is meant.
        let proven = is_there
            && match kind {
                ErrorKind::Auth => {
                    self.memory.answered_lately(picked.slot, now) && !self.has_other(picked.slot, &target, now)
                }
                ErrorKind::Permission | ErrorKind::NotFound => {
                    self.memory.known(model, picked.slot).is_some_and(|seen| seen.answered_lately(now))
                }
                _ => false,
            };
        let place = Place { target: &target, credential: Some(picked.key) };
        // Where a key is exchanged for a token first, that is what was refused, and the request was not sent.
        let told = (error.progress() == Progress::NotSent && error.status().is_some())
            .then(|| error.clone().with_progress(Progress::Sent));
        let error = told.as_ref().unwrap_or(error);
        let is_untold = kind == ErrorKind::RateLimited && error.retry_after().is_none_or(|wait| wait.is_zero());
        if is_untold && is_there {
            let times = 2_u32.saturating_pow(self.memory.at(model, picked.slot).untold(began, now).saturating_sub(1));
            let error = error.clone().with_retry_after(UNTOLD.saturating_mul(times).min(MAX_UNTOLD));
            self.cool_downs.failed(place, &error, proven, &self.policy, (began, now));
        } else {
            self.cool_downs.failed(place, error, proven, &self.policy, (began, now));
        }
    }

    /// The call with this key is over.
    pub(super) fn release(&self, picked: &Picked, model: &str) {
        if let Some(turn) = &picked.turn {
            self.cool_downs.release(Place { target: &self.target(model), credential: Some(picked.key) }, turn);
        }
    }

    /// Where a key is left alone.
    pub(super) fn cooling(&self, key: Fingerprint, now: Instant) -> Vec<KeyCooling> {
        let statuses = self.cool_downs.statuses_of(&self.provider, key, now).into_iter();
        statuses.map(|(model, reason, retry_in)| KeyCooling { model, reason, retry_in }).collect()
    }

    fn target(&self, model: &str) -> Target {
        Target::new(self.provider.clone(), model)
    }

    /// The key of the call is still the one in its slot.
    fn is_there(&self, picked: &Picked) -> bool {
        self.slots[picked.slot].key == Some(picked.key)
    }

    fn usable(&self, slot: usize, target: &Target, now: Instant) -> Usable {
        let Some(key) = self.slots[slot].key else { return Usable::Missing };
        match self.cool_downs.refuses(Place { target, credential: Some(key) }, false, now) {
            Some(Cooled { kind, wait }) => Usable::Shut(Soonest { kind, wait }),
            None => Usable::Yes,
        }
    }

    /// Whether another key may be used.
    fn has_other(&self, slot: usize, target: &Target, now: Instant) -> bool {
        (0..self.slots.len()).any(|other| other != slot && self.usable(other, target, now) == Usable::Yes)
    }

    /// One of those that may be used.
    fn choose(&mut self, ready: &[usize], ask: &Ask<'_>, now: Instant) -> Option<usize> {
        if let Some(rather) = ask.rather.filter(|rather| ready.contains(rather)) {
            return Some(rather);
        }
        if let Some(session) = ask.session {
            // The same whichever others may be used, as long as it may be.
            return ready.iter().copied().max_by_key(|slot| mixed(session, *slot));
        }
        let weight = |slot: usize| {
            let left = self.memory.known(ask.model, slot).map_or(FULL, |seen| seen.left(now));
            i64::from(left.max(1))
        };
        let weights: Vec<i64> = ready.iter().map(|slot| weight(*slot)).collect();
        let total: i64 = weights.iter().sum();
        for (slot, weight) in ready.iter().zip(&weights) {
            self.slots[*slot].lead = self.slots[*slot].lead.saturating_add(*weight);
        }
        let next = ready.iter().copied().max_by_key(|slot| (self.slots[*slot].lead, std::cmp::Reverse(*slot)))?;
        self.slots[next].lead = self.slots[next].lead.saturating_sub(total);
        Some(next)
    }
}

/// A number that follows from both (`SplitMix64`).
fn mixed(session: u64, slot: usize) -> u64 {
    let mut mixed = session.wrapping_add((slot as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

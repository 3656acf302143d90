//! All gates of a process.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use llm_core::{Cx, Target, TargetState, TargetStates};
use tokio::time::Instant;

use super::enter::Gate;
use super::settings::{GateScope, GateSettings};
use super::shared::Shared;
use super::status::GateStatus;
use crate::breaker::BreakerState;
use crate::cooldown::{CoolDownStatus, Fingerprint};
use crate::limit::Limits;

/// Gates that nobody holds are forgotten beyond this number, the one that was longest not asked for first.
const UNUSED: usize = 10_000;

/// The gates of all targets: a handle, cheap to clone, all clones the same gates.
///
/// It outlives drivers: one that is built anew and given the same gates knows what the last one learned.
#[derive(Clone, Default)]
pub struct Gates(Arc<Registry>);

#[derive(Default)]
struct Registry {
    entries: RwLock<Entries>,
    shared: Arc<Shared>,
    /// Grows with every look; tells which gate was longest not asked for.
    looks: AtomicU64,
}

#[derive(Default)]
struct Entries {
    gates: HashMap<Key, Entry>,
    all: GateSettings,
    providers: HashMap<Arc<str>, GateSettings>,
    targets: HashMap<Target, GateSettings>,
    /// The next clearing, in gates.
    clear_at: usize,
}

/// Whom a gate is before: a target, or the same model at an address that a caller chose. What happens there says nothing
/// about the target, and what a caller can break there must not be the target's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) target: Target,
    pub(super) endpoint: Option<Fingerprint>,
}

struct Entry {
    gate: Arc<Gate>,
    looked: AtomicU64,
}

impl Gates {
    /// Gates with these settings for all targets.
    pub fn new(settings: GateSettings) -> Self {
        let shared = Arc::new(Shared::default());
        shared.limits.configure(GateScope::All.limits(), settings.limits.clone());
        let entries = Entries { all: settings, ..Entries::default() };
        Self(Arc::new(Registry { entries: RwLock::new(entries), shared, looks: AtomicU64::default() }))
    }

    /// The limits behind the gates: for the process, tenants, keys and whole providers, and for shedding.
    pub fn limits(&self) -> &Limits {
        &self.0.shared.limits
    }

    /// The gate of a target, made where there is none. Whoever holds it keeps it from being forgotten.
    pub fn gate(&self, target: &Target) -> Arc<Gate> {
        self.gate_at(target, None)
    }

    /// The gate that a call of a target passes: that of the target, or of the address that the call chose for it.
    pub fn gate_for(&self, target: &Target, call: &Cx) -> Arc<Gate> {
        // A provider takes a call's address only together with its key.
        self.gate_at(target, call.credential.as_ref().and(call.endpoint.as_deref()))
    }

    /// The gate of a target, or of the same model at another address.
    pub fn gate_at(&self, target: &Target, endpoint: Option<&str>) -> Arc<Gate> {
        let registry = &*self.0;
        let endpoint = endpoint.map(|endpoint| registry.shared.fingerprints.of_text(endpoint));
        let key = Key { target: target.clone(), endpoint };
        let look = registry.looks.fetch_add(1, Ordering::Relaxed);
        if let Some(entry) = registry.entries.read().unwrap_or_else(PoisonError::into_inner).gates.get(&key) {
            entry.looked.store(look, Ordering::Relaxed);
            return Arc::clone(&entry.gate);
        }
        let mut entries = registry.entries.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.gates.get(&key) {
            return Arc::clone(&entry.gate);
        }
        entries.make_room();
        let settings = entries.settings(target);
        let gate = Arc::new(Gate::new(key.clone(), settings, Arc::clone(&registry.shared), Instant::now()));
        entries.gates.insert(key, Entry { gate: Arc::clone(&gate), looked: AtomicU64::new(look) });
        gate
    }

    /// Puts other settings in place, at once and without forgetting what was learned.
    pub fn configure(&self, scope: &GateScope, settings: GateSettings) {
        self.0.shared.limits.configure(scope.limits(), settings.limits.clone());
        let mut entries = self.0.entries.write().unwrap_or_else(PoisonError::into_inner);
        match scope {
            GateScope::All => entries.all = settings,
            GateScope::Provider(provider) => drop(entries.providers.insert(provider.clone(), settings)),
            GateScope::Target(target) => drop(entries.targets.insert(target.clone(), settings)),
        }
        let now = Instant::now();
        for (key, entry) in entries.gates.iter().filter(|(key, _)| scope.covers(&key.target)) {
            entry.gate.configure(entries.settings(&key.target), now);
        }
    }

    /// Lets nothing through to the target until it is reset or closed by force.
    pub fn isolate(&self, target: &Target) {
        self.gate(target).with_breaker(|breaker| breaker.isolate(Instant::now()));
    }

    /// Lets everything through to the target, whatever it comes to, until it is reset or isolated.
    pub fn force_close(&self, target: &Target) {
        self.gate(target).with_breaker(|breaker| breaker.force_close(Instant::now()));
    }

    /// Forgets what was held against the target: its breaker is as new, and the cool-downs of keys that end here end.
    pub fn reset(&self, target: &Target) {
        self.0.shared.cool_downs.forget(target);
        self.gate(target).with_breaker(|breaker| breaker.reset(Instant::now()));
    }

    /// Says that a health check of the target succeeded: an open breaker may try a call at once.
    pub fn probe_passed(&self, target: &Target) {
        self.gate(target).with_breaker(|breaker| breaker.probe_passed(Instant::now()));
    }

    /// Ends the cool-downs of the providers' own keys that were refused. For a client that is built anew: its keys may be
    /// others. Where a vendor said until when to wait, that is kept.
    pub fn forget_refused_keys(&self) {
        self.0.shared.cool_downs.forget_refused(Instant::now());
    }

    /// The keys that are left alone now, by provider and model.
    pub fn cool_downs(&self) -> Vec<CoolDownStatus> {
        self.0.shared.cool_downs.statuses(Instant::now())
    }

    /// The state of every gate, by target.
    pub fn statuses(&self) -> Vec<GateStatus> {
        let now = Instant::now();
        let entries = self.0.entries.read().unwrap_or_else(PoisonError::into_inner);
        let mut statuses: Vec<_> = entries.gates.values().map(|entry| entry.gate.status(now)).collect();
        drop(entries);
        statuses.sort_unstable_by(|a, b| (&a.target, &a.endpoint).cmp(&(&b.target, &b.endpoint)));
        statuses
    }
}

impl Entries {
    fn settings(&self, target: &Target) -> &GateSettings {
        self.targets.get(target).or_else(|| self.providers.get(&target.provider)).unwrap_or(&self.all)
    }

    /// Forgets the eighth of all gates that was longest not asked for, when there are too many: first those that have
    /// nothing to say. Gates that somebody holds or has set by hand stay; where those alone are too many, the next
    /// clearing comes when an eighth more have been made.
    fn make_room(&mut self) {
        if self.gates.len() < self.clear_at.max(UNUSED) {
            return;
        }
        let mut unused: Vec<_> = self
            .gates
            .iter()
            .filter(|(_, entry)| Arc::strong_count(&entry.gate) == 1)
            .filter_map(|(key, entry)| match entry.gate.breaker_state() {
                BreakerState::Isolated | BreakerState::ForcedClosed => None,
                state => Some((state != BreakerState::Closed, entry.looked.load(Ordering::Relaxed), key.clone())),
            })
            .collect();
        let kept = UNUSED - UNUSED / 8;
        if let Some(surplus) = unused.len().checked_sub(kept).filter(|surplus| *surplus > 0) {
            unused.select_nth_unstable_by_key(surplus - 1, |(speaks, looked, _)| (*speaks, *looked));
            for (.., key) in &unused[..surplus] {
                self.gates.remove(key);
            }
        }
        self.clear_at = self.gates.len() + UNUSED / 8;
    }
}

impl TargetStates for Gates {
    fn state(&self, target: &Target) -> Arc<dyn TargetState> {
        self.gate(target)
    }
}

impl fmt::Debug for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.0.entries.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Gates").field("gates", &entries.gates.len()).finish_non_exhaustive()
    }
}

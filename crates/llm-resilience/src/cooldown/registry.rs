//! The cool-downs of all keys of a process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use llm_core::{Error, ErrorKind, Progress, Target, duration_text};
use serde::Serialize;
use tokio::time::Instant;

use super::fingerprint::Fingerprint;
use super::policy::CoolDownPolicy;
use super::state::{CoolDown, Cooled};

/// Cool-downs that are kept. Beyond that the eighth that ends soonest is forgotten.
const KEPT: usize = 10_000;

/// Where a call goes with which key; `None` is the provider's own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) target: &'a Target,
    pub(crate) credential: Option<Fingerprint>,
}

/// A key at a provider, or at one model of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    provider: Arc<str>,
    credential: Option<Fingerprint>,
    model: Option<Arc<str>>,
}

/// The turn of a call that finds out whether a key is good again. Must be given back.
#[derive(Debug)]
#[must_use]
pub(crate) struct Turn(u64);

/// One cool-down, for people and dashboards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CoolDownStatus {
    /// The provider.
    pub provider: Arc<str>,
    /// The model; all models where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Arc<str>>,
    /// The fingerprint of the key; the provider's own where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// What the vendor refused it with.
    pub reason: ErrorKind,
    /// How long it is left alone.
    #[serde(with = "duration_text")]
    pub retry_in: Duration,
}

/// All cool-downs.
#[derive(Debug, Default)]
pub(crate) struct CoolDowns {
    /// How many there are, so that calls do not queue for a look at nothing.
    count: AtomicUsize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    entries: HashMap<Key, CoolDown>,
    calls: u64,
}

impl Place<'_> {
    fn keys(self) -> [Key; 2] {
        let key = |model| Key { provider: self.target.provider.clone(), credential: self.credential, model };
        [key(None), key(Some(self.target.model.clone()))]
    }
}

impl CoolDowns {
    /// Asks for a call.
    pub(crate) fn enter(&self, place: Place<'_>, last_resort: bool, now: Instant) -> Result<Option<Turn>, Cooled> {
        if self.is_empty() {
            return Ok(None);
        }
        let mut table = self.lock();
        let keys = place.keys();
        if let Some(cooled) = table.refuses(&keys, last_resort, now) {
            return Err(cooled);
        }
        table.calls += 1;
        let call = table.calls;
        let mut turn = None;
        for key in &keys {
            if let Some(entry) = table.entries.get_mut(key)
                && entry.admitted(call, now)
            {
                turn = Some(Turn(call));
            }
        }
        Ok(turn)
    }

    /// Why a call would not go now; `None` when it would.
    pub(crate) fn refuses(&self, place: Place<'_>, last_resort: bool, now: Instant) -> Option<Cooled> {
        if self.is_empty() {
            return None;
        }
        self.lock().refuses(&place.keys(), last_resort, now)
    }

    /// A call failed that began at the first of these times. `proven`: the model answered lately.
    pub(crate) fn failed(
        &self,
        place: Place<'_>,
        error: &Error,
        proven: bool,
        policy: &CoolDownPolicy,
        (began, now): (Instant, Instant),
    ) {
        let (kind, retry_after) = (error.kind(), error.retry_after());
        // Where nothing was sent, the vendor refused nothing: a key that is missing is not one that is wrong.
        if error.progress() == Progress::NotSent || policy.time(kind, retry_after, 1).is_none() {
            return;
        }
        let [credential, model] = place.keys();
        let key = match kind {
            ErrorKind::Auth => credential,
            // A quota that comes back at a time is one of a model and a day; an account without credit has no such time.
            ErrorKind::QuotaExhausted if retry_after.is_none_or(|wait| wait.is_zero()) => credential,
            _ => model,
        };
        let mut table = self.lock();
        table.make_room(now);
        table.entries.entry(key).or_insert_with(|| CoolDown::new(now)).strike(
            kind,
            retry_after,
            proven,
            policy,
            (began, now),
        );
        self.count.store(table.entries.len(), Ordering::Relaxed);
    }

    /// A call that began at `began` was answered.
    pub(crate) fn answered(&self, place: Place<'_>, began: Instant, now: Instant) {
        if self.is_empty() {
            return;
        }
        let mut table = self.lock();
        for key in place.keys() {
            if table.entries.get(&key).is_some_and(|entry| entry.is_lifted(began, now)) {
                table.entries.remove(&key);
            }
        }
        self.count.store(table.entries.len(), Ordering::Relaxed);
    }

    /// The call with this turn is over.
    pub(crate) fn release(&self, place: Place<'_>, turn: &Turn) {
        let mut table = self.lock();
        for key in place.keys() {
            if let Some(entry) = table.entries.get_mut(&key) {
                entry.released(turn.0);
            }
        }
    }

    /// Forgets all that keeps calls from a target: the cool-downs of its keys there and everywhere.
    pub(crate) fn forget(&self, target: &Target) {
        self.retain(|key, _| {
            key.provider != target.provider || key.model.as_ref().is_some_and(|model| *model != target.model)
        });
    }

    /// Forgets what providers' own keys were refused with; what a vendor asked to wait for stays.
    pub(crate) fn forget_refused(&self, now: Instant) {
        self.retain(|key, entry| key.credential.is_some() || entry.is_told(now));
    }

    /// Forgets what any key was refused with; what a vendor asked to wait for stays.
    pub(crate) fn forget_refused_of_all(&self, now: Instant) {
        self.retain(|_, entry| entry.is_told(now));
    }

    /// How long a key is left alone at all models of a provider; `None` when it is not.
    pub(crate) fn refuses_everywhere(&self, provider: &Arc<str>, key: Fingerprint, now: Instant) -> Option<Duration> {
        if self.is_empty() {
            return None;
        }
        let key = Key { provider: provider.clone(), credential: Some(key), model: None };
        Some(self.lock().entries.get(&key)?.refuses(false, now)?.wait)
    }

    /// Where a key of a provider is left alone, why and for how long: everywhere first, then by model.
    pub(crate) fn statuses_of(
        &self,
        provider: &Arc<str>,
        credential: Fingerprint,
        now: Instant,
    ) -> Vec<(Option<Arc<str>>, ErrorKind, Duration)> {
        let table = self.lock();
        let of_key =
            table.entries.iter().filter(|(key, _)| key.provider == *provider && key.credential == Some(credential));
        let mut statuses: Vec<_> = of_key
            .filter_map(|(key, entry)| {
                let Cooled { kind, wait } = entry.refuses(false, now)?;
                Some((key.model.clone(), kind, wait))
            })
            .collect();
        drop(table);
        statuses.sort_unstable_by(|(a, ..), (b, ..)| a.cmp(b));
        statuses
    }

    fn retain(&self, keep: impl Fn(&Key, &CoolDown) -> bool) {
        let mut table = self.lock();
        table.entries.retain(|key, entry| keep(key, entry));
        self.count.store(table.entries.len(), Ordering::Relaxed);
    }

    /// All that last now, by provider and model.
    pub(crate) fn statuses(&self, now: Instant) -> Vec<CoolDownStatus> {
        let table = self.lock();
        let mut statuses: Vec<_> = table
            .entries
            .iter()
            .filter_map(|(key, entry)| {
                let Cooled { kind, wait } = entry.refuses(false, now)?;
                Some(CoolDownStatus {
                    provider: key.provider.clone(),
                    model: key.model.clone(),
                    credential: key.credential.map(|fingerprint| fingerprint.to_string()),
                    reason: kind,
                    retry_in: wait,
                })
            })
            .collect();
        drop(table);
        statuses.sort_unstable_by(|a, b| {
            (&a.provider, &a.model, &a.credential).cmp(&(&b.provider, &b.model, &b.credential))
        });
        statuses
    }

    fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Of several the one that lasts longest.
    fn refuses(&self, keys: &[Key; 2], last_resort: bool, now: Instant) -> Option<Cooled> {
        keys.iter().filter_map(|key| self.entries.get(key)?.refuses(last_resort, now)).max_by_key(|cooled| cooled.wait)
    }

    fn make_room(&mut self, now: Instant) {
        if self.entries.len() < KEPT {
            return;
        }
        self.entries.retain(|_, entry| !entry.is_spent(now));
        let mut ends: Vec<_> = self.entries.values().map(CoolDown::ends_at).collect();
        if let Some(surplus) = ends.len().checked_sub(KEPT - KEPT / 8).filter(|surplus| *surplus > 0) {
            let (_, last, _) = ends.select_nth_unstable(surplus - 1);
            let (last, mut surplus) = (*last, surplus);
            self.entries.retain(|_, entry| {
                let goes = surplus > 0 && entry.ends_at() <= last;
                surplus -= usize::from(goes);
                !goes
            });
        }
    }
}

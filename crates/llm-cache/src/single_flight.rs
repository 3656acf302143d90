//! One upstream call for all that ask the same at the same time.
//!
//! The call belongs to nobody: whoever waits for it polls it, so it goes on when the first of them gives up, and it is
//! dropped, which ends it at the vendor, with the last of them.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_util::FutureExt as _;
use futures_util::future::{Shared, WeakShared};
use llm_core::{CacheStatus, Error, ErrorKind, Response, TimeoutStage};

use crate::entry::Entry;
use crate::key::CacheKey;
use crate::live::Live;

type Call = Pin<Box<dyn Future<Output = Result<Landed, Error>> + Send>>;

/// A call in flight.
pub(crate) type Flight = Shared<Call>;

/// What a flight came to.
#[derive(Clone)]
pub(crate) enum Landed {
    /// A whole answer.
    Whole(Arc<Whole>),
    /// A stream that is still being made.
    Live(Arc<Live>),
}

/// A whole answer: as it came for the first, and as it is given to the others.
pub(crate) struct Whole {
    pub(crate) first: Mutex<Option<Response>>,
    pub(crate) entry: Arc<Entry>,
    /// What the cache did for the first.
    pub(crate) status: CacheStatus,
}

enum Slot {
    Flying(WeakShared<Call>),
    Whole(Arc<Whole>),
    Live(Weak<Live>),
}

/// The calls in flight, by key.
#[derive(Default)]
pub(crate) struct Flights {
    slots: Mutex<Slots>,
}

#[derive(Default)]
struct Slots {
    by_key: HashMap<CacheKey, (u64, Slot)>,
    last: u64,
}

/// How a request takes part in a flight.
pub(crate) enum Part {
    /// It began it.
    Lead(Flight),
    /// It came later.
    Follow(Flight),
    /// The answer is there, and being stored.
    Landed(Landed),
}

/// A flight's place in the list, given up when dropped.
pub(crate) struct Seat {
    flights: Arc<Flights>,
    key: CacheKey,
    number: u64,
}

impl Flights {
    /// Takes part in the flight of a key; `begin` makes it where there is none.
    pub(crate) fn join<F>(self: &Arc<Self>, key: CacheKey, begin: impl FnOnce(Seat) -> F) -> Part
    where
        F: Future<Output = Result<Landed, Error>> + Send + 'static,
    {
        let mut slots = self.lock();
        // Nothing that a flight owns is dropped under this lock: its seat would want it too.
        match slots.by_key.get(&key).map(|(_, slot)| slot) {
            Some(Slot::Flying(flight)) => {
                if let Some(flight) = flight.upgrade() {
                    return Part::Follow(flight);
                }
            }
            Some(Slot::Whole(whole)) => return Part::Landed(Landed::Whole(whole.clone())),
            Some(Slot::Live(live)) => {
                if let Some(live) = live.upgrade() {
                    return Part::Landed(Landed::Live(live));
                }
            }
            None => {}
        }
        slots.last += 1;
        let number = slots.last;
        let flight = begin(Seat { flights: self.clone(), key, number });
        let flight: Call = Box::pin(flight);
        let flight = flight.shared();
        if let Some(weak) = flight.downgrade() {
            slots.by_key.insert(key, (number, Slot::Flying(weak)));
        }
        Part::Lead(flight)
    }

    /// Flights that somebody waits for or reads, or whose answer is being stored.
    pub(crate) fn count(&self) -> usize {
        self.lock().by_key.len()
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The answer is whole: who comes from now on gets it at once.
    pub(crate) fn whole(&self, whole: &Arc<Whole>) {
        self.set(Slot::Whole(whole.clone()));
    }

    /// The answer is a stream: who comes from now on reads along.
    pub(crate) fn live(&self, live: Weak<Live>) {
        self.set(Slot::Live(live));
    }

    fn set(&self, slot: Slot) {
        let old = {
            let mut slots = self.flights.lock();
            match slots.by_key.get_mut(&self.key) {
                Some((number, old)) if *number == self.number => Some(std::mem::replace(old, slot)),
                _ => None,
            }
        };
        drop(old);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let old = {
            let mut slots = self.flights.lock();
            match slots.by_key.get(&self.key) {
                Some((number, _)) if *number == self.number => slots.by_key.remove(&self.key),
                _ => None,
            }
        };
        drop(old);
    }
}

/// Whether a failure of the first request says little about the ones that followed it: they ask once more, together.
pub(crate) fn asks_again(error: &Error) -> bool {
    let own = matches!(
        error.kind(),
        // The first one's time, patience or budget.
        ErrorKind::Cancelled | ErrorKind::Timeout(TimeoutStage::Total) | ErrorKind::BudgetExceeded | ErrorKind::Limited
    );
    own || error.is_retryable()
}

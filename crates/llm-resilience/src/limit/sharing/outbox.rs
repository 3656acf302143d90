//! What the keeper has to say: requests that are over, and those that are still at work.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::limit::store::{RateRequest, RateSettlement, RateStore};

/// Settlements that are kept while the store does not answer; beyond it the oldest are forgotten. What they gave back is
/// earned again by then, and their places end with their leases.
const KEPT: usize = 20_000;
/// Settlements of one operation: nobody else is served meanwhile.
const AT_ONCE: usize = 64;

#[derive(Debug)]
pub(super) struct Outbox {
    pub(super) store: Arc<dyn RateStore>,
    over: Mutex<VecDeque<RateSettlement>>,
    at_work: Mutex<HashMap<Arc<str>, Arc<RateRequest>>>,
    news: Notify,
    closed: AtomicBool,
    unknown: AtomicBool,
    names: AtomicU64,
}

impl Outbox {
    pub(super) fn new(store: Arc<dyn RateStore>) -> Self {
        Self {
            store,
            over: Mutex::default(),
            at_work: Mutex::default(),
            news: Notify::new(),
            closed: AtomicBool::new(false),
            unknown: AtomicBool::new(false),
            names: AtomicU64::new(0),
        }
    }

    /// A name that no other request has.
    pub(super) fn name(&self, replica: &str) -> Arc<str> {
        format!("{replica}-{:x}", self.names.fetch_add(1, Ordering::Relaxed)).into()
    }

    /// A request that is at work; `known` to the store. Only those with a place are remembered: nobody keeps anything else
    /// for them.
    pub(super) fn begin(&self, request: &Arc<RateRequest>, known: bool) {
        if request.charges.iter().any(|charge| charge.account.places.is_some()) {
            self.at_work().insert(request.id.clone(), request.clone());
            self.unknown.fetch_or(!known, Ordering::Relaxed);
        }
    }

    /// Whether there may be one at work that the store was not told of, since this was last asked.
    pub(super) fn has_unknown(&self) -> bool {
        self.unknown.swap(false, Ordering::Relaxed)
    }

    /// It is no longer.
    pub(super) fn end(&self, request: &RateRequest) {
        self.at_work().remove(&request.id);
    }

    /// Everybody at work.
    pub(super) fn all_at_work(&self) -> Vec<Arc<RateRequest>> {
        self.at_work().values().cloned().collect()
    }

    pub(super) fn push(&self, settlement: RateSettlement) {
        let mut over = self.over();
        if over.len() >= KEPT {
            over.pop_front();
        }
        over.push_back(settlement);
        drop(over);
        self.news.notify_one();
    }

    /// Some of those that are over.
    pub(super) fn some_over(&self) -> Vec<RateSettlement> {
        let mut over = self.over();
        let some = over.len().min(AT_ONCE);
        over.drain(..some).collect()
    }

    /// Those that the store was not told of after all.
    pub(super) fn put_back(&self, some: Vec<RateSettlement>) {
        let mut over = self.over();
        for settlement in some.into_iter().rev() {
            if over.len() < KEPT {
                over.push_front(settlement);
            }
        }
    }

    /// Waits until there is something to say.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    /// Nobody will say anything any more.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.news.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn over(&self) -> MutexGuard<'_, VecDeque<RateSettlement>> {
        self.over.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at_work(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<RateRequest>>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! What drivers learn from one request for the next: the budgets of retries and hedges, and how long targets take.

mod history;
mod times;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use llm_core::Target;
use tokio::time::Instant;

use crate::retry::RetryBudget;
use crate::retry::budget::{Bucket, RETRY};

pub(crate) use history::{History, Operation};

/// Targets and routes that are remembered.
const MOST: usize = 10_000;
/// Hedges that can be saved up.
const MOST_HEDGES: u64 = 100 * RETRY;

/// What drivers learn from one request for the next: a handle, cheap to clone, all clones the same.
///
/// It holds the budgets of retries and hedges and the times to first content. It outlives drivers: one that is built
/// anew and given the same handle goes on where the last one was.
#[derive(Clone)]
pub struct Learned(Arc<Inner>);

struct Inner {
    /// Times are counted from here.
    epoch: Instant,
    budget: RetryBudget,
    all: Mutex<Bucket>,
    targets: RwLock<HashMap<Target, Arc<History>>>,
    /// Thousandths of hedges by route.
    hedges: Mutex<HashMap<Arc<str>, u64>>,
}

impl Default for Learned {
    fn default() -> Self {
        Self::new(RetryBudget::default())
    }
}

impl Learned {
    /// Nothing learned yet, with this budget of retries for each target and for all together.
    pub fn new(budget: RetryBudget) -> Self {
        Self(Arc::new(Inner {
            epoch: Instant::now(),
            budget,
            all: Mutex::new(Bucket::new(budget, Duration::ZERO)),
            targets: RwLock::default(),
            hedges: Mutex::default(),
        }))
    }

    /// `now` as the time since the epoch.
    pub(crate) fn time(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.0.epoch)
    }

    /// The history of a target.
    pub(crate) fn history(&self, target: &Target, now: Instant) -> Arc<History> {
        if let Some(history) = self.0.targets.read().unwrap_or_else(PoisonError::into_inner).get(target) {
            return history.clone();
        }
        let mut targets = self.0.targets.write().unwrap_or_else(PoisonError::into_inner);
        if targets.len() >= MOST {
            // Those that no request holds now. It happens only where callers choose the targets' names.
            targets.retain(|_, history| Arc::strong_count(history) > 1);
        }
        let history = || Arc::new(History::new(Bucket::new(self.0.budget, self.time(now)), self.time(now)));
        targets.entry(target.clone()).or_insert_with(history).clone()
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Bucket> {
        self.0.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first attempt of a request was made.
    pub(crate) fn first_attempt(&self, now: Instant) {
        self.all().deposit(self.time(now));
    }

    /// Pays for a retry at a target, from its budget and that of all.
    pub(crate) fn pay_retry(&self, history: &History, now: Instant) -> bool {
        let now = self.time(now);
        let mut all = self.all();
        all.balance(now) >= RETRY && history.pay_retry(now) && all.withdraw(now)
    }

    /// Pays for an attempt beside those of one target: a hedge, or another target after a failed one.
    pub(crate) fn pay(&self, now: Instant) -> bool {
        self.all().withdraw(self.time(now))
    }

    /// Gives back what was paid for another target that answered.
    pub(crate) fn refund(&self, now: Instant) {
        self.all().refund(self.time(now));
    }

    /// A request of a route that hedges has begun; `share` thousandths of a hedge come with it.
    pub(crate) fn may_hedge_later(&self, route: &Arc<str>, share: u64) {
        let mut hedges = self.0.hedges.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(saved) = hedges.get_mut(route) {
            *saved = (*saved + share).min(MOST_HEDGES);
        } else if hedges.len() < MOST {
            hedges.insert(route.clone(), RETRY + share);
        }
    }

    /// Pays for a hedge from the budgets of its route and of all.
    pub(crate) fn pay_hedge(&self, route: &str, now: Instant) -> bool {
        let mut hedges = self.0.hedges.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(saved) = hedges.get_mut(route) else { return false };
        let paid = *saved >= RETRY && self.pay(now);
        if paid {
            *saved -= RETRY;
        }
        paid
    }
}

impl fmt::Debug for Learned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let targets = self.0.targets.read().unwrap_or_else(PoisonError::into_inner).len();
        f.debug_struct("Learned").field("budget", &self.0.budget).field("targets", &targets).finish_non_exhaustive()
    }
}

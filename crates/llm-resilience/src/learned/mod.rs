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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn hedges_are_saved_up_by_route_and_paid_from_both_budgets() {
        let (learned, now) = (Learned::new(RetryBudget::new(0, 0, 3)), Instant::now());
        let (one, other): (Arc<str>, Arc<str>) = ("one".into(), "other".into());
        assert!(!learned.pay_hedge(&one, now), "no request yet");
        learned.may_hedge_later(&one, 50);
        assert!(learned.pay_hedge(&one, now), "one is there at the start");
        assert!(!learned.pay_hedge(&one, now));
        for _ in 0..18 {
            learned.may_hedge_later(&one, 50);
        }
        assert!(!learned.pay_hedge(&one, now), "950 thousandths");
        learned.may_hedge_later(&one, 50);
        assert!(learned.pay_hedge(&one, now));
        learned.may_hedge_later(&other, 1000);
        assert!(learned.pay_hedge(&other, now));
        assert!(!learned.pay_hedge(&other, now), "the budget of all is used up");
        learned.refund(now);
        assert!(learned.pay_hedge(&other, now), "nothing was taken from the route in vain");
    }

    #[tokio::test(start_paused = true)]
    async fn a_retry_is_paid_at_its_target_and_in_all_or_not_at_all() {
        let (learned, now) = (Learned::new(RetryBudget::new(0, 0, 2)), Instant::now());
        let [a, b] = ["a", "b"].map(|id| learned.history(&Target::new(id, "m"), now));
        assert!(learned.pay_retry(&a, now) && learned.pay_retry(&a, now));
        assert!(!learned.pay_retry(&a, now) && !learned.pay_retry(&b, now));
        learned.refund(now);
        assert!(!learned.pay_retry(&a, now), "its own is used up");
        assert!(learned.pay_retry(&b, now), "and nothing of that of all was taken for it");
    }

    #[tokio::test(start_paused = true)]
    async fn targets_that_nobody_uses_are_forgotten_beyond_ten_thousand() {
        let (learned, now) = (Learned::default(), Instant::now());
        let kept = learned.history(&Target::new("a", "kept"), now);
        kept.failed();
        for number in 0..MOST {
            learned.history(&Target::new("a", number.to_string()), now);
        }
        let targets = learned.0.targets.read().unwrap().len();
        assert!(targets <= MOST, "{targets}");
        assert!(Arc::ptr_eq(&kept, &learned.history(&Target::new("a", "kept"), now)));
    }

    #[tokio::test(start_paused = true)]
    async fn five_failures_in_a_row_make_a_target_one_that_does_not_answer() {
        let (learned, now) = (Learned::default(), Instant::now());
        let history = learned.history(&Target::new("a", "m"), now);
        for _ in 0..4 {
            history.failed();
        }
        assert!(history.answers());
        history.failed();
        assert!(!history.answers());
        history.answered(Operation::Whole, Duration::from_secs(1), learned.time(now));
        assert!(history.answers());
    }
}

//! The task that speaks with a common store beside the requests: settlements, beats, and finding it again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use llm_core::Error;
use tokio::time::{Instant, timeout_at};

use super::health::Health;
use super::options::RateSharing;
use super::outbox::Outbox;
use crate::limit::book::{Book, Wakers};
use crate::limit::store::{RateBeat, RateRequest, RateSettlement};

/// Requests that are kept in their places by one operation.
const AT_ONCE: usize = 200;

pub(super) struct Keeper {
    pub(super) outbox: Arc<Outbox>,
    pub(super) health: Arc<Mutex<Health>>,
    pub(super) options: RateSharing,
    pub(super) replica: Arc<str>,
    pub(super) book: Weak<Mutex<Book>>,
}

/// An operation failed. After some in a row requests do without the store.
pub(super) fn failed(health: &Mutex<Health>, book: Whose<'_>, error: &Error) {
    // Both under the lock, so that they never disagree.
    let mut health = health.lock().unwrap_or_else(PoisonError::into_inner);
    if health.failed() {
        tracing::warn!(
            error = error.message(),
            "the common store of limits does not answer: keeping to a share of them"
        );
        change(book, |book| book.part(Instant::now()));
    }
}

/// A book, and by what name its process is known to the store.
type Whose<'a> = (&'a Weak<Mutex<Book>>, &'a str);

/// Changes the book, if there still is one and it has no other store, and wakes whose turn it is outside of the lock.
fn change((book, replica): Whose<'_>, act: impl FnOnce(&mut Book) -> Wakers) {
    if let Some(book) = book.upgrade() {
        let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
        if book.sharing.as_ref().is_some_and(|sharing| sharing.replica() == replica) {
            let wakers = act(&mut book);
            drop(book);
            wakers.wake();
        }
    }
}

impl Keeper {
    pub(super) async fn run(self) {
        let (mut next_beat, mut renewed) = (Instant::now(), None::<Instant>);
        loop {
            if Instant::now() >= next_beat {
                let renew = renewed.is_none_or(|renewed| renewed.elapsed() >= self.options.lease / 3);
                // The places of those at work are the store's to know of as soon as it is found again.
                let renew = self.outbox.has_unknown() || renew || self.health().is_alone();
                if self.beat(renew).await && self.tell_apart().await {
                    if renew {
                        renewed = Some(Instant::now());
                    }
                    self.rejoin().await;
                }
                next_beat = Instant::now() + self.options.beat;
            }
            if !self.health().is_alone() {
                self.settle().await;
            }
            if self.outbox.is_closed() {
                return self.end().await;
            }
            let _ = timeout_at(next_beat, self.outbox.news()).await;
        }
    }

    /// Says that this process lives, and who is at work. False when the store did not hear it.
    async fn beat(&self, renew: bool) -> bool {
        let at_work = if renew { self.outbox.all_at_work() } else { Vec::new() };
        let mut rest: &[Arc<RateRequest>] = &at_work;
        loop {
            let (some, more) = rest.split_at(rest.len().min(AT_ONCE));
            // As long as three beats, should one be late.
            let alive = (self.options.beat * 3).max(Duration::from_millis(1));
            let beat = RateBeat { replica: &self.replica, alive, at_work: some };
            match self.outbox.store.beat(beat).await {
                Ok(replicas) => {
                    self.health().succeeded();
                    if self.health().count(replicas) {
                        change(self.whose(), |book| book.share(Some(replicas.max(1)), Instant::now()));
                    }
                }
                Err(error) => {
                    failed(&self.health, self.whose(), &error);
                    return false;
                }
            }
            if more.is_empty() {
                return true;
            }
            rest = more;
        }
    }

    /// Says what was used without asking. False when the store did not hear it.
    async fn tell_apart(&self) -> bool {
        let mut apart = Vec::new();
        change(self.whose(), |book| {
            apart = book.tell_apart(Instant::now());
            Wakers::default()
        });
        if apart.is_empty() {
            return true;
        }
        let id = self.outbox.name(&self.replica);
        let (charges, used) = apart.into_iter().unzip();
        let request = Arc::new(RateRequest { id, charges, lease: self.options.lease });
        let settlement = RateSettlement { request, used, asked: false };
        match self.outbox.store.settle(std::slice::from_ref(&settlement)).await {
            Ok(()) => true,
            Err(error) => {
                // Under the same name it counts once, whatever became of it.
                self.outbox.push(settlement);
                failed(&self.health, self.whose(), &error);
                false
            }
        }
    }

    /// The store answers: from now on requests ask it again.
    async fn rejoin(&self) {
        {
            let mut health = self.health();
            if !health.is_alone() {
                return;
            }
            health.rejoin();
            change(self.whose(), |book| book.rejoin(Instant::now()));
        }
        tracing::info!("the common store of limits answers again");
        // What was used since the last word.
        self.tell_apart().await;
    }

    /// Says which requests are over, until there are no more or the store does not hear it.
    async fn settle(&self) {
        loop {
            let some = self.outbox.some_over();
            if some.is_empty() {
                return;
            }
            if let Err(error) = self.outbox.store.settle(&some).await {
                self.outbox.put_back(some);
                return failed(&self.health, self.whose(), &error);
            }
            self.health().succeeded();
        }
    }

    /// The last word.
    async fn end(&self) {
        let beat = RateBeat { replica: &self.replica, alive: Duration::ZERO, at_work: &[] };
        // Who does not hear it finds out when it hears nothing more.
        let _ = self.outbox.store.beat(beat).await;
    }

    fn whose(&self) -> Whose<'_> {
        (&self.book, &self.replica)
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Calls at work, and what the ledger has yet to hear of them: one task keeps the first alive and delivers the second.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::allowance::Shares;
use crate::budgets::{Named, Notices};
use crate::ledger::{Ledger, LedgerError, Reservation};

/// How often calls at work are kept alive.
const BEAT: Duration = Duration::from_secs(2);
/// How long a ledger that does not answer is left alone.
const AGAIN: Duration = Duration::from_millis(250);
/// Most messages that are under way at a time. After a failure it is one, then two, and so on: a ledger that is just back
/// is not buried under everything that happened without it.
const BATCH: usize = 64;

/// A call at work.
pub(crate) struct Live {
    pub(crate) reservation: Reservation,
    pub(crate) named: Vec<Named>,
    /// What it has cost so far, in billionths of a dollar.
    pub(crate) observed: AtomicU64,
    /// It goes without the ledger, on the allowance for that.
    pub(crate) is_allowance: bool,
    /// A heartbeat is on its way, so that a ledger which does not answer has no heap of them to hear later.
    is_posted: AtomicBool,
}

impl Live {
    pub(crate) fn new(reservation: Reservation, named: Vec<Named>) -> Self {
        Self { reservation, named, observed: AtomicU64::new(0), is_allowance: false, is_posted: AtomicBool::new(false) }
    }
}

/// What the ledger has yet to hear.
enum Post {
    Heartbeat(Arc<Live>),
    Settle(Arc<Live>, u64),
}

pub(crate) struct Outbox {
    ledger: Arc<dyn Ledger>,
    notices: Arc<Notices>,
    shares: Arc<Shares>,
    live: Mutex<HashMap<Arc<str>, Arc<Live>>>,
    posts: Mutex<VecDeque<Post>>,
    /// The ledger did not take something that counts: what it says of hard budgets is not the whole truth.
    behind: AtomicBool,
    /// How many messages are under way at a time now.
    batch: AtomicUsize,
    /// Held while messages are under way: who waits for all of them waits for these, too.
    delivering: tokio::sync::Mutex<()>,
    wake: Arc<Notify>,
    worker: Mutex<Option<JoinHandle<()>>>,
}

impl Outbox {
    pub(crate) fn new(ledger: Arc<dyn Ledger>, notices: Arc<Notices>, shares: Arc<Shares>) -> Self {
        Self {
            ledger,
            notices,
            shares,
            live: Mutex::default(),
            posts: Mutex::default(),
            behind: AtomicBool::new(false),
            batch: AtomicUsize::new(BATCH),
            delivering: tokio::sync::Mutex::default(),
            wake: Arc::new(Notify::new()),
            worker: Mutex::default(),
        }
    }

    pub(crate) fn at_work(&self) -> usize {
        lock(&self.live).len()
    }

    /// Whether hard budgets must wait until the ledger has heard everything.
    pub(crate) fn is_behind(&self) -> bool {
        self.behind.load(Ordering::Acquire)
    }

    /// A call begins, which has cost its input as soon as it is sent.
    pub(crate) fn begin(&self, live: &Arc<Live>) {
        let first = {
            let mut at_work = lock(&self.live);
            at_work.insert(live.reservation.id.clone(), live.clone());
            at_work.len() == 1
        };
        if first {
            // The task sleeps without a timer while nothing is at work.
            self.wake.notify_one();
        }
        self.beat(live);
    }

    /// Tells what a call has cost so far.
    pub(crate) fn beat(&self, live: &Arc<Live>) {
        match self.ledger.heartbeat_now(&live.reservation, live.observed.load(Ordering::Relaxed)) {
            Some(reply) => self.notices.note(&live.named, &live.reservation.charges, &reply),
            None if live.is_posted.swap(true, Ordering::AcqRel) => {}
            None => self.post(Post::Heartbeat(live.clone())),
        }
    }

    /// A call is over. Needs no runtime, so that dropping a call is enough.
    pub(crate) fn end(&self, live: &Arc<Live>, actual: u64) {
        lock(&self.live).remove(&live.reservation.id);
        if live.is_allowance {
            self.shares.spend(&live.reservation, actual);
        }
        match self.ledger.settle_now(&live.reservation, actual) {
            Some(reply) => {
                self.notices.note(&live.named, &live.reservation.charges, &reply);
                self.heard(live);
            }
            None => self.post(Post::Settle(live.clone(), actual)),
        }
    }

    /// The ledger knows what the call cost.
    fn heard(&self, live: &Live) {
        if live.is_allowance {
            self.shares.heard();
        }
    }

    fn post(&self, post: Post) {
        lock(&self.posts).push_back(post);
        self.wake.notify_one();
    }

    /// Delivers what there is; an error when the ledger does not take it.
    pub(crate) async fn drain(&self) -> Result<(), LedgerError> {
        let _delivering = self.delivering.lock().await;
        loop {
            let batch: Vec<Post> = {
                let mut posts = lock(&self.posts);
                let most = posts.len().min(self.batch.load(Ordering::Relaxed));
                posts.drain(..most).collect()
            };
            if batch.is_empty() {
                self.behind.store(false, Ordering::Release);
                return Ok(());
            }
            // Put back when this future is dropped on the way: what is posted twice is done once.
            let mut guard = PutBack { outbox: self, posts: batch.into() };
            let results = join_all(guard.posts.iter().map(|post| self.send(post))).await;
            let mut failed = None;
            let mut results = results.into_iter();
            guard.posts.retain(|_| match results.next() {
                Some(Err(error)) => {
                    failed = Some(error);
                    true
                }
                _ => false,
            });
            drop(guard);
            let batch = self.batch.load(Ordering::Relaxed);
            self.batch.store(if failed.is_some() { 1 } else { BATCH.min(2 * batch) }, Ordering::Relaxed);
            if let Some(error) = failed {
                self.behind.store(true, Ordering::Release);
                return Err(error);
            }
        }
    }

    async fn send(&self, post: &Post) -> Result<(), LedgerError> {
        let (live, result) = match post {
            // What it cost follows, or has been told.
            Post::Heartbeat(live) if !lock(&self.live).contains_key(&live.reservation.id) => return Ok(()),
            Post::Heartbeat(live) => {
                live.is_posted.store(false, Ordering::Release);
                let observed = live.observed.load(Ordering::Relaxed);
                (live, self.ledger.heartbeat(&live.reservation, observed).await)
            }
            Post::Settle(live, actual) => (live, self.ledger.settle(&live.reservation, *actual).await),
        };
        match result {
            Ok(reply) => self.notices.note(&live.named, &live.reservation.charges, &reply),
            // It will never take this one, so asking again would hold up the others.
            Err(LedgerError::TooLarge(_)) => {}
            Err(error) => {
                // It is put back.
                live.is_posted.store(matches!(post, Post::Heartbeat(_)), Ordering::Release);
                return Err(error);
            }
        }
        if matches!(post, Post::Settle(..)) {
            self.heard(live);
        }
        Ok(())
    }

    /// Starts the task that delivers, in the runtime of the first call and again when that has ended.
    pub(crate) fn start(self: &Arc<Self>) {
        let mut worker = lock(&self.worker);
        if worker.as_ref().is_none_or(JoinHandle::is_finished)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            *worker = Some(runtime.spawn(work(Arc::downgrade(self))));
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        if let Some(worker) = lock(&self.worker).take() {
            worker.abort();
        }
    }
}

struct PutBack<'a> {
    outbox: &'a Outbox,
    posts: VecDeque<Post>,
}

impl Drop for PutBack<'_> {
    fn drop(&mut self) {
        let mut posts = lock(&self.outbox.posts);
        while let Some(post) = self.posts.pop_back() {
            posts.push_front(post);
        }
    }
}

async fn work(outbox: Weak<Outbox>) {
    let mut next_beat = Instant::now() + BEAT;
    loop {
        // Held only while there is something to do, so that the outbox can go.
        let Some(strong) = outbox.upgrade() else { return };
        let delivered = strong.drain().await.is_ok();
        if Instant::now() >= next_beat {
            next_beat = Instant::now() + BEAT;
            let live: Vec<_> = lock(&strong.live).values().cloned().collect();
            for live in &live {
                strong.beat(live);
            }
            if delivered {
                continue;
            }
        }
        let (wake, idle) = (strong.wake.clone(), strong.at_work() == 0);
        drop(strong);
        if !delivered {
            tokio::time::sleep(AGAIN).await;
        } else if idle {
            wake.notified().await;
            next_beat = Instant::now() + BEAT;
        } else {
            // Either there is something to deliver, or it is time to keep the calls alive.
            let _ = tokio::time::timeout_at(next_beat, wake.notified()).await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The way to a common store: asking it, telling it what became of requests without waiting for that, and doing without it.
//!
//! A request asks once, for all that binds it. Everything else is said by the keeper, a task of its own.

mod enter;
mod health;
mod keeper;
mod options;
mod outbox;

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

pub use self::options::{RateSharing, RateSharingState};

use self::health::Health;
use self::keeper::Keeper;
use self::outbox::Outbox;
use super::amounts::Amounts;
use super::book::Book;
use super::store::{RateAnswer, RateCharge, RateRequest, RateSettlement, RateStore};

/// The way of one process to a common store.
#[derive(Debug)]
pub(crate) struct Sharing {
    outbox: Arc<Outbox>,
    health: Arc<Mutex<Health>>,
    options: RateSharing,
    replica: Arc<str>,
    book: Weak<Mutex<Book>>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

impl Sharing {
    pub(crate) fn new(store: Arc<dyn RateStore>, options: RateSharing, book: Weak<Mutex<Book>>) -> Arc<Self> {
        let health = Health::new(options.failures, options.replicas);
        Arc::new(Self {
            outbox: Arc::new(Outbox::new(store)),
            health: Arc::new(Mutex::new(health)),
            options,
            // Two processes draw the same name once in 2^64.
            replica: format!("{:016x}", RandomState::new().hash_one(0)).into(),
            book,
            keeper: Mutex::default(),
        })
    }

    /// Sees to it that the keeper is at work, as soon as there is a runtime for it.
    pub(crate) fn keep(&self) {
        if Handle::try_current().is_err() {
            return;
        }
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        // The runtime that it was at work in may be gone.
        if keeper.as_ref().is_none_or(JoinHandle::is_finished) {
            let work = Keeper {
                outbox: self.outbox.clone(),
                health: self.health.clone(),
                options: self.options.clone(),
                replica: self.replica.clone(),
                book: self.book.clone(),
            };
            *keeper = Some(tokio::spawn(work.run()));
        }
    }

    /// Whether it leads to this store, by these options.
    pub(crate) fn is_to(&self, store: &Arc<dyn RateStore>, options: &RateSharing) -> bool {
        Arc::ptr_eq(&self.outbox.store, store) && self.options == *options
    }

    /// The name of this process at the store.
    pub(crate) fn replica(&self) -> &str {
        &self.replica
    }

    /// How it stands with the store.
    pub(crate) fn state(&self) -> RateSharingState {
        let health = self.health();
        RateSharingState { replicas: health.replicas(), alone: health.is_alone() }
    }

    /// A request of the store under a name of its own.
    pub(crate) fn request(&self, charges: Vec<RateCharge>) -> Arc<RateRequest> {
        Arc::new(RateRequest { id: self.outbox.name(&self.replica), charges, lease: self.options.lease })
    }

    /// Asks the store; `None` when it did not answer. Dropping the future takes back what was asked.
    pub(crate) async fn reserve(self: &Arc<Self>, request: &Arc<RateRequest>) -> Option<RateAnswer> {
        if self.health().is_alone() {
            return None;
        }
        self.keep();
        let mut asked = Asked { sharing: self, request: Some(request) };
        let answer = self.outbox.store.reserve(request).await;
        match answer {
            Ok(answer) => {
                asked.request = None;
                self.health().succeeded();
                Some(answer)
            }
            Err(error) => {
                drop(asked);
                self.failed(&error);
                None
            }
        }
    }

    fn failed(&self, error: &llm_core::Error) {
        keeper::failed(&self.health, (&self.book, &self.replica), error);
    }

    /// What a request has of the store until it is over.
    pub(crate) fn ticket(self: &Arc<Self>, request: Arc<RateRequest>, asked: bool) -> Ticket {
        self.outbox.begin(&request, asked);
        Ticket { sharing: self.clone(), request, asked }
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sharing {
    fn drop(&mut self) {
        // The keeper says what is left to say, and ends.
        self.outbox.close();
    }
}

/// A request that the store may have heard of without our having heard of that.
struct Asked<'a> {
    sharing: &'a Arc<Sharing>,
    request: Option<&'a Arc<RateRequest>>,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if let Some(request) = self.request {
            let used = vec![[0; 5]; request.charges.len()];
            self.sharing.outbox.push(RateSettlement { request: request.clone(), used, asked: true });
        }
    }
}

/// What a request has of a common store.
#[derive(Debug)]
pub(crate) struct Ticket {
    sharing: Arc<Sharing>,
    request: Arc<RateRequest>,
    asked: bool,
}

impl Ticket {
    /// The request is over, and this is what it used.
    pub(crate) fn settle(self, used: &Amounts) {
        let used = self.request.charges.iter().map(|charge| charge.account.units(used)).collect();
        self.sharing.outbox.end(&self.request);
        self.sharing.outbox.push(RateSettlement { request: self.request, used, asked: self.asked });
    }

    /// The request is over, and the store hears of it otherwise.
    pub(crate) fn forget(self) {
        self.sharing.outbox.end(&self.request);
    }
}

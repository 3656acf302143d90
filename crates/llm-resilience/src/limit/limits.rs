//! The limits of a process: a handle on the book, and the slots that requests hold.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use llm_core::{Error, Load, Priority, Target, TokenEstimate};
use serde::Serialize;
use tokio::time::{Instant, sleep_until};

use super::accounts::Way;
use super::book::{Ask, Book, Held, Turn, Wakers};
use super::policy::LimitPolicy;
use super::refusal::Refusal;
use super::scope::{Holder, LimitScope};
use super::sharing::{RateSharing, RateSharingState, Sharing};
use super::slot::Slot;
use super::store::RateStore;
use crate::share::Share;
use crate::shed::{ShedLevel, ShedPolicy};

/// What limits must know of an attempt.
#[derive(Clone, Copy, Debug)]
pub struct LimitAsk<'a> {
    /// The time.
    pub now: Instant,
    /// When the request must be done: no wait is longer.
    pub deadline: Instant,
    /// Who is called.
    pub target: &'a Target,
    /// On whose behalf.
    pub tenant: Option<&'a str>,
    /// The fingerprint of the key of this call, where it is not the provider's own.
    pub credential: Option<u64>,
    /// How much it matters that it is answered now.
    pub priority: Priority,
    /// The tokens that it is thought to take.
    pub tokens: TokenEstimate,
    /// 64 random bits.
    pub draw: u64,
    /// Wait for a turn. Otherwise a limit that is reached is an error at once.
    pub may_wait: bool,
}

/// All limits of a process: a handle, cheap to clone, all clones the same limits.
///
/// It outlives drivers: one that is built anew and given the same limits keeps what is used, waiting and learned.
#[derive(Clone, Default)]
pub struct Limits(Arc<Mutex<Book>>);

impl Limits {
    /// Limits that learn what vendors say, and set none of their own.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a policy in place, at once: what is used, learned and waiting stays. Without a policy the scope has no limit.
    pub fn configure(&self, scope: LimitScope, policy: impl Into<Option<LimitPolicy>>) {
        let mut book = self.book();
        let wakers = book.configure(scope, policy.into(), Instant::now());
        drop(book);
        wakers.wake();
    }

    /// Everybody who has a policy of their own.
    pub fn scopes(&self) -> Vec<LimitScope> {
        self.book().accounts.scopes()
    }

    /// Puts other bounds for shedding in place. They apply where the process has a limit or somebody reads a gauge.
    pub fn set_shedding(&self, policy: ShedPolicy) {
        self.book().shed = policy;
    }

    /// Tells how much of another resource (memory, file handles) is used.
    pub fn set_gauge(&self, used: Option<Share>) {
        self.book().gauge = used;
    }

    /// How much is shed now.
    pub fn shed_level(&self, now: Instant) -> ShedLevel {
        self.book().level(now)
    }

    /// Keeps the limits of tenants, providers and targets together with other processes, or with none from now on.
    ///
    /// What this process alone is allowed, and what callers' own keys are, stays its own. Another store, or another address
    /// of it, is set in the same way; what is at work is settled where it began. The same store again, with the same
    /// options, changes nothing.
    pub fn set_store(&self, store: Option<Arc<dyn RateStore>>, options: RateSharing) {
        let current = self.book().sharing.clone();
        if let (Some(current), Some(store)) = (&current, &store)
            && current.is_to(store, &options)
        {
            return current.keep();
        }
        let sharing = store.map(|store| {
            let replicas = options.replicas;
            (Sharing::new(store, options, Arc::downgrade(&self.0)), replicas)
        });
        let current = sharing.as_ref().map(|(sharing, _)| sharing.clone());
        let (old, wakers) = self.book().join(sharing, Instant::now());
        drop(old);
        wakers.wake();
        if let Some(current) = current {
            current.keep();
        }
    }

    /// How it stands with the common store; `None` where there is none.
    pub fn sharing(&self) -> Option<RateSharingState> {
        let sharing = self.book().sharing.clone();
        sharing.map(|sharing| sharing.state())
    }

    /// Asks for a turn, and waits for it where that is allowed. Dropping the future leaves nothing behind.
    ///
    /// With a common store one more question is asked of it, for everything that the request takes.
    ///
    /// The error is `limited`, or `payload_too_large` for what no limit lets through at any time; its `retry_after` says
    /// when it is worth asking again.
    pub async fn enter(&self, ask: LimitAsk<'_>) -> Result<Slot, Error> {
        let way = Way { target: ask.target, tenant: ask.tenant, credential: ask.credential };
        let asking = Ask {
            now: ask.now,
            since: ask.now,
            deadline: ask.deadline,
            way,
            priority: ask.priority,
            tokens: ask.tokens,
            draw: ask.draw,
            may_wait: ask.may_wait,
        };
        let (turn, wakers, jointly) = {
            let mut book = self.book();
            let (turn, wakers) = book.enter(&asking);
            (turn, wakers, book.sharing.is_some())
        };
        wakers.wake();
        if jointly {
            // Whoever asks nobody has nothing of its size.
            return Box::pin(self.enter_jointly(asking, turn)).await;
        }
        let held = match turn {
            Turn::Now(held) => Ok((held, ask.now, false)),
            Turn::Never(refusal) => Err(refusal),
            Turn::Later(number) => self.wait(number).await.map(|held| (held, Instant::now(), true)),
        };
        match held {
            Ok((held, since, waited)) => Ok(Slot::new(self.clone(), held, since, waited, None)),
            Err(refusal) => Err(refusal.error(ask.target)),
        }
    }

    pub(super) async fn wait(&self, number: u64) -> Result<Held, Refusal> {
        let waiting = Waiting { limits: self, number };
        let mut sleep = pin!(sleep_until(Instant::now()));
        let outcome = poll_fn(|cx| {
            loop {
                let (poll, look, wakers) = self.book().poll(number, cx, Instant::now());
                wakers.wake();
                if poll.is_ready() {
                    return poll;
                }
                let Some(look) = look else { return Poll::Pending };
                sleep.as_mut().reset(look);
                if sleep.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
            }
        });
        let outcome = outcome.await;
        std::mem::forget(waiting);
        outcome
    }

    /// How busy a target is.
    pub fn load(&self, target: &Target) -> Load {
        self.load_of(&Holder::Target(target.clone()))
    }

    /// How busy the process is, where it has a limit.
    pub fn process_load(&self) -> Load {
        self.load_of(&Holder::Process)
    }

    /// What could be asked of a target now, of everything that is limited or learned there.
    pub fn left(&self, target: &Target, now: Instant) -> Vec<LimitLeft> {
        let mut book = self.book();
        let Some(account) = book.accounts.find(&Holder::Target(target.clone())) else { return Vec::new() };
        let left = book.accounts[account].rates.left(now);
        let named = ["rpm", "rpd", "tpm", "itpm", "otpm"].into_iter().zip(left);
        named.filter_map(|(name, left)| left.map(|(left, limit)| LimitLeft { name, left, limit })).collect()
    }

    fn load_of(&self, holder: &Holder) -> Load {
        let book = self.book();
        let Some(account) = book.accounts.find(holder).map(|number| &book.accounts[number]) else {
            return Load::default();
        };
        let queued = u32::try_from(account.queue.len()).unwrap_or(u32::MAX);
        Load::new(account.places.in_flight(), queued, account.places.limit())
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the book, and wakes whose turn it is outside of the lock.
    pub(super) fn change(&self, act: impl FnOnce(&mut Book) -> Wakers) {
        let wakers = act(&mut self.book());
        wakers.wake();
    }
}

/// What is left of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LimitLeft {
    /// What it counts, as the name of its setting (`rpm`).
    pub name: &'static str,
    /// What could be taken now; negative in debt.
    pub left: i64,
    /// The limit.
    pub limit: u64,
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").finish_non_exhaustive()
    }
}

/// A request in a queue. Dropped before its turn was taken, it leaves the queue.
struct Waiting<'a> {
    limits: &'a Limits,
    number: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.limits.change(|book| book.cancel(self.number, Instant::now()));
    }
}

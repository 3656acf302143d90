//! The ledger: what is spent and what is set aside, account by account.
//!
//! Money is set aside before a call (`reserve`), kept while the call is at work (`heartbeat`), and becomes what the call
//! really cost at its end (`settle`). A reservation that nobody keeps runs out: what was observed of its call by then is
//! charged, the rest is free again. Every store has this trait and passes one suite of tests.

pub(crate) mod book;
mod journal;
mod journal_file;
mod memory;
#[cfg(feature = "redis")]
mod redis;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use journal::{Entry, Journal, JournalStore, read_entries};
pub use journal_file::JournalFile;
pub use memory::MemoryLedger;
#[cfg(feature = "redis")]
pub use redis::{Finding, RedisLedger, RedisOptions};

/// The wall clock in Unix milliseconds. Closures are clocks.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> u64;
}

impl<F: Fn() -> u64 + Send + Sync + 'static> Clock for F {
    fn now(&self) -> u64 {
        self()
    }
}

/// Where money is counted: one budget, one subject, one window.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Account {
    /// Its name, the same in every process.
    pub key: Arc<str>,
    /// When its window ends, in Unix milliseconds. Ended accounts are forgotten after a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<u64>,
}

/// What a request sets aside in one account. Amounts are billionths of a dollar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Where.
    pub account: Account,
    /// How much.
    pub amount: u64,
    /// The account's limit; `None` counts only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Hard: what is set aside counts against the limit, too. Soft: only what is spent.
    #[serde(default)]
    pub hard: bool,
    /// Amounts of spent money to tell about when they are reached, each once.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub alerts: Arc<[u64]>,
}

#[allow(clippy::ref_option_ref, reason = "serde hands a reference")]
fn is_empty(alerts: &Arc<[u64]>) -> bool {
    alerts.is_empty()
}

/// What a request sets aside: in all its accounts or in none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Names it for ever: what has the same id is the same reservation.
    pub id: Arc<str>,
    /// How long it lives without a heartbeat.
    pub lease: Duration,
    /// In which accounts. None of them twice.
    pub charges: Vec<Charge>,
}

impl Reservation {
    /// Whether a limit depends on it that must never be overspent.
    pub fn is_hard(&self) -> bool {
        self.charges.iter().any(|charge| charge.hard && charge.limit.is_some())
    }
}

/// What is in an account, in billionths of a dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// What calls cost.
    pub spent: i64,
    /// What is set aside for calls at work.
    pub reserved: i64,
    /// Of `spent`: of calls whose reservation ran out before they were settled.
    pub orphaned: i64,
}

/// What a ledger answers to an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What became of it.
    pub outcome: Outcome,
    /// Amounts to tell about, which no other operation was or will be told of.
    pub crossed: Vec<Crossing>,
    /// What is in the accounts now, in the order of the charges.
    pub balances: Vec<Balance>,
}

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It is done.
    Applied,
    /// It had been done before, so nothing was done now.
    Repeated,
    /// The reservation is settled already, so it can be neither made nor kept.
    Closed,
    /// It does not fit; nothing was set aside anywhere.
    Denied {
        /// The first charge that does not fit.
        charge: usize,
        /// What is left there.
        remaining: u64,
        /// What is set aside there for calls at work, some of which may come back.
        reserved: u64,
    },
}

/// An amount that is worth telling was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// By which charge of the reservation.
    pub charge: usize,
    /// Which amount.
    pub amount: u64,
}

/// Why a ledger did nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The store does not answer, or not in time. Whether it did something is not known.
    #[error("the budget ledger does not answer ({0})")]
    Unavailable(String),
    /// The store did not answer a moment ago, so it was not asked: nothing was done.
    #[error("the budget ledger did not answer a moment ago and is left alone for now")]
    Down,
    /// The store lost what it knew, and its users are telling it again.
    #[error("the budget ledger lost its state and is being rebuilt")]
    Rebuilding,
    /// An amount over 2⁵³ billionths of a dollar, which not every store can count exactly.
    #[error("an amount of {0} billionths of a dollar is more than a budget ledger counts exactly")]
    TooLarge(u64),
}

/// Where budgets are kept.
#[async_trait]
pub trait Ledger: Send + Sync + 'static {
    /// Sets aside what the reservation says, in all accounts or in none. Safe to repeat.
    async fn reserve(&self, reservation: &Reservation) -> Result<Reply, LedgerError>;

    /// Keeps a reservation for another lease, and notes what its call has cost so far. One that has run out or was lost
    /// is taken back as if it had not, whatever the limits say: its call is at work.
    async fn heartbeat(&self, reservation: &Reservation, observed: u64) -> Result<Reply, LedgerError>;

    /// Turns a reservation into what its call cost, in every account. Always done, even over a limit, even when the
    /// reservation has run out; done once however often it is asked for.
    async fn settle(&self, reservation: &Reservation, actual: u64) -> Result<Reply, LedgerError>;

    /// Gives a reservation back whose call was never made.
    async fn release(&self, reservation: &Reservation) -> Result<Reply, LedgerError> {
        self.settle(reservation, 0).await
    }

    /// A heartbeat as far as that goes without waiting; see [`settle_now`](Self::settle_now).
    fn heartbeat_now(&self, _reservation: &Reservation, _observed: u64) -> Option<Reply> {
        None
    }

    /// Settles as far as that goes without waiting: a store in this process is done with it (`Some`), another one notes
    /// it where a crash cannot lose it, and `settle` has to follow.
    fn settle_now(&self, _reservation: &Reservation, _actual: u64) -> Option<Reply> {
        None
    }

    /// Writes down a reservation that goes without the store, so that a crash does not lose what its call costs; the store
    /// hears of it when it is kept or settled. A store in this process has nothing to write.
    fn note(&self, _reservation: &Reservation) -> Result<(), LedgerError> {
        Ok(())
    }

    /// What is in these accounts.
    async fn read(&self, accounts: &[Account]) -> Result<Vec<Balance>, LedgerError>;

    /// Puts the spent money of an account right, to what a better source knows. What is set aside stays.
    async fn recompute(&self, account: &Account, spent: u64) -> Result<Balance, LedgerError>;
}

/// The largest amount that every store counts exactly.
pub(crate) const EXACT: u64 = 1 << 53;

/// Refuses what could not be counted exactly.
pub(crate) fn check(reservation: &Reservation) -> Result<(), LedgerError> {
    let amounts = reservation.charges.iter().flat_map(|charge| [Some(charge.amount), charge.limit]);
    amounts.flatten().find(|amount| *amount > EXACT).map_or(Ok(()), |amount| Err(LedgerError::TooLarge(amount)))
}

//! The ledger of one process, with a journal for the time after it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::book::Book;
use super::journal::{Entry, Journal, JournalStore};
use super::{Account, Balance, Clock, Ledger, LedgerError, Outcome, Reply, Reservation, check};

/// A journal that is longer than this, and than four times what it must have, is written anew.
const LONG: usize = 16 << 20;

/// Keeps budgets in memory. With a journal a restart loses nothing.
pub struct MemoryLedger {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

struct Inner {
    book: Book,
    journal: Option<Journal>,
    /// Length of the journal at which it is written anew.
    long: usize,
}

impl MemoryLedger {
    /// Without a journal: forgotten with the process.
    pub fn new(clock: impl Clock) -> Self {
        let inner = Inner { book: Book::default(), journal: None, long: LONG };
        Self { clock: Arc::new(clock), inner: Mutex::new(inner) }
    }

    /// With a journal. What is in it is done again first.
    ///
    /// Reservations of calls that were at work are kept until their lease runs out, and then charged as observed.
    pub fn open(clock: impl Clock, store: impl JournalStore) -> io::Result<Self> {
        let (entries, journal) = Journal::open(store)?;
        let mut book = Book::default();
        for entry in entries {
            replay(&mut book, entry);
        }
        let mut inner = Inner { book, journal: Some(journal), long: LONG };
        inner.rewrite()?;
        Ok(Self { clock: Arc::new(clock), inner: Mutex::new(inner) })
    }

    fn keep(&self, reservation: &Reservation, observed: u64) -> Result<Reply, LedgerError> {
        check(reservation)?;
        let (mut inner, now) = self.inner();
        let made = inner.made(reservation, now);
        let reply = inner.book.heartbeat(reservation, observed, now);
        let entry = Entry::Heartbeat { at: now, id: reservation.id.clone(), observed };
        inner.note(made.into_iter().chain([entry]), &reply, reservation)?;
        Ok(reply)
    }

    fn apply(&self, reservation: &Reservation, actual: u64) -> Result<Reply, LedgerError> {
        check(reservation)?;
        let (mut inner, now) = self.inner();
        let made = inner.made(reservation, now);
        let reply = inner.book.settle(reservation, actual, now);
        let entry = Entry::Settle { at: now, id: reservation.id.clone(), actual };
        inner.note(made.into_iter().chain([entry]), &reply, reservation)?;
        Ok(reply)
    }

    fn inner(&self) -> (MutexGuard<'_, Inner>, u64) {
        // The book is whole between operations, whatever a panic elsewhere did.
        (self.inner.lock().unwrap_or_else(PoisonError::into_inner), self.clock.now())
    }
}

impl Inner {
    /// The entry for a reservation that comes with an operation on it, because it is not known yet.
    fn made(&self, reservation: &Reservation, at: u64) -> Option<Entry> {
        let new = self.journal.is_some() && !self.book.knows(&reservation.id);
        new.then(|| Entry::Reserve { at, reservation: reservation.clone() })
    }

    /// Notes what was done, and what somebody is told because of it.
    fn note(
        &mut self,
        entries: impl IntoIterator<Item = Entry>,
        reply: &Reply,
        reservation: &Reservation,
    ) -> Result<(), LedgerError> {
        let told = reply.crossed.iter().filter_map(|crossing| {
            let account = reservation.charges.get(crossing.charge)?.account.clone();
            Some(Entry::Told { account, amount: crossing.amount })
        });
        self.write(entries.into_iter().chain(told))
    }

    /// An error leaves the book as it is: what is known is not thrown away, and the next write takes all of it.
    fn write(&mut self, entries: impl IntoIterator<Item = Entry>) -> Result<(), LedgerError> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        let result =
            if journal.is_broken() || journal.bytes() > self.long { self.rewrite() } else { journal.append(entries) };
        result.map_err(|error| LedgerError::Unavailable(format!("its journal cannot be written: {error}")))
    }

    /// Writes down what the book has now, in the place of how it came to it.
    fn rewrite(&mut self) -> io::Result<()> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        journal.replace(snapshot(&self.book))?;
        self.long = LONG.max(4 * journal.bytes());
        Ok(())
    }
}

fn snapshot(book: &Book) -> impl Iterator<Item = Entry> {
    let accounts = book.accounts().map(|(account, balance, told)| {
        let told = told.to_vec();
        Entry::Balance { account, balance, told }
    });
    accounts.chain(book.records().map(|(id, record)| Entry::Record { id: id.clone(), record: record.clone() }))
}

fn replay(book: &mut Book, entry: Entry) {
    // A record in the book knows its charges and its lease.
    let known = |id: Arc<str>| Reservation { id, lease: Duration::ZERO, charges: Vec::new() };
    match entry {
        Entry::Reserve { at, reservation } => {
            book.heartbeat(&reservation, 0, at);
        }
        Entry::Heartbeat { at, id, observed } if book.knows(&id) => {
            book.heartbeat(&known(id), observed, at);
        }
        Entry::Settle { at, id, actual } if book.knows(&id) => {
            book.settle(&known(id), actual, at);
        }
        Entry::Balance { account, balance, told } => book.put_account(&account, balance, told),
        Entry::Record { id, record } => book.put_record(&id, record),
        Entry::Recompute { at, account, spent } => {
            book.recompute(&account, spent, at);
        }
        Entry::Told { account, amount } => book.told(&account, amount),
        Entry::Heartbeat { .. } | Entry::Settle { .. } | Entry::Done { .. } => {}
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn reserve(&self, reservation: &Reservation) -> Result<Reply, LedgerError> {
        check(reservation)?;
        let (mut inner, now) = self.inner();
        let reply = inner.book.reserve(reservation, now);
        let made = reply.outcome == Outcome::Applied;
        let entry =
            (made && inner.journal.is_some()).then(|| Entry::Reserve { at: now, reservation: reservation.clone() });
        if let Err(error) = inner.note(entry, &reply, reservation) {
            if made {
                inner.book.settle(reservation, 0, now);
            }
            return Err(error);
        }
        Ok(reply)
    }

    async fn heartbeat(&self, reservation: &Reservation, observed: u64) -> Result<Reply, LedgerError> {
        self.keep(reservation, observed)
    }

    fn heartbeat_now(&self, reservation: &Reservation, observed: u64) -> Option<Reply> {
        self.keep(reservation, observed).ok()
    }

    async fn settle(&self, reservation: &Reservation, actual: u64) -> Result<Reply, LedgerError> {
        self.apply(reservation, actual)
    }

    fn settle_now(&self, reservation: &Reservation, actual: u64) -> Option<Reply> {
        self.apply(reservation, actual).ok()
    }

    async fn read(&self, accounts: &[Account]) -> Result<Vec<Balance>, LedgerError> {
        let (mut inner, now) = self.inner();
        Ok(inner.book.read(accounts, now))
    }

    async fn recompute(&self, account: &Account, spent: u64) -> Result<Balance, LedgerError> {
        let (mut inner, now) = self.inner();
        let balance = inner.book.recompute(account, spent, now);
        let entry = Entry::Recompute { at: now, account: account.clone(), spent };
        inner.write([entry])?;
        Ok(balance)
    }
}

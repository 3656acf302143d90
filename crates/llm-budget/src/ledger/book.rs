//! The ledger's rules in memory: pure, the time is an argument.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Account, Balance, Charge, Crossing, Outcome, Reply, Reservation};

/// How long a settled reservation is remembered, so that settling it again does nothing.
pub(crate) const REMEMBERED: u64 = 60 * 60 * 1000;
/// How long an account is kept after the end of its window.
const KEPT: u64 = 8 * 24 * 60 * 60 * 1000;

/// Accounts and reservations.
#[derive(Debug, Default)]
pub(crate) struct Book {
    accounts: HashMap<Arc<str>, Entry>,
    records: HashMap<Arc<str>, Record>,
    /// When leases run out, and when settled records are forgotten: not later than the record says. Those that moved on
    /// meanwhile are queued again when their turn comes.
    due: BinaryHeap<Reverse<(u64, Arc<str>)>>,
}

#[derive(Debug, Default)]
struct Entry {
    balance: Balance,
    ends: Option<u64>,
    told: Vec<u64>,
}

/// What is known of a reservation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    charges: Vec<Charge>,
    /// In milliseconds.
    lease: u64,
    observed: i64,
    /// When its lease runs out, or when it is forgotten.
    due: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Held,
    /// Ran out; `observed` was charged.
    Expired,
    Done,
}

impl Record {
    fn keep(&mut self, observed: u64, now: u64) {
        self.observed = self.observed.max(signed(observed));
        self.state = State::Held;
        self.due = now.saturating_add(self.lease);
    }
}

impl Book {
    pub(crate) fn reserve(&mut self, reservation: &Reservation, now: u64) -> Reply {
        self.sweep(now);
        if let Some(record) = self.records.get(&reservation.id) {
            let done = record.state == State::Done;
            return self.reply(if done { Outcome::Closed } else { Outcome::Repeated }, &reservation.charges);
        }
        if let Some(denied) = self.denied(&reservation.charges) {
            return self.reply(denied, &reservation.charges);
        }
        self.hold(reservation, now);
        self.reply(Outcome::Applied, &reservation.charges)
    }

    pub(crate) fn heartbeat(&mut self, reservation: &Reservation, observed: u64, now: u64) -> Reply {
        self.sweep(now);
        match self.records.get(&reservation.id).map(|record| record.state) {
            Some(State::Done) => return self.reply(Outcome::Closed, &reservation.charges),
            Some(State::Held) => {
                if let Some(record) = self.records.get_mut(&reservation.id) {
                    record.keep(observed, now);
                }
            }
            Some(State::Expired) => {
                let Some(mut record) = self.records.remove(&reservation.id) else {
                    return self.reply(Outcome::Closed, &reservation.charges);
                };
                for charge in &record.charges {
                    let balance = &mut self.entry(&charge.account).balance;
                    balance.spent -= record.observed;
                    balance.orphaned -= record.observed;
                    balance.reserved += signed(charge.amount);
                }
                record.keep(observed, now);
                self.put(&reservation.id, record);
            }
            None => {
                self.hold(reservation, now);
                if let Some(record) = self.records.get_mut(&reservation.id) {
                    record.observed = signed(observed);
                }
            }
        }
        self.reply(Outcome::Applied, &reservation.charges)
    }

    pub(crate) fn settle(&mut self, reservation: &Reservation, actual: u64, now: u64) -> Reply {
        self.sweep(now);
        let actual = signed(actual);
        let due = now.saturating_add(REMEMBERED);
        let done = Record { charges: Vec::new(), lease: 0, observed: 0, due, state: State::Done };
        let (charges, state, observed) = match self.records.get_mut(&reservation.id) {
            Some(record) if record.state == State::Done => {
                return self.reply(Outcome::Repeated, &reservation.charges);
            }
            Some(record) => {
                let record = std::mem::replace(record, done);
                (record.charges, Some(record.state), record.observed)
            }
            None => {
                self.put(&reservation.id, done);
                (reservation.charges.clone(), None, 0)
            }
        };
        for charge in &charges {
            let balance = &mut self.entry(&charge.account).balance;
            balance.spent += actual;
            match state {
                Some(State::Held) => balance.reserved -= signed(charge.amount),
                Some(_) => {
                    balance.spent -= observed;
                    balance.orphaned -= observed;
                }
                None => {}
            }
        }
        self.reply(Outcome::Applied, &charges)
    }

    pub(crate) fn read(&mut self, accounts: &[Account], now: u64) -> Vec<Balance> {
        self.sweep(now);
        accounts.iter().map(|account| self.balance(account)).collect()
    }

    pub(crate) fn recompute(&mut self, account: &Account, spent: u64, now: u64) -> Balance {
        self.sweep(now);
        let entry = self.entry(account);
        entry.balance.spent = signed(spent);
        entry.balance
    }

    /// Whether a reservation is known, in whatever state.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.records.contains_key(id)
    }

    /// Remembers that an amount was told.
    pub(crate) fn told(&mut self, account: &Account, amount: u64) {
        let told = &mut self.entry(account).told;
        if !told.contains(&amount) {
            told.push(amount);
        }
    }

    /// Puts an account as it was when the book was written down.
    pub(crate) fn put_account(&mut self, account: &Account, balance: Balance, told: Vec<u64>) {
        let ends = account.ends;
        self.accounts.insert(account.key.clone(), Entry { balance, ends, told });
    }

    /// Puts a reservation as it was when the book was written down.
    pub(crate) fn put_record(&mut self, id: &Arc<str>, record: Record) {
        self.put(id, record);
    }

    /// Every account with what of it must be written down.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = (Account, Balance, &[u64])> {
        self.accounts
            .iter()
            .map(|(key, entry)| (Account { key: key.clone(), ends: entry.ends }, entry.balance, entry.told.as_slice()))
    }

    /// Every reservation that is remembered.
    pub(crate) fn records(&self) -> impl Iterator<Item = (&Arc<str>, &Record)> {
        self.records.iter()
    }

    fn denied(&self, charges: &[Charge]) -> Option<Outcome> {
        charges.iter().enumerate().find_map(|(number, charge)| {
            let limit = signed(charge.limit?);
            let balance = self.balance(&charge.account);
            let (used, fits) = if charge.hard {
                let used = balance.spent + balance.reserved;
                (used, used + signed(charge.amount) <= limit)
            } else {
                (balance.spent, balance.spent < limit)
            };
            (!fits).then(|| Outcome::Denied {
                charge: number,
                remaining: u64::try_from(limit - used).unwrap_or(0),
                reserved: u64::try_from(balance.reserved).unwrap_or(0),
            })
        })
    }

    fn hold(&mut self, reservation: &Reservation, now: u64) {
        for charge in &reservation.charges {
            self.entry(&charge.account).balance.reserved += signed(charge.amount);
        }
        let lease = u64::try_from(reservation.lease.as_millis()).unwrap_or(u64::MAX);
        let (charges, due) = (reservation.charges.clone(), now.saturating_add(lease));
        self.put(&reservation.id, Record { charges, lease, observed: 0, due, state: State::Held });
    }

    /// Charges what ran out, and forgets what is long over.
    fn sweep(&mut self, now: u64) {
        while self.due.peek().is_some_and(|Reverse((due, _))| *due <= now) {
            let Some(Reverse((_, id))) = self.due.pop() else { return };
            let Some(due) = self.records.get(&id).map(|record| record.due) else { continue };
            if due > now {
                self.due.push(Reverse((due, id)));
                continue;
            }
            let Some(mut record) = self.records.remove(&id) else { continue };
            if record.state != State::Held {
                continue;
            }
            for charge in &record.charges {
                let balance = &mut self.entry(&charge.account).balance;
                balance.reserved -= signed(charge.amount);
                balance.spent += record.observed;
                balance.orphaned += record.observed;
            }
            // Remembered, because its call may still be at work; a day is more than any call takes.
            record.state = State::Expired;
            record.due = due.saturating_add(24 * REMEMBERED);
            self.put(&id, record);
        }
        if self.accounts.len() >= 1024 && self.accounts.len().is_power_of_two() {
            self.accounts.retain(|_, entry| entry.ends.is_none_or(|end| end.saturating_add(KEPT) > now));
        }
    }

    fn put(&mut self, id: &Arc<str>, record: Record) {
        self.due.push(Reverse((record.due, id.clone())));
        self.records.insert(id.clone(), record);
    }

    fn entry(&mut self, account: &Account) -> &mut Entry {
        // Looked up first: an account is there nearly always, and inserting would copy its key's handle.
        if !self.accounts.contains_key(&account.key) {
            let entry = Entry { ends: account.ends, ..Entry::default() };
            self.accounts.insert(account.key.clone(), entry);
        }
        self.accounts.entry(account.key.clone()).or_default()
    }

    fn balance(&self, account: &Account) -> Balance {
        self.accounts.get(&account.key).map(|entry| entry.balance).unwrap_or_default()
    }

    fn reply(&mut self, outcome: Outcome, charges: &[Charge]) -> Reply {
        let mut crossed = Vec::new();
        for (number, charge) in charges.iter().enumerate().filter(|(_, charge)| !charge.alerts.is_empty()) {
            let entry = self.entry(&charge.account);
            for amount in charge.alerts.iter().copied().take_while(|amount| signed(*amount) <= entry.balance.spent) {
                if !entry.told.contains(&amount) {
                    entry.told.push(amount);
                    crossed.push(Crossing { charge: number, amount });
                }
            }
        }
        let balances = charges.iter().map(|charge| self.balance(&charge.account)).collect();
        Reply { outcome, crossed, balances }
    }
}

pub(crate) fn signed(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

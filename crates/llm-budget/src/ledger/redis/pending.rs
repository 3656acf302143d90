//! What this replica has not seen settled: in its journal, and what an earlier process left in it.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;

use crate::ledger::journal::{Entry, Journal};
use crate::ledger::{Clock, LedgerError, Reservation};

/// A journal that is longer than this, and than four times what must be in it, is written anew.
const LONG: usize = 16 << 20;

#[derive(Default)]
pub(super) struct Pending {
    journal: Option<(Arc<dyn Clock>, Journal)>,
    /// Of this process.
    open: HashMap<Arc<str>, Open>,
    /// Of the one before.
    left: VecDeque<(Reservation, u64)>,
    long: usize,
    /// An earlier process wrote something.
    is_old: bool,
}

struct Open {
    reservation: Reservation,
    observed: u64,
    actual: Option<u64>,
}

impl Pending {
    pub(super) fn open(clock: Arc<dyn Clock>, entries: Vec<Entry>, journal: Journal) -> io::Result<Self> {
        let is_old = !entries.is_empty();
        let mut pending = Self { journal: Some((clock, journal)), is_old, ..Self::default() };
        let mut order = Vec::new();
        for entry in entries {
            match entry {
                Entry::Reserve { reservation, .. } => {
                    order.push(reservation.id.clone());
                    let id = reservation.id.clone();
                    pending.open.entry(id).or_insert(Open { reservation, observed: 0, actual: None });
                }
                Entry::Heartbeat { id, observed, .. } => {
                    if let Some(open) = pending.open.get_mut(&id) {
                        open.observed = open.observed.max(observed);
                    }
                }
                Entry::Settle { id, actual, .. } => {
                    if let Some(open) = pending.open.get_mut(&id) {
                        open.actual = Some(actual);
                    }
                }
                Entry::Done { id, .. } => {
                    pending.open.remove(&id);
                }
                _ => {}
            }
        }
        for id in order {
            if let Some(open) = pending.open.remove(&id) {
                pending.left.push_back((open.reservation, open.actual.unwrap_or(open.observed)));
            }
        }
        pending.rewrite()?;
        Ok(pending)
    }

    /// The next reservation that an earlier process left, and what to settle it with. It stays until it is done.
    pub(super) fn left(&self) -> Option<(Reservation, u64)> {
        self.left.front().cloned()
    }

    /// Whether an earlier process wrote something, so that its store cannot be a new one.
    pub(super) fn is_old(&self) -> bool {
        self.is_old
    }

    /// Fails when it cannot be written down: a call that a crash would lose is not begun.
    pub(super) fn reserve(&mut self, reservation: &Reservation) -> Result<(), LedgerError> {
        if self.journal.is_none() {
            return Ok(());
        }
        let open = Open { reservation: reservation.clone(), observed: 0, actual: None };
        self.open.entry(reservation.id.clone()).or_insert(open);
        let reservation = reservation.clone();
        self.write(|at| Entry::Reserve { at, reservation }).map_err(|error| {
            LedgerError::Unavailable(format!("the journal of this process cannot be written: {error}"))
        })
    }

    pub(super) fn heartbeat(&mut self, reservation: &Reservation, observed: u64) {
        if let Some(open) = self.open.get_mut(&reservation.id) {
            open.observed = open.observed.max(observed);
            let id = reservation.id.clone();
            self.try_write(|at| Entry::Heartbeat { at, id, observed });
        }
    }

    pub(super) fn settle(&mut self, reservation: &Reservation, actual: u64) {
        if self.journal.is_none() {
            return;
        }
        if !self.open.contains_key(&reservation.id) {
            // A soft budget that went without its ledger: written down now, unless it cannot be.
            let _ = self.reserve(reservation);
        }
        let Some(open) = self.open.get_mut(&reservation.id) else { return };
        if open.actual.replace(actual) != Some(actual) {
            let id = reservation.id.clone();
            self.try_write(|at| Entry::Settle { at, id, actual });
        }
    }

    pub(super) fn done(&mut self, id: &Arc<str>) {
        if self.left.front().is_some_and(|(reservation, _)| reservation.id == *id) {
            self.left.pop_front();
        } else if self.open.remove(id).is_none() {
            return;
        }
        let id = id.clone();
        self.try_write(|at| Entry::Done { at, id });
    }

    /// An error is not lost: the journal is written anew with everything at the next chance.
    fn try_write(&mut self, entry: impl FnOnce(u64) -> Entry) {
        let _ = self.write(entry);
    }

    fn write(&mut self, entry: impl FnOnce(u64) -> Entry) -> io::Result<()> {
        let Some((clock, journal)) = &mut self.journal else { return Ok(()) };
        if journal.is_broken() || journal.bytes() > self.long {
            return self.rewrite();
        }
        journal.append([entry(clock.now())])
    }

    fn rewrite(&mut self) -> io::Result<()> {
        let Some((clock, journal)) = &mut self.journal else { return Ok(()) };
        let at = clock.now();
        let mut entries = Vec::new();
        for (reservation, actual) in &self.left {
            entries.push(Entry::Reserve { at, reservation: reservation.clone() });
            entries.push(Entry::Settle { at, id: reservation.id.clone(), actual: *actual });
        }
        for (id, open) in &self.open {
            entries.push(Entry::Reserve { at, reservation: open.reservation.clone() });
            entries.push(Entry::Heartbeat { at, id: id.clone(), observed: open.observed });
            if let Some(actual) = open.actual {
                entries.push(Entry::Settle { at, id: id.clone(), actual });
            }
        }
        journal.replace(entries)?;
        self.long = LONG.max(4 * journal.bytes());
        Ok(())
    }
}

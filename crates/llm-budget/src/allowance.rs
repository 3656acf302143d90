//! What hard budgets may spend while their ledger does not answer. Off unless an operator asks for it.
//!
//! A part of each hard limit is kept for this and is not to be had while the ledger answers; each replica may spend its
//! share of it without asking. Its share is whole again once the ledger has heard of everything that was spent of it
//! and lets another call through. Why that never overspends: take the last call that the ledger let through anywhere.
//! All that it knew and let through then is at most the limit less what is kept; of all that it did not know, or that
//! came later, each replica has at most its share, because a share that was whole again before was heard of before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use llm_core::{Error, ErrorKind, Usd};
use serde::{Deserialize, Serialize};

use crate::ledger::{Charge, Reservation};

/// What a replica may spend of hard budgets while the ledger does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Allowance {
    /// The part of each hard limit that is kept for this, above 0 and below 1: as long as the ledger answers, nobody gets it.
    pub part: f64,
    /// How many replicas share it, at most. More than that could overspend together.
    pub replicas: u32,
}

impl Allowance {
    /// This part of each hard limit for so many replicas.
    pub const fn new(part: f64, replicas: u32) -> Self {
        Self { part, replicas }
    }

    /// What a configuration of it has wrong, if anything.
    pub fn check(&self) -> Result<(), Error> {
        let Self { part, replicas } = self;
        if *part > 0.0 && *part < 1.0 && *replicas > 0 {
            return Ok(());
        }
        let what = format!(
            "an allowance of {part} of each hard limit for {replicas} replicas cannot be: the part is above 0 and below 1, \
             and there is at least one replica"
        );
        Err(Error::new(ErrorKind::Config, what))
    }

    /// What of a limit is kept, in billionths of a dollar: the shares of all replicas.
    pub(crate) fn kept(&self, limit: u64) -> u64 {
        self.share(limit).saturating_mul(self.replicas.into())
    }

    /// What of a limit one replica may spend.
    fn share(&self, limit: u64) -> u64 {
        let millionths = crate::budget::millionths(self.part);
        let kept = u128::from(limit) * u128::from(millionths) / 1_000_000;
        u64::try_from(kept).unwrap_or(u64::MAX) / u64::from(self.replicas.max(1))
    }
}

/// What this replica used of its shares, by account. An account is here once the ledger let a call through on it, so a
/// replica that was started while the ledger is gone has nothing: what an earlier one of its name spent is not known yet.
#[derive(Default)]
pub(crate) struct Shares(Mutex<State>);

#[derive(Default)]
struct State {
    accounts: HashMap<Arc<str>, Used>,
    /// Calls that took from a share and that the ledger has yet to hear of.
    open: u64,
    /// Calls that ever took from one.
    takes: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Used {
    nanos: u64,
    ends: Option<u64>,
}

/// A moment at which the ledger had heard of everything that was spent without it; `None` when it had not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(Option<u64>);

impl Shares {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now, before the ledger is asked.
    pub(crate) fn moment(&self) -> Moment {
        let state = self.lock();
        Moment((state.open == 0).then_some(state.takes))
    }

    /// The ledger was asked after that moment and let this through.
    pub(crate) fn renew(&self, reservation: &Reservation, asked: Moment, now: u64) {
        let mut state = self.lock();
        let heard_all = asked.0 == Some(state.takes);
        for Charge { account, .. } in reservation.charges.iter().filter(|charge| is_limited(charge)) {
            if let Some(used) = state.accounts.get_mut(&account.key) {
                if heard_all {
                    used.nanos = 0;
                }
                continue;
            }
            state.accounts.insert(account.key.clone(), Used { nanos: 0, ends: account.ends });
            let accounts = state.accounts.len();
            if accounts >= 1024 && accounts.is_power_of_two() {
                state.accounts.retain(|_, used| used.ends.is_none_or(|end| end > now));
            }
        }
    }

    /// Takes what a reservation sets aside from the shares; else the number of the first charge that is too much, and
    /// what is left there. `limits` are those of the charges' budgets.
    pub(crate) fn take(
        &self,
        allowance: Allowance,
        limits: &[Usd],
        reservation: &Reservation,
    ) -> Result<(), (usize, u64)> {
        let mut state = self.lock();
        let limited =
            || reservation.charges.iter().zip(limits).enumerate().filter(|(_, (charge, _))| is_limited(charge));
        for (number, (charge, limit)) in limited() {
            let used = state.accounts.get(&charge.account.key);
            let left = used.map_or(0, |used| allowance.share(limit.nanos()).saturating_sub(used.nanos));
            if charge.amount > left {
                return Err((number, left));
            }
        }
        for (_, (charge, _)) in limited() {
            if let Some(used) = state.accounts.get_mut(&charge.account.key) {
                used.nanos = used.nanos.saturating_add(charge.amount);
            }
        }
        (state.open, state.takes) = (state.open + 1, state.takes + 1);
        Ok(())
    }

    /// A call that took from them cost so much.
    pub(crate) fn spend(&self, reservation: &Reservation, actual: u64) {
        let mut state = self.lock();
        for charge in reservation.charges.iter().filter(|charge| is_limited(charge)) {
            if let Some(used) = state.accounts.get_mut(&charge.account.key) {
                used.nanos = used.nanos.saturating_add(actual).saturating_sub(charge.amount);
            }
        }
    }

    /// The ledger has heard what that call cost.
    pub(crate) fn heard(&self) {
        let mut state = self.lock();
        state.open = state.open.saturating_sub(1);
    }
}

fn is_limited(charge: &Charge) -> bool {
    charge.hard && charge.limit.is_some()
}

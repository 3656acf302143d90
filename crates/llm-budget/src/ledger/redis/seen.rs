//! What the store last said of each account: told to it again if it loses its state.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ledger::{Balance, Charge};

/// How long after the end of its window an account is remembered.
const KEPT: u64 = 8 * 24 * 60 * 60 * 1000;

#[derive(Default)]
pub(super) struct Seen {
    accounts: HashMap<Arc<str>, SeenAccount>,
    latest_end: u64,
}

#[derive(Clone)]
pub(super) struct SeenAccount {
    pub(super) spent: i64,
    pub(super) ends: Option<u64>,
    pub(super) alerts: Arc<[u64]>,
}

impl Seen {
    pub(super) fn note(&mut self, charges: &[Charge], balances: &[Balance]) {
        for (charge, balance) in charges.iter().zip(balances) {
            let account = &charge.account;
            if let Some(seen) = self.accounts.get_mut(&account.key) {
                seen.spent = balance.spent;
                if !charge.alerts.is_empty() && seen.alerts.is_empty() {
                    seen.alerts = charge.alerts.clone();
                }
                continue;
            }
            self.latest_end = self.latest_end.max(account.ends.unwrap_or(0));
            let seen = SeenAccount { spent: balance.spent, ends: account.ends, alerts: charge.alerts.clone() };
            self.accounts.insert(account.key.clone(), seen);
            if self.accounts.len() >= 1024 && self.accounts.len().is_power_of_two() {
                // Without a clock of its own: long over is what ended long before the latest window.
                let latest = self.latest_end;
                self.accounts.retain(|_, seen| seen.ends.is_none_or(|end| end.saturating_add(KEPT) > latest));
            }
        }
    }

    pub(super) fn all(&self) -> Vec<(Arc<str>, SeenAccount)> {
        self.accounts.iter().map(|(key, seen)| (key.clone(), seen.clone())).collect()
    }
}

//! Rates that several processes keep together: what a store outside of the process must do, and the same in memory.
//!
//! A store reserves in all accounts of a request in one step or in none, and later puts what was used in the place of what
//! was reserved. It has its own clock. Places and queues stay within the process: a crash gives them back.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use llm_core::{Error, Usage};
use tokio::time::Instant;

use super::amounts::{Amounts, Dimension, Tokens};
use super::bucket::Short;
use super::policy::LimitPolicy;
use super::set::RateSet;

/// What one request needs of a store.
#[derive(Clone, Copy, Debug)]
pub struct RateRequest<'a> {
    /// Its name, the only one of this name: a second reservation of the same name changes nothing.
    pub id: &'a str,
    /// The accounts that bind it, each with its rates.
    pub accounts: &'a [(&'a str, &'a LimitPolicy)],
    /// Input tokens that are reserved.
    pub input: u64,
    /// Output tokens that are reserved.
    pub output: u64,
}

/// What a store says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateAnswer {
    /// It is reserved, everywhere.
    Reserved,
    /// It does not fit, and nothing is reserved.
    Short {
        /// Which of the accounts is short for the longest.
        account: usize,
        /// Of what.
        dimension: Dimension,
        /// Until when.
        short: Short,
    },
}

/// Keeps the rates of several processes.
#[async_trait]
pub trait RateStore: fmt::Debug + Send + Sync + 'static {
    /// Reserves in all accounts, or in none.
    async fn reserve(&self, request: &RateRequest<'_>) -> Result<RateAnswer, Error>;

    /// Puts what was used in the place of what was reserved; `None` gives it back, the request itself too. Always
    /// succeeds where the store can be reached, and once: a second word on the same request changes nothing.
    async fn settle(&self, id: &str, used: Option<&Usage>) -> Result<(), Error>;
}

/// A store within this process.
#[derive(Debug, Default)]
pub struct MemoryRates(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    accounts: HashMap<String, (LimitPolicy, RateSet)>,
    open: HashMap<String, (Vec<String>, Amounts)>,
}

impl Kept {
    fn set(&mut self, name: &str, policy: &LimitPolicy, now: Instant) -> &mut RateSet {
        let policy = LimitPolicy { learn: false, ..policy.clone() };
        let (known, set) =
            self.accounts.entry(name.to_owned()).or_insert_with(|| (policy.clone(), RateSet::new(&policy, now)));
        if *known != policy {
            set.change(&policy, now);
            *known = policy;
        }
        set
    }

    fn reserve(&mut self, request: &RateRequest<'_>, now: Instant) -> RateAnswer {
        if self.open.contains_key(request.id) {
            return RateAnswer::Reserved;
        }
        let amounts = Amounts::one(Tokens::new(request.input, request.output));
        let mut worst: Option<(usize, Dimension, Short)> = None;
        for (account, (name, policy)) in request.accounts.iter().enumerate() {
            if let Err((dimension, short)) = self.set(name, policy, now).check(&amounts, false, now)
                && worst.is_none_or(|(.., known)| short.is_longer_than(known))
            {
                worst = Some((account, dimension, short));
            }
        }
        if let Some((account, dimension, short)) = worst {
            return RateAnswer::Short { account, dimension, short };
        }
        for (name, policy) in request.accounts {
            self.set(name, policy, now).take(&amounts, false, now);
        }
        let names = request.accounts.iter().map(|(name, _)| (*name).to_owned()).collect();
        self.open.insert(request.id.to_owned(), (names, amounts));
        RateAnswer::Reserved
    }

    fn settle(&mut self, id: &str, used: Option<&Usage>, now: Instant) {
        let Some((names, taken)) = self.open.remove(id) else { return };
        let actual = used.map_or_else(Amounts::default, |usage| Amounts::one(taken.tokens.corrected(usage)));
        for name in names {
            if let Some((_, set)) = self.accounts.get_mut(&name) {
                set.settle(&taken, &actual, None, true, now);
            }
        }
    }
}

impl MemoryRates {
    /// What could be taken now of each dimension of an account that is limited.
    pub fn left(&self, account: &str) -> Vec<(Dimension, i64)> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, set)) = kept.accounts.get_mut(account) else { return Vec::new() };
        let left = Dimension::ALL.into_iter().zip(set.left(Instant::now()));
        left.filter_map(|(dimension, left)| left.map(|(left, _)| (dimension, left))).collect()
    }
}

#[async_trait]
impl RateStore for MemoryRates {
    async fn reserve(&self, request: &RateRequest<'_>) -> Result<RateAnswer, Error> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).reserve(request, Instant::now()))
    }

    async fn settle(&self, id: &str, used: Option<&Usage>) -> Result<(), Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).settle(id, used, Instant::now());
        Ok(())
    }
}

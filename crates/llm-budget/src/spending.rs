//! What was spent at which provider, and how much of each budget is used.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use llm_core::Usd;
use serde::Serialize;

/// What was spent at one provider since this process began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Spending {
    /// Requests, whatever became of them.
    pub requests: u64,
    /// Those of them that ended well.
    pub succeeded: u64,
    /// What all of them cost, as far as it is known.
    pub cost: Usd,
    /// Requests whose cost is an estimate, because they ended early or reported nothing.
    pub estimated: u64,
    /// Requests whose price is not known.
    pub unknown: u64,
}

impl Spending {
    /// What one successful request cost, the unsuccessful ones paid by the others.
    pub fn per_success(&self) -> Option<Usd> {
        (self.succeeded > 0).then(|| Usd::from_picos(self.cost.picos() / u128::from(self.succeeded)))
    }
}

/// How much of a budget is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Utilisation {
    /// Which budget.
    pub budget: Arc<str>,
    /// Which account of it.
    pub account: Arc<str>,
    /// What is spent.
    pub spent: Usd,
    /// What is set aside for requests at work.
    pub reserved: Usd,
    /// The limit.
    pub limit: Usd,
    /// When the window ends, in Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<u64>,
}

impl Utilisation {
    /// The part of the limit that is spent; over 1 where there is debt.
    pub fn part(&self) -> f64 {
        self.spent.as_f64() / self.limit.as_f64()
    }
}

/// How a request ended, as far as money is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) cost: Option<Usd>,
    pub(crate) estimated: bool,
    pub(crate) succeeded: bool,
}

#[derive(Default)]
pub(crate) struct Counts(Mutex<BTreeMap<Arc<str>, Spending>>);

impl Counts {
    pub(crate) fn count(&self, provider: &Arc<str>, ending: Ending) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let spending = match counts.get_mut(provider) {
            Some(spending) => spending,
            None => counts.entry(provider.clone()).or_default(),
        };
        spending.requests += 1;
        spending.succeeded += u64::from(ending.succeeded);
        spending.cost += ending.cost.unwrap_or_default();
        spending.estimated += u64::from(ending.estimated);
        spending.unknown += u64::from(ending.cost.is_none());
    }

    pub(crate) fn all(&self) -> BTreeMap<Arc<str>, Spending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

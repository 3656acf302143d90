//! Rates and places that several processes keep together: what a store outside of the process must do.
//!
//! A store reserves in all accounts of a request in one step or in none, and later puts what was used in the place of what
//! was reserved. It has its own clock. Knows no queue, no tenant and no target: those are the process's own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use llm_core::Error;

use super::amounts::{Amounts, Dimension, Tokens};
use super::bucket::{Rate, Short};
use super::policy::LimitPolicy;
use super::set::rates_of;

/// Units of each dimension, in the order of [`Dimension::ALL`].
pub type Units = [u64; 5];

/// An account that several processes keep together, and what it allows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateAccount {
    /// Its name, the same in all processes.
    pub name: Arc<str>,
    /// What it allows of each dimension, in the order of [`Dimension::ALL`]; `None` is no limit.
    pub rates: [Option<Rate>; 5],
    /// Requests that may be at work at once; `None` is no limit.
    pub places: Option<u32>,
    cached_input: bool,
}

impl RateAccount {
    /// An account that allows what a policy says.
    pub fn new(name: impl Into<Arc<str>>, policy: &LimitPolicy) -> Self {
        Self {
            name: name.into(),
            rates: rates_of(policy),
            places: policy.max_in_flight,
            cached_input: policy.cached_input,
        }
    }

    /// Whether it limits nothing.
    pub(crate) fn is_open(&self) -> bool {
        self.places.is_none() && self.rates.iter().all(Option::is_none)
    }

    /// What amounts come to here.
    pub(crate) fn units(&self, amounts: &Amounts) -> Units {
        Dimension::ALL.map(|dimension| amounts.of(dimension, self.cached_input))
    }

    /// The dimensions that are limited, each with its number and its rate.
    pub fn limited(&self) -> impl Iterator<Item = (usize, Rate)> {
        self.rates.iter().enumerate().filter_map(|(number, rate)| rate.map(|rate| (number, rate)))
    }
}

/// What a request takes of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateCharge {
    /// Which account.
    pub account: Arc<RateAccount>,
    /// How much.
    pub units: Units,
}

impl RateCharge {
    /// One request with so many tokens in and out.
    pub fn new(account: Arc<RateAccount>, input: u64, output: u64) -> Self {
        let units = account.units(&Amounts::one(Tokens::new(input, output)));
        Self { account, units }
    }
}

/// What one request asks of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateRequest {
    /// Its name, the only one of this name: asking again under the same name changes nothing.
    pub id: Arc<str>,
    /// What it takes, of every account that binds it.
    pub charges: Vec<RateCharge>,
    /// How long its places are kept for it when nobody says that it is still at work.
    pub lease: Duration,
}

/// What a store says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateAnswer {
    /// It is reserved, everywhere.
    Reserved,
    /// It does not fit, and nothing is reserved.
    Short {
        /// The number of the charge that is short for the longest.
        charge: usize,
        /// Of what.
        dimension: Dimension,
        /// Until when.
        short: Short,
    },
    /// No place is free, and nothing is reserved.
    Busy {
        /// The number of the charge for which there is no place.
        charge: usize,
    },
    /// The request is settled already.
    Closed,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateSettlement {
    /// The request.
    pub request: Arc<RateRequest>,
    /// What was used of each of its charges.
    pub used: Vec<Units>,
    /// Whether the store was asked. What it was asked for and has not reserved is not given back; what it was not asked for
    /// is counted in any case, as the difference of what was used to what was charged.
    pub asked: bool,
}

/// What a process says of itself now and then.
#[derive(Clone, Copy, Debug)]
pub struct RateBeat<'a> {
    /// Its name.
    pub replica: &'a str,
    /// How long it counts as alive from now on; zero says that it goes.
    pub alive: Duration,
    /// Requests that are still at work: they keep their places, or get them back.
    pub at_work: &'a [Arc<RateRequest>],
}

/// Keeps rates and places of several processes.
///
/// Every operation answers within a bounded, short time, or fails.
#[async_trait]
pub trait RateStore: fmt::Debug + Send + Sync + 'static {
    /// Reserves everything or nothing.
    async fn reserve(&self, request: &RateRequest) -> Result<RateAnswer, Error>;

    /// Puts what was used in the place of what was reserved, and gives the places back. Each request once: a second word on
    /// it changes nothing, and reserving it afterwards is refused.
    async fn settle(&self, settlements: &[RateSettlement]) -> Result<(), Error>;

    /// Keeps a process alive and its requests in their places. Says how many processes are alive.
    async fn beat(&self, beat: RateBeat<'_>) -> Result<u32, Error>;
}

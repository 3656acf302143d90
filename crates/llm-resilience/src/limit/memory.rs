//! Rates and places that several [`Limits`](super::Limits) of one process keep together; the model of what other stores do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use llm_core::Error;
use tokio::time::Instant;

use super::amounts::Dimension;
use super::bucket::{Bucket, Rate, Short};
use super::store::{RateAccount, RateAnswer, RateBeat, RateRequest, RateSettlement, RateStore, Units};

/// How long a settled request is remembered, so that settling it again does nothing.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How long one that nobody settles is.
const FORGOTTEN: Duration = Duration::from_secs(3600);
/// Requests that are remembered before the old ones are looked for.
const MANY: usize = 1024;

/// A store within this process.
#[derive(Debug, Default)]
pub struct MemoryRates(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    accounts: HashMap<Arc<str>, Account>,
    records: HashMap<Arc<str>, Record>,
    replicas: HashMap<Box<str>, Instant>,
    clear_at: usize,
}

#[derive(Debug, Default)]
struct Account {
    counters: [Option<(Rate, Bucket)>; 5],
    places: HashMap<Arc<str>, Instant>,
}

#[derive(Debug)]
struct Record {
    settled: bool,
    until: Instant,
}

impl Account {
    fn bucket(&mut self, number: usize, rate: Rate, now: Instant) -> &mut Bucket {
        let (known, bucket) = self.counters[number].get_or_insert_with(|| (rate, Bucket::new(rate, now)));
        if *known != rate {
            bucket.change(rate, now);
            *known = rate;
        }
        bucket
    }

    /// Which dimension does not fit for the longest.
    fn check(&mut self, account: &RateAccount, units: &Units, now: Instant) -> Option<(Dimension, Short)> {
        let mut worst = None;
        for (number, rate) in account.limited() {
            if let Err(short) = self.bucket(number, rate, now).check(units[number], now)
                && worst.is_none_or(|(_, worst)| short.is_longer_than(worst))
            {
                worst = Some((Dimension::ALL[number], short));
            }
        }
        worst
    }

    fn is_full(&mut self, account: &RateAccount, now: Instant) -> bool {
        self.places.retain(|_, until| *until > now);
        account.places.is_some_and(|most| self.places.len() >= most as usize)
    }
}

impl Kept {
    fn account(&mut self, account: &RateAccount) -> &mut Account {
        self.accounts.entry(account.name.clone()).or_default()
    }

    fn remember(&mut self, id: &Arc<str>, settled: bool, now: Instant) {
        if self.records.len() >= self.clear_at.max(MANY) {
            self.records.retain(|_, record| record.until > now);
            self.clear_at = self.records.len() * 2;
        }
        let until = now + if settled { REMEMBERED } else { FORGOTTEN };
        self.records.insert(id.clone(), Record { settled, until });
    }

    fn reserve(&mut self, request: &RateRequest, now: Instant) -> RateAnswer {
        match self.records.get(&request.id) {
            Some(Record { settled: true, .. }) => return RateAnswer::Closed,
            Some(_) => return RateAnswer::Reserved,
            None => {}
        }
        let (mut worst, mut busy) = (None::<(usize, Dimension, Short)>, None);
        for (number, charge) in request.charges.iter().enumerate() {
            let account = self.account(&charge.account);
            if let Some((dimension, short)) = account.check(&charge.account, &charge.units, now)
                && worst.is_none_or(|(.., worst)| short.is_longer_than(worst))
            {
                worst = Some((number, dimension, short));
            }
            if account.is_full(&charge.account, now) {
                busy = Some(number);
            }
        }
        if let Some((charge, dimension, short)) = worst {
            return RateAnswer::Short { charge, dimension, short };
        }
        if let Some(charge) = busy {
            return RateAnswer::Busy { charge };
        }
        for charge in &request.charges {
            let account = self.account(&charge.account);
            for (number, rate) in charge.account.limited() {
                account.bucket(number, rate, now).take(charge.units[number], now);
            }
        }
        self.keep_places(request, now);
        self.remember(&request.id, false, now);
        RateAnswer::Reserved
    }

    fn keep_places(&mut self, request: &RateRequest, now: Instant) {
        for charge in request.charges.iter().filter(|charge| charge.account.places.is_some()) {
            self.account(&charge.account).places.insert(request.id.clone(), now + request.lease);
        }
    }

    fn settle(&mut self, settlement: &RateSettlement, now: Instant) {
        let request = &settlement.request;
        let applies = match self.records.get(&request.id) {
            Some(record) => !record.settled,
            None => !settlement.asked,
        };
        self.remember(&request.id, true, now);
        for (charge, used) in request.charges.iter().zip(&settlement.used) {
            let account = self.account(&charge.account);
            account.places.remove(&request.id);
            for (number, rate) in charge.account.limited().filter(|_| applies) {
                account.bucket(number, rate, now).settle(charge.units[number], used[number], now);
            }
        }
    }

    fn beat(&mut self, beat: RateBeat<'_>, now: Instant) -> u32 {
        for request in beat.at_work {
            if self.records.get(&request.id).is_none_or(|record| !record.settled) {
                self.keep_places(request, now);
                self.remember(&request.id, false, now);
            }
        }
        if beat.alive.is_zero() {
            self.replicas.remove(beat.replica);
        } else {
            self.replicas.insert(beat.replica.into(), now + beat.alive);
        }
        self.replicas.retain(|_, until| *until > now);
        u32::try_from(self.replicas.len()).unwrap_or(u32::MAX)
    }
}

impl MemoryRates {
    /// What could be taken now of each dimension of an account that is limited.
    pub fn left(&self, account: &str) -> Vec<(Dimension, i64)> {
        let (mut kept, now) = (self.kept(), Instant::now());
        let Some(account) = kept.accounts.get_mut(account) else { return Vec::new() };
        let counters = Dimension::ALL.into_iter().zip(&mut account.counters);
        let left = counters.map(|(dimension, counter)| Some((dimension, counter.as_mut()?.1.left(now))));
        left.flatten().collect()
    }

    /// How many places of an account are taken.
    pub fn at_work(&self, account: &str) -> usize {
        let (kept, now) = (self.kept(), Instant::now());
        kept.accounts.get(account).map_or(0, |account| account.places.values().filter(|until| **until > now).count())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RateStore for MemoryRates {
    async fn reserve(&self, request: &RateRequest) -> Result<RateAnswer, Error> {
        Ok(self.kept().reserve(request, Instant::now()))
    }

    async fn settle(&self, settlements: &[RateSettlement]) -> Result<(), Error> {
        let (mut kept, now) = (self.kept(), Instant::now());
        for settlement in settlements {
            kept.settle(settlement, now);
        }
        Ok(())
    }

    async fn beat(&self, beat: RateBeat<'_>) -> Result<u32, Error> {
        Ok(self.kept().beat(beat, Instant::now()))
    }
}

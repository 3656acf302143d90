//! All rates of one scope together: what the operator set, and what the vendor's headers say.
//!
//! `check` changes nothing and `take` always succeeds, so whoever holds the one lock reserves in several sets at once or
//! in none: it checks all, then takes all.

use std::time::Duration;

use llm_core::RateLimits;
use tokio::time::Instant;

use super::amounts::{Amounts, Dimension};
use super::bucket::{Bucket, Rate, Short};
use super::learned::{Learned, Report};
use super::policy::LimitPolicy;

const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);

/// The rates that a policy sets.
pub(crate) fn rates_of(policy: &LimitPolicy) -> [Option<Rate>; 5] {
    let minute = |limit| Rate::new(limit, MINUTE).with_burst_of(policy.burst);
    [
        policy.rpm.map(minute),
        policy.rpd.map(|limit| Rate::new(limit, DAY)),
        policy.tpm.map(minute),
        policy.itpm.map(minute),
        policy.otpm.map(minute),
    ]
}

/// One dimension of a scope.
#[derive(Clone, Debug, Default)]
struct Counter {
    set: Option<Bucket>,
    learned: Option<Learned>,
    /// Reserved and not yet settled, in units.
    open: u64,
}

/// The counters of one scope.
#[derive(Clone, Debug)]
pub(crate) struct RateSet {
    counters: [Counter; 5],
    cached_input: bool,
    learns: bool,
    /// Whether nothing is counted at all: then nothing is done for a request.
    idle: bool,
}

impl RateSet {
    pub(crate) fn new(policy: &LimitPolicy, now: Instant) -> Self {
        let mut set = Self { counters: Default::default(), cached_input: false, learns: false, idle: true };
        set.change(policy, now);
        set
    }

    /// Other limits. What is used of those that stay is kept, and so is what was learned.
    pub(crate) fn change(&mut self, policy: &LimitPolicy, now: Instant) {
        if !policy.learn {
            self.counters.iter_mut().for_each(|counter| counter.learned = None);
        }
        self.learns = policy.learn;
        self.change_rates(rates_of(policy), policy.cached_input, now);
    }

    /// Counters of these rates that learn nothing.
    pub(crate) fn of_rates(rates: [Option<Rate>; 5], cached_input: bool, now: Instant) -> Self {
        let mut set = Self { counters: Default::default(), cached_input, learns: false, idle: true };
        set.change_rates(rates, cached_input, now);
        set
    }

    /// Other rates; what is used of those that stay is kept.
    pub(crate) fn change_rates(&mut self, rates: [Option<Rate>; 5], cached_input: bool, now: Instant) {
        for (counter, rate) in self.counters.iter_mut().zip(rates) {
            match (rate, &mut counter.set) {
                (Some(rate), Some(bucket)) => bucket.change(rate, now),
                (rate, set) => *set = rate.map(|rate| Bucket::new(rate, now)),
            }
        }
        self.cached_input = cached_input;
        self.idle = !self.learns && self.counters.iter().all(|counter| counter.set.is_none());
    }

    /// Whether all amounts fit, and if not, which does not fit for the longest. `vendor`: whether what the vendor said of
    /// its limits here binds the request; it does not bind one with another key.
    pub(crate) fn check(&mut self, amounts: &Amounts, vendor: bool, now: Instant) -> Result<(), (Dimension, Short)> {
        if self.idle {
            return Ok(());
        }
        let mut worst = None;
        let cached_input = self.cached_input;
        for (counter, dimension) in self.counters.iter_mut().zip(Dimension::ALL) {
            let units = amounts.of(dimension, cached_input);
            let set = counter.set.as_mut().map_or(Ok(()), |bucket| bucket.check(units, now));
            counter.learned.take_if(|learned| !learned.stands(now));
            let learned = counter.learned.as_mut().filter(|_| vendor);
            let learned = learned.map_or(Ok(()), |learned| learned.check(units, now));
            for short in [set, learned].into_iter().filter_map(Result::err) {
                if worst.is_none_or(|(_, worst)| short.is_longer_than(worst)) {
                    worst = Some((dimension, short));
                }
            }
        }
        worst.map_or(Ok(()), Err)
    }

    /// Takes all amounts.
    pub(crate) fn take(&mut self, amounts: &Amounts, vendor: bool, now: Instant) {
        let cached_input = self.cached_input;
        self.each_dimension(|counter, dimension| {
            let units = amounts.of(dimension, cached_input);
            if vendor {
                counter.open = counter.open.saturating_add(units);
            }
            for bucket in counter.buckets(vendor) {
                bucket.take(units, now);
            }
        });
    }

    /// Puts `actual` in the place of `taken`; `last` when nothing more will be said of it. `vendor` is the number of the
    /// request, if what the vendor said binds it.
    pub(crate) fn settle(&mut self, taken: &Amounts, actual: &Amounts, vendor: Option<u64>, last: bool, now: Instant) {
        let cached_input = self.cached_input;
        self.each_dimension(|counter, dimension| {
            let (taken, actual) = (taken.of(dimension, cached_input), actual.of(dimension, cached_input));
            if vendor.is_some() {
                counter.open = counter.open.saturating_sub(taken);
            }
            if vendor.is_some() && !last {
                counter.open = counter.open.saturating_add(actual);
            }
            let learned = vendor.is_some() && counter.learned.as_ref().map(Learned::source) != vendor;
            for bucket in counter.buckets(learned) {
                bucket.settle(taken, actual, now);
            }
        });
    }

    /// Learns from the headers of the answer to request `source`, which itself has `own` reserved here.
    pub(crate) fn learn(&mut self, said: &RateLimits, source: u64, own: &Amounts, now: Instant) {
        if !self.learns {
            return;
        }
        let report = |limit, remaining, reset| Report { limit, remaining, reset };
        // Anthropic's `tokens` repeat whichever limit is tightest (its page on rate limits, 2026); where input and output
        // are limited apart they say nothing of their own.
        let together = said.input_tokens_remaining.is_none() && said.output_tokens_remaining.is_none();
        let reports = [
            report(said.requests_limit, said.requests_remaining, said.requests_reset),
            Report::default(),
            if together {
                report(said.tokens_limit, said.tokens_remaining, said.tokens_reset)
            } else {
                Report::default()
            },
            report(said.input_tokens_limit, said.input_tokens_remaining, said.input_tokens_reset),
            report(said.output_tokens_limit, said.output_tokens_remaining, said.output_tokens_reset),
        ];
        for ((counter, report), dimension) in self.counters.iter_mut().zip(reports).zip(Dimension::ALL) {
            let own = own.of(dimension, self.cached_input);
            let others = counter.open.saturating_sub(own);
            Learned::learn(&mut counter.learned, report, source, others, own, now);
        }
    }

    /// What could be taken now of each dimension that is limited, with its limit.
    pub(crate) fn left(&mut self, now: Instant) -> [Option<(i64, u64)>; 5] {
        self.counters.each_mut().map(|counter| {
            counter.learned.take_if(|learned| !learned.stands(now));
            counter.buckets(true).map(|bucket| (bucket.left(now), bucket.limit())).min()
        })
    }

    /// What of the set rates is used and not earned again yet.
    pub(crate) fn used(&mut self, now: Instant) -> [u64; 5] {
        self.counters.each_mut().map(|counter| counter.set.as_mut().map_or(0, |bucket| bucket.used(now)))
    }

    /// What is set for a dimension.
    pub(crate) fn limit(&self, dimension: Dimension) -> u64 {
        let place = Dimension::ALL.iter().position(|other| *other == dimension);
        place.and_then(|place| self.counters[place].set.as_ref()).map_or(0, Bucket::limit)
    }

    /// Whether it has nothing worth keeping.
    pub(crate) fn is_blank(&mut self, now: Instant) -> bool {
        self.left(now).iter().flatten().all(|(left, limit)| i128::from(*left) >= i128::from(*limit))
    }

    fn each_dimension(&mut self, mut act: impl FnMut(&mut Counter, Dimension)) {
        if !self.idle {
            for (counter, dimension) in self.counters.iter_mut().zip(Dimension::ALL) {
                act(counter, dimension);
            }
        }
    }
}

impl Counter {
    fn buckets(&mut self, vendor: bool) -> impl Iterator<Item = &mut Bucket> {
        let learned = self.learned.as_mut().filter(|_| vendor);
        self.set.iter_mut().chain(learned.map(Learned::bucket))
    }
}

#[cfg(test)]
#[path = "set_tests.rs"]
mod tests;

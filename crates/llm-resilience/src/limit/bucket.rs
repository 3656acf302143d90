//! A token bucket with debt for one dimension: requests, or tokens of one kind.
//!
//! Everything is an integer: amounts in thousandths of a unit, the part of a thousandth that is earned already in a
//! carry, so nothing is lost or made however often the clock is read. Knows no scope, no queue and no vendor.

use std::time::Duration;

use tokio::time::Instant;

/// Thousandths in a unit.
const MILLI: i64 = 1000;
/// The most units of a limit; what is above is as good as no limit.
const MOST: u64 = (i64::MAX / MILLI / 8) as u64;
/// A clock that reads earlier than before by no more than this is two callers in a race, not a jump.
const RACE: Duration = Duration::from_secs(1);

/// How much a bucket lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Units per period.
    pub limit: u64,
    /// The period.
    pub period: Duration,
    /// The most units that unused time earns.
    pub burst: u64,
}

impl Rate {
    /// `limit` units per `period`, all of which may be used at once.
    pub fn new(limit: u64, period: Duration) -> Self {
        Self { limit, period, burst: limit }
    }

    /// With a burst: no more than what `time` earns, and at least one unit.
    pub fn with_burst_of(mut self, time: Duration) -> Self {
        let earned = u128::from(self.limit) * time.as_nanos() / self.period.as_nanos().max(1);
        self.burst = u64::try_from(earned).unwrap_or(u64::MAX).clamp(1, self.limit.max(1));
        self
    }

    /// What each of so many shares comes to: the limit takes as many times as long to earn. What is larger than a share's
    /// burst passes a full one, into debt.
    pub fn divided(mut self, shares: u32) -> Self {
        self.period = self.period.saturating_mul(shares.max(1));
        self.burst = (self.burst / u64::from(shares.max(1))).max(1);
        self
    }
}

/// Why a bucket does not let an amount through now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Short {
    /// It fits after this time, if nothing else is taken in between.
    Until(Duration),
    /// It can never fit: it is more than the limit.
    Never,
}

impl Short {
    /// Whether this says to wait longer than `other` does.
    pub fn is_longer_than(self, other: Self) -> bool {
        match (self, other) {
            (_, Self::Never) => false,
            (Self::Never, _) => true,
            (Self::Until(one), Self::Until(other)) => one > other,
        }
    }
}

/// A token bucket whose balance may be negative: what was used beyond the estimate is paid before anything else.
///
/// An amount larger than the burst passes when the bucket is full, and leaves a debt.
#[derive(Clone, Debug)]
pub struct Bucket {
    limit: u64,
    earns: i64,
    period: u128,
    capacity: i64,
    balance: i64,
    /// Earned parts of a thousandth, in nanoseconds times thousandths per period.
    carry: u128,
    at: Instant,
}

impl Bucket {
    /// A full bucket.
    pub fn new(rate: Rate, now: Instant) -> Self {
        let capacity = milli(rate.burst.min(rate.limit));
        Self {
            limit: rate.limit,
            earns: milli(rate.limit),
            period: rate.period.as_nanos().max(1),
            capacity,
            balance: capacity,
            carry: 0,
            at: now,
        }
    }

    /// A bucket with `left` of `limit` units that time does not fill.
    pub fn still(limit: u64, left: u64, now: Instant) -> Self {
        let mut bucket = Self::new(Rate::new(limit, Duration::from_secs(1)), now);
        bucket.earns = 0;
        bucket.lower_to(left, now);
        bucket
    }

    /// The units of the limit.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Whole units that could be taken now; negative in debt.
    pub fn left(&mut self, now: Instant) -> i64 {
        self.refill(now);
        self.balance.div_euclid(MILLI)
    }

    /// Units, begun ones too, that were used and are not earned again yet.
    pub fn used(&mut self, now: Instant) -> u64 {
        self.refill(now);
        (self.capacity - self.balance).unsigned_abs().div_ceil(MILLI.unsigned_abs())
    }

    /// Whether `units` could be taken now, and if not, when.
    pub fn check(&mut self, units: u64, now: Instant) -> Result<(), Short> {
        if units > self.limit {
            return Err(Short::Never);
        }
        self.refill(now);
        let lacking = milli(units).min(self.capacity) - self.balance;
        if units == 0 || lacking <= 0 {
            return Ok(());
        }
        if self.earns == 0 {
            return Err(Short::Until(Duration::MAX));
        }
        let missing = u128::from(lacking.unsigned_abs()) * self.period - self.carry;
        let behind = self.at.saturating_duration_since(now);
        Err(Short::Until(nanos(missing.div_ceil(u128::from(self.earns.unsigned_abs()))).saturating_add(behind)))
    }

    /// Takes `units`, into debt where there are not enough. The debt ends at the limit: it is paid within a period.
    pub fn take(&mut self, units: u64, now: Instant) {
        self.refill(now);
        self.balance = (self.balance - milli(units)).max(-milli(self.limit));
    }

    /// Gives back `units` that were taken and not used.
    pub fn give(&mut self, units: u64, now: Instant) {
        self.refill(now);
        self.balance = (self.balance + milli(units)).min(self.capacity);
    }

    /// Puts `actual` units in the place of `taken` ones. Always succeeds.
    pub fn settle(&mut self, taken: u64, actual: u64, now: Instant) {
        if actual > taken {
            self.take(actual - taken, now);
        } else {
            self.give(taken - actual, now);
        }
    }

    /// No more than `left` units from now on, because whoever keeps the true count says so.
    pub fn lower_to(&mut self, left: u64, now: Instant) {
        self.refill(now);
        self.balance = self.balance.min(milli(left));
    }

    /// Another rate; what is used stays used.
    pub fn change(&mut self, rate: Rate, now: Instant) {
        self.refill(now);
        let used = self.capacity - self.balance;
        let at = self.at;
        *self = Self::new(rate, now);
        self.balance = (self.capacity - used).clamp(-milli(rate.limit), self.capacity);
        self.at = at;
    }

    fn refill(&mut self, now: Instant) {
        let Some(elapsed) = now.checked_duration_since(self.at) else {
            // Behind a real jump back the clock goes on from there, or nothing would be earned until it caught up.
            if self.at.duration_since(now) > RACE {
                self.at = now;
            }
            return;
        };
        self.at = now;
        let earned = elapsed.as_nanos() * u128::from(self.earns.unsigned_abs()) + self.carry;
        let whole = i64::try_from(earned / self.period).unwrap_or(i64::MAX);
        self.carry = earned % self.period;
        self.balance = self.balance.saturating_add(whole);
        if self.balance >= self.capacity {
            self.balance = self.capacity;
            self.carry = 0;
        }
    }
}

fn milli(units: u64) -> i64 {
    units.min(MOST).cast_signed() * MILLI
}

fn nanos(nanos: u128) -> Duration {
    u64::try_from(nanos).map_or(Duration::MAX, Duration::from_nanos)
}

#[cfg(test)]
#[path = "bucket_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "bucket_ledger.rs"]
mod ledger;

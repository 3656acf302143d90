//! The budget of retries: when everything fails, retries stay a small share of the requests.
//!
//! A bucket of thousandths of a retry. Each first attempt puts a share of a retry in, each retry takes a whole one out,
//! time gives a little, unused shares expire. Pure: time is an argument, all numbers are integers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Thousandths that one retry costs.
pub(crate) const RETRY: u64 = 1000;
/// Seconds after which an unused share is gone.
const KEPT: usize = 60;

/// How many retries there may be beside first attempts.
///
/// With the default, `n` requests in `t` seconds make at most `1.2 n + t + 100` attempts, whatever fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RetryBudget {
    /// Retries in percent of first attempts. Default 20.
    pub percent: u32,
    /// Retries per second beside that, so that a process with few requests may retry at all. Default 1.
    pub per_second: u32,
    /// Most retries that can be saved up; as many are there at the start. Default 100.
    pub cap: u32,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { percent: 20, per_second: 1, cap: 100 }
    }
}

impl RetryBudget {
    /// As many retries as the rules of retrying ask for.
    pub const UNLIMITED: Self = Self { percent: 0, per_second: 0, cap: u32::MAX };

    /// So many percent of first attempts, so many per second, and so many saved up at most.
    pub fn new(percent: u32, per_second: u32, cap: u32) -> Self {
        Self { percent, per_second, cap }
    }
}

/// One budget. Times are since an epoch of the owner's choice.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    share: u64,
    per_second: u64,
    cap: u64,
    /// Shares by the second in which they came, as far as they are not used.
    shares: [u64; KEPT],
    /// Their sum.
    saved: u64,
    /// The second up to which `shares` is right.
    second: u64,
    /// What time gave, as far as it is not used.
    given: u64,
    /// The millisecond up to which time has given.
    given_until: u64,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn new(budget: RetryBudget, now: Duration) -> Self {
        let cap = u64::from(budget.cap) * RETRY;
        Self {
            share: u64::from(budget.percent) * RETRY / 100,
            per_second: u64::from(budget.per_second),
            cap,
            shares: [0; KEPT],
            saved: 0,
            second: now.as_secs(),
            given: cap,
            given_until: millis(now),
        }
    }

    /// Thousandths of a retry that are there.
    pub(crate) fn balance(&mut self, now: Duration) -> u64 {
        self.catch_up(now);
        self.saved + self.given
    }

    /// A first attempt was made.
    pub(crate) fn deposit(&mut self, now: Duration) {
        self.catch_up(now);
        let share = self.share.min(self.cap - self.saved - self.given);
        self.shares[slot(self.second)] += share;
        self.saved += share;
    }

    /// Takes one retry out, if it is there: of what expires soonest first.
    pub(crate) fn withdraw(&mut self, now: Duration) -> bool {
        self.catch_up(now);
        if self.saved + self.given < RETRY {
            return false;
        }
        let mut owed = RETRY;
        if self.saved > 0 {
            let oldest = self.second + 1;
            for second in oldest..oldest + KEPT as u64 {
                let share = &mut self.shares[slot(second)];
                let taken = owed.min(*share);
                *share -= taken;
                self.saved -= taken;
                owed -= taken;
                if owed == 0 {
                    return true;
                }
            }
        }
        self.given -= owed;
        true
    }

    /// Puts one retry back that was taken and turned out to be none.
    pub(crate) fn refund(&mut self, now: Duration) {
        self.catch_up(now);
        self.given += RETRY.min(self.cap - self.saved - self.given);
    }

    fn catch_up(&mut self, now: Duration) {
        let passed = now.as_secs().saturating_sub(self.second).min(KEPT as u64);
        for step in 1..=passed {
            let expired = &mut self.shares[slot(self.second + step)];
            self.saved -= *expired;
            *expired = 0;
        }
        self.second = self.second.max(now.as_secs());
        // One retry a second is one thousandth a millisecond.
        let now = millis(now);
        let given = now.saturating_sub(self.given_until).saturating_mul(self.per_second);
        self.given += given.min(self.cap - self.saved - self.given);
        self.given_until = self.given_until.max(now);
    }
}

fn slot(second: u64) -> usize {
    usize::try_from(second % KEPT as u64).unwrap_or_default()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn empty(budget: RetryBudget) -> Bucket {
        let mut bucket = Bucket::new(budget, at(0));
        while bucket.withdraw(at(0)) {}
        bucket
    }

    #[test]
    fn it_starts_full_and_each_retry_takes_a_whole_one() {
        let mut bucket = Bucket::new(RetryBudget::default(), at(5));
        assert_eq!(bucket.balance(at(5)), 100_000);
        let taken = std::iter::repeat_with(|| bucket.withdraw(at(5))).take_while(|taken| *taken).count();
        assert_eq!(taken, 100);
        assert_eq!(bucket.balance(at(5)), 0);
    }

    #[test]
    fn five_first_attempts_pay_for_one_retry() {
        let mut bucket = empty(RetryBudget::new(20, 0, 100));
        for _ in 0..4 {
            bucket.deposit(at(1));
        }
        assert_eq!(bucket.balance(at(1)), 800);
        assert!(!bucket.withdraw(at(1)));
        bucket.deposit(at(1));
        assert!(bucket.withdraw(at(1)));
        assert_eq!(bucket.balance(at(1)), 0);
    }

    #[test]
    fn time_gives_one_a_second_up_to_the_cap() {
        let mut bucket = empty(RetryBudget::default());
        assert_eq!(bucket.balance(Duration::from_millis(999)), 999);
        assert!(!bucket.withdraw(Duration::from_millis(999)));
        assert!(bucket.withdraw(at(1)));
        assert_eq!(bucket.balance(at(90)), 89_000);
        assert_eq!(bucket.balance(at(1000)), 100_000);
        bucket.deposit(at(1000));
        assert_eq!(bucket.balance(at(1000)), 100_000, "not beyond the cap");
        bucket.refund(at(1000));
        assert_eq!(bucket.balance(at(1000)), 100_000);
        assert!(bucket.withdraw(at(1000)));
        bucket.refund(at(1000));
        assert_eq!(bucket.balance(at(1000)), 100_000);
    }

    #[test]
    fn shares_expire_after_a_minute() {
        let mut bucket = empty(RetryBudget::new(20, 0, 100));
        bucket.deposit(at(10));
        bucket.deposit(at(11));
        assert_eq!(bucket.balance(at(69)), 400);
        assert_eq!(bucket.balance(at(70)), 200);
        assert_eq!(bucket.balance(at(71)), 0);
        bucket.deposit(at(100));
        assert_eq!(bucket.balance(at(10_000)), 0, "a long silence");
    }

    #[test]
    fn what_expires_soonest_is_used_first() {
        let mut bucket = empty(RetryBudget::new(100, 0, 100));
        bucket.deposit(at(1));
        bucket.deposit(at(30));
        assert!(bucket.withdraw(at(31)));
        assert_eq!(bucket.balance(at(62)), 1000, "the first was used, the second is there");
        assert_eq!(bucket.balance(at(90)), 0);
    }

    #[test]
    fn shares_are_used_before_what_time_gave() {
        let mut bucket = empty(RetryBudget::new(100, 1, 100));
        bucket.deposit(at(2));
        assert_eq!(bucket.balance(at(2)), 3000);
        assert!(bucket.withdraw(at(2)));
        assert_eq!((bucket.saved, bucket.given), (0, 2000));
    }

    #[test]
    fn a_clock_that_reads_earlier_changes_nothing() {
        let mut bucket = empty(RetryBudget::default());
        bucket.deposit(at(50));
        let balance = bucket.balance(at(50));
        assert_eq!(bucket.balance(at(40)), balance);
        assert_eq!(bucket.balance(at(50)), balance);
    }

    #[test]
    fn an_unlimited_one_does_not_end() {
        let mut bucket = Bucket::new(RetryBudget::UNLIMITED, at(0));
        assert!((0..1_000_000).all(|_| bucket.withdraw(at(0))));
    }

    /// Independent of the bucket: every deposit and grant as an entry of its own.
    #[test]
    fn no_sequence_overspends() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..200 {
            let mut bucket = Bucket::new(RetryBudget::default(), at(0));
            let (mut now, mut firsts, mut retries) = (0, 0_u64, 0_u64);
            for _ in 0..500 {
                now += random.u64(0..300);
                let time = Duration::from_millis(now);
                if random.bool() {
                    bucket.deposit(time);
                    firsts += 1;
                } else if bucket.withdraw(time) {
                    retries += 1;
                }
                assert!(retries * 1000 <= 100_000 + 200 * firsts + now);
                assert_eq!(bucket.saved, bucket.shares.iter().sum::<u64>());
                assert!(bucket.saved + bucket.given <= 100_000);
            }
        }
    }
}

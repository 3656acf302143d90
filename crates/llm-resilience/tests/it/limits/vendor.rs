//! A vendor with true limits: nearly all of them are used, and next to nothing is refused.

use std::sync::{Arc, Mutex};

use llm_core::{ErrorKind, RateLimits, Usage};
use llm_resilience::limit::{Bucket, Rate, Short};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

/// How a vendor counts.
enum Counter {
    /// Buckets that fill all the time, as those of most vendors.
    Buckets(Bucket, Bucket),
    /// Windows of a minute: what is used of requests and tokens, and since when.
    Windows(u64, u64, Instant),
}

struct Vendor {
    counter: Counter,
    rpm: u64,
    tpm: u64,
    requests: u64,
    tokens: u64,
    refused: u64,
}

impl Vendor {
    fn new(rpm: u64, tpm: u64, windows: bool) -> Arc<Mutex<Self>> {
        let now = Instant::now();
        let bucket = |limit| Bucket::new(Rate::new(limit, MINUTE), now);
        let counter = if windows { Counter::Windows(0, 0, now) } else { Counter::Buckets(bucket(rpm), bucket(tpm)) };
        Arc::new(Mutex::new(Self { counter, rpm, tpm, requests: 0, tokens: 0, refused: 0 }))
    }

    /// One request, counted with what it will use in the end.
    fn ask(&mut self, units: u64, now: Instant) -> Result<(), Duration> {
        let wait = match &mut self.counter {
            Counter::Buckets(requests, tokens) => {
                let shorts = [requests.check(1, now), tokens.check(units, now)];
                let wait = shorts.into_iter().filter_map(Result::err).map(|short| match short {
                    Short::Until(wait) => wait,
                    Short::Never => panic!("more than the limit"),
                });
                let wait = wait.max();
                if wait.is_none() {
                    requests.take(1, now);
                    tokens.take(units, now);
                }
                wait
            }
            Counter::Windows(requests, tokens, since) => {
                while now >= *since + MINUTE {
                    (*requests, *tokens, *since) = (0, 0, *since + MINUTE);
                }
                if *requests < self.rpm && *tokens + units <= self.tpm {
                    (*requests, *tokens) = (*requests + 1, *tokens + units);
                    None
                } else {
                    Some(*since + MINUTE - now)
                }
            }
        };
        match wait {
            None => {
                (self.requests, self.tokens) = (self.requests + 1, self.tokens + units);
                Ok(())
            }
            Some(wait) => {
                self.refused += 1;
                Err(wait)
            }
        }
    }

    fn headers(&mut self, now: Instant) -> RateLimits {
        let left = match &mut self.counter {
            Counter::Buckets(requests, tokens) => {
                let full = |bucket: &mut Bucket, limit| match bucket.check(limit, now) {
                    Err(Short::Until(wait)) => wait,
                    _ => Duration::ZERO,
                };
                let resets = (full(requests, self.rpm), full(tokens, self.tpm));
                ((requests.left(now), resets.0), (tokens.left(now), resets.1))
            }
            Counter::Windows(requests, tokens, since) => {
                let reset = (*since + MINUTE).saturating_duration_since(now);
                let left = |limit: u64, used: u64| i64::try_from(limit - used).unwrap();
                ((left(self.rpm, *requests), reset), (left(self.tpm, *tokens), reset))
            }
        };
        let mut said = RateLimits::default();
        (said.requests_limit, said.tokens_limit) = (Some(self.rpm), Some(self.tpm));
        let positive = |left: i64| Some(u64::try_from(left.max(0)).unwrap());
        (said.requests_remaining, said.requests_reset) = (positive(left.0.0), Some(left.0.1));
        (said.tokens_remaining, said.tokens_reset) = (positive(left.1.0), Some(left.1.1));
        said
    }
}

/// Five minutes of twice as much demand as the vendor allows. Returns the used share of the tighter limit and the refused
/// share of the requests that were sent, both in thousandths.
async fn demand(policy: LimitPolicy, vendor: Arc<Mutex<Vendor>>, mean: u64, seed: u64) -> (u64, u64) {
    let limits = limits(policy);
    let (rpm, tpm) = {
        let vendor = vendor.lock().unwrap();
        (vendor.rpm, vendor.tpm)
    };
    let per_minute = rpm.min(tpm / mean) * 2;
    let mut rng = fastrand::Rng::with_seed(seed);
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    while start.elapsed() < 5 * MINUTE {
        let gap = 60_000 * 2 / per_minute;
        sleep(Duration::from_millis(rng.u64(0..=gap.max(1)))).await;
        let (input, output) = (rng.u64(..mean), rng.u64(1..=mean));
        let (work, draw) = (Duration::from_millis(rng.u64(300..3000)), rng.u64(..));
        let (limits, vendor) = (limits.clone(), vendor.clone());
        tasks.spawn(async move {
            let target = target();
            // An estimate by length is a little too high; the longest answer is far from the usual one.
            let tokens = TokenEstimate::new(input * 11 / 10, Some(4 * mean));
            let Ok(mut slot) = limits.enter(LimitAsk { tokens, draw, ..ask(&target) }).await else { return };
            slot.sent();
            let answer = vendor.lock().unwrap().ask(input + output, Instant::now());
            if answer.is_err() {
                slot.failed(&Error::new(ErrorKind::RateLimited, "429"), Instant::now());
                return;
            }
            let early = vendor.lock().unwrap().headers(Instant::now());
            sleep(work / 3).await;
            slot.rate_limits(&early, Instant::now());
            slot.answered(work / 3, Instant::now());
            sleep(work / 3 * 2).await;
            slot.usage(&Usage::new(input, output), Instant::now());
        });
        while tasks.try_join_next().is_some() {}
    }
    tasks.shutdown().await;
    let vendor = vendor.lock().unwrap();
    // Five minutes, and a bucket that is full at the start has another.
    let minutes = if matches!(vendor.counter, Counter::Windows(..)) { 5 } else { 6 };
    let share = |used: u64, limit: u64| used * 1000 / (limit * minutes);
    let used = share(vendor.requests, rpm).max(share(vendor.tokens, tpm));
    assert_eq!(gauges(&limits), (0, 0));
    (used, vendor.refused * 1000 / (vendor.requests + vendor.refused).max(1))
}

async fn check(policy: LimitPolicy, rpm: u64, tpm: u64, windows: bool) {
    for seed in 0..2 {
        let (used, refused) = demand(policy.clone(), Vendor::new(rpm, tpm, windows), 400, seed).await;
        assert!(used >= 950, "seed {seed}: only {used} of 1000 used");
        assert!(refused <= 5, "seed {seed}: {refused} of 1000 refused");
    }
}

#[tokio::test(start_paused = true)]
async fn set_limits_are_used_and_kept() {
    // Bound by requests, and by tokens.
    for (rpm, tpm) in [(300, 1_000_000), (1000, 100_000)] {
        let mut policy = LimitPolicy::default().with_rpm(rpm).with_tpm(tpm);
        policy.learn = false;
        check(policy, rpm, tpm, false).await;
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_limits_are_learned_from_headers() {
    for (rpm, tpm) in [(300, 1_000_000), (1000, 100_000)] {
        check(LimitPolicy::default(), rpm, tpm, false).await;
    }
}

#[tokio::test(start_paused = true)]
async fn fixed_windows_are_learned_from_headers() {
    for (rpm, tpm) in [(300, 1_000_000), (1000, 100_000)] {
        check(LimitPolicy::default(), rpm, tpm, true).await;
    }
}

#[tokio::test(start_paused = true)]
async fn limits_that_are_set_too_high_are_corrected_by_headers() {
    check(LimitPolicy::default().with_rpm(1000).with_tpm(1_000_000), 300, 1_000_000, false).await;
}

//! A store between a test and another one: counts, delays, fails, and remembers when what was reserved.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use llm_core::ErrorKind;
use llm_resilience::limit::{RateAnswer, RateBeat, RateRequest, RateSettlement, RateStore};

use super::*;

/// What was reserved, and between which times.
#[derive(Clone, Debug)]
pub(crate) struct Reserved {
    pub(crate) asked: Instant,
    pub(crate) answered: Instant,
    /// Tokens of its first account.
    #[cfg(feature = "redis")]
    pub(crate) tokens: u64,
}

#[derive(Debug)]
pub(crate) struct Watched {
    inner: Arc<dyn RateStore>,
    /// Questions so far.
    pub(crate) asked: AtomicU32,
    pub(crate) settled: AtomicU32,
    pub(crate) reserved: Mutex<Vec<Reserved>>,
    /// Of a hundred operations so many fail; half of those after they were done, unless all fail.
    pub(crate) failing: AtomicU32,
    /// The longest delay, in milliseconds.
    pub(crate) delay: AtomicU64,
    rng: Mutex<fastrand::Rng>,
}

impl Watched {
    pub(crate) fn new(inner: Arc<dyn RateStore>, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            inner,
            asked: AtomicU32::new(0),
            settled: AtomicU32::new(0),
            reserved: Mutex::default(),
            failing: AtomicU32::new(0),
            delay: AtomicU64::new(0),
            rng: Mutex::new(fastrand::Rng::with_seed(seed)),
        })
    }

    pub(crate) fn fail(&self, percent: u32) {
        self.failing.store(percent, Ordering::Relaxed);
    }

    pub(crate) fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }

    async fn run<T>(&self, operation: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let (most, failing) = (self.delay.load(Ordering::Relaxed), self.failing.load(Ordering::Relaxed));
        let (delay, fails, after) = {
            let mut rng = self.rng.lock().unwrap();
            (rng.u64(0..=most), rng.u32(0..100) < failing, rng.bool() && failing < 100)
        };
        let failure = || Error::new(ErrorKind::Network, "no answer");
        if most > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        if fails && !after {
            return Err(failure());
        }
        let result = operation.await;
        if fails { Err(failure()) } else { result }
    }
}

#[async_trait]
impl RateStore for Watched {
    async fn reserve(&self, request: &RateRequest) -> Result<RateAnswer, Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let asked = Instant::now();
        let answer = self.run(self.inner.reserve(request)).await?;
        if answer == RateAnswer::Reserved {
            let reserved = Reserved {
                asked,
                answered: Instant::now(),
                #[cfg(feature = "redis")]
                tokens: request.charges[0].units[2],
            };
            self.reserved.lock().unwrap().push(reserved);
        }
        Ok(answer)
    }

    async fn settle(&self, settlements: &[RateSettlement]) -> Result<(), Error> {
        self.settled.fetch_add(u32::try_from(settlements.len()).unwrap(), Ordering::Relaxed);
        self.run(self.inner.settle(settlements)).await
    }

    async fn beat(&self, beat: RateBeat<'_>) -> Result<u32, Error> {
        self.run(self.inner.beat(beat)).await
    }
}

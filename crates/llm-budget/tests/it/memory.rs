//! The ledger in memory: the suite, and random histories against the model.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use llm_budget::{Clock, Ledger, MemoryLedger};
use proptest::prelude::*;

use crate::suite::{self, Stand};

/// A clock that a test moves.
#[derive(Clone, Default)]
pub(crate) struct Hand(pub(crate) Arc<AtomicU64>);

impl Hand {
    pub(crate) fn clock(&self) -> impl Clock + use<> {
        let time = self.0.clone();
        move || time.load(Ordering::Relaxed)
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

pub(crate) struct MemoryStand {
    pub(crate) hand: Hand,
    pub(crate) ledger: Arc<dyn Ledger>,
}

impl MemoryStand {
    fn new() -> Self {
        let hand = Hand::default();
        let ledger = Arc::new(MemoryLedger::new(hand.clock()));
        Self { hand, ledger }
    }
}

#[async_trait]
impl Stand for MemoryStand {
    fn ledger(&self) -> Arc<dyn Ledger> {
        self.ledger.clone()
    }

    async fn pass(&self, time: Duration) {
        self.hand.pass(time);
    }
}

#[tokio::test]
async fn passes_the_suite() {
    suite::run(&MemoryStand::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn passes_the_suite_on_several_threads() {
    suite::run(&MemoryStand::new()).await;
}

proptest! {
    #[test]
    fn any_history_has_the_models_balances(steps in suite::steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(suite::compare(&MemoryStand::new(), "p", &steps))?;
    }
}

//! A pool below the driver: what one key is refused with is no evidence against the target.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{ErrorKind, Provider, Target};
use llm_resilience::{BreakerState, Gates, Resilient, RetryPolicy};
use tokio::time::advance;

use super::{Vendor, ask, limited, pool, revoked};
use crate::support::{Act, Memory, Scripted, cx};

const MINUTE: Duration = Duration::from_secs(60);

struct Bench {
    vendor: Arc<Vendor>,
    other: Arc<Scripted>,
    gates: Gates,
    driver: Arc<dyn Provider>,
}

fn bench(keys: &[&str]) -> Bench {
    let (vendor, other, gates) = (Vendor::new(), Scripted::new("other", [Act::Answer(0)]), Gates::default());
    let (provider, _) = pool(&vendor, keys);
    let driver = Resilient::builder().seed(7).retry(RetryPolicy::none()).gates(gates.clone());
    let driver = driver.target(provider, "m").target(other.clone(), "m").build();
    Bench { vendor, other, gates, driver }
}

impl Bench {
    fn is_closed(&self) -> bool {
        let target = Target::new("vendor", "m");
        self.gates.statuses().iter().all(|gate| gate.target != target || gate.breaker == BreakerState::Closed)
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_one_key_is_one_attempt_and_cools_no_target() {
    let bench = bench(&["a", "b"]);
    for refusal in [limited(3600), revoked()] {
        bench.vendor.refuse("a", refusal);
        let (memory, cx) = Memory::cx();
        for _ in 0..4 {
            assert_eq!(ask(&bench.driver, &cx).await.unwrap(), "b");
        }
        assert!(memory.lines().iter().all(|line| !line.starts_with("2 ")), "{:?}", memory.lines());
        assert!(bench.gates.cool_downs().is_empty() && bench.is_closed());
        bench.vendor.take("a");
        advance(60 * MINUTE).await;
    }
    assert_eq!(bench.other.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn when_all_keys_are_limited_the_target_is_left_alone_until_the_soonest() {
    let bench = bench(&["a", "b"]);
    bench.vendor.refuse("a", limited(90));
    bench.vendor.refuse("b", limited(30));
    assert_eq!(ask(&bench.driver, &cx()).await.unwrap(), "other");
    let cool_downs = bench.gates.cool_downs();
    assert_eq!((cool_downs[0].reason, cool_downs[0].retry_in), (ErrorKind::RateLimited, Duration::from_secs(30)));
    bench.vendor.take("b");
    bench.vendor.keys();
    assert_eq!(ask(&bench.driver, &cx()).await.unwrap(), "other");
    advance(Duration::from_secs(30)).await;
    assert_eq!(ask(&bench.driver, &cx()).await.unwrap(), "b");
    assert_eq!(bench.vendor.keys(), "b");
    assert!(bench.is_closed());
}

#[tokio::test(start_paused = true)]
async fn wrong_keys_are_the_pools_to_remember() {
    let bench = bench(&["a", "b"]);
    bench.vendor.refuse("a", revoked());
    bench.vendor.refuse("b", revoked());
    for _ in 0..5 {
        assert_eq!(ask(&bench.driver, &cx()).await.unwrap(), "other");
    }
    assert_eq!(bench.vendor.keys(), "a b", "each once");
    assert!(bench.gates.cool_downs().is_empty(), "so that a mended key is noticed");
    bench.vendor.take("b");
    advance(5 * MINUTE).await;
    assert_eq!(ask(&bench.driver, &cx()).await.unwrap(), "b");
    assert!(bench.is_closed());
}

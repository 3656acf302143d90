//! Limits that several processes keep together, on a store in memory and a paused clock.

use std::sync::Arc;

use llm_core::{ErrorKind, TokenEstimate, Usage};
use llm_resilience::limit::{
    CONCURRENCY_LIMIT, Dimension, MemoryRates, RATE_LIMIT, RateSharing, RateSharingState, RateStore,
};
use tokio::time::sleep;

use super::watched::Watched;
use super::*;

/// Lets the keepers say what they have to say.
pub(crate) async fn settled() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// Processes whose target keeps to this policy together.
pub(crate) async fn replicas(number: usize, store: &Arc<dyn RateStore>, policy: &LimitPolicy) -> Vec<Limits> {
    let replicas: Vec<_> = (0..number).map(|_| limits(policy.clone())).collect();
    for replica in &replicas {
        replica.set_store(Some(store.clone()), RateSharing::default());
    }
    // Until each has heard of all.
    sleep(3 * SECOND).await;
    let count = u32::try_from(number).unwrap();
    for replica in &replicas {
        assert_eq!(replica.sharing(), Some(RateSharingState { replicas: count, alone: false }));
    }
    replicas
}

fn in_memory() -> (Arc<MemoryRates>, Arc<dyn RateStore>) {
    let store = Arc::new(MemoryRates::default());
    (store.clone(), store)
}

/// The name of the target's account at the store.
pub(crate) const TARGET: &str = "m:vendor/model";

fn left_of(store: &MemoryRates, dimension: Dimension) -> i64 {
    store.left(TARGET).into_iter().find(|(of, _)| *of == dimension).unwrap().1
}

#[tokio::test(start_paused = true)]
async fn replicas_keep_to_one_rate() {
    let (_, store) = in_memory();
    let replicas = replicas(3, &store, &LimitPolicy::default().with_rpm(60)).await;
    let target = target();
    for turn in 0..60 {
        limits_enter(&replicas[turn % 3]).await.unwrap();
    }
    for replica in &replicas {
        let error = replica.enter(hasty(&target)).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Limited, Some(RATE_LIMIT)));
        assert_eq!(error.retry_after(), Some(SECOND));
        assert!(left(replica, "rpm") >= 40, "its own count would let more through");
    }
    // Whoever waits has its turn when the store has.
    let started = Instant::now();
    let turns = futures_util::future::join_all(replicas.iter().map(limits_enter)).await;
    assert!(turns.iter().all(Result::is_ok));
    assert_eq!(started.elapsed().as_secs(), 3);
}

/// A request that is over as soon as it was sent.
async fn limits_enter(limits: &Limits) -> Result<(), Error> {
    enter(limits).await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn one_question_for_everything_and_none_for_nothing() {
    let (memory, store) = in_memory();
    let watched = Watched::new(store, 0);
    let limits = limits(LimitPolicy::default().with_tpm(10_000).with_max_in_flight(9));
    limits.configure(LimitScope::EachTenant, LimitPolicy::default().with_rpm(100));
    limits.configure(LimitScope::Provider("vendor".into()), LimitPolicy::default().with_rpm(50));
    limits.configure(LimitScope::Process, LimitPolicy::default().with_rpm(5));
    limits.set_store(Some(watched.clone()), RateSharing::default());
    let (here, elsewhere) = (target(), Target::new("other", "model"));
    let slot = limits.enter(LimitAsk { tenant: Some("acme"), ..ask(&here) }).await.unwrap();
    assert_eq!(watched.asked(), 1);
    let left = |name: &str| memory.left(name).first().map(|(_, left)| *left);
    assert_eq!((left("t:acme"), left("p:vendor")), (Some(99), Some(49)));
    assert_eq!(memory.at_work(TARGET), 1);
    drop(slot);
    settled().await;
    assert_eq!((left("t:acme"), left("p:vendor"), memory.at_work(TARGET)), (Some(100), Some(50), 0), "it was not sent");
    // What only this process limits is nobody else's business.
    let _slot = limits.enter(ask(&elsewhere)).await.unwrap();
    assert_eq!(watched.asked(), 1);
    limits.set_store(None, RateSharing::default());
    assert!(limits.enter(hasty(&here)).await.is_ok() && limits.sharing().is_none());
    assert_eq!(watched.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_used_is_told_behind_the_request() {
    let (memory, store) = in_memory();
    let replicas = replicas(2, &store, &strict(LimitPolicy::default().with_tpm(1000).with_rpm(100))).await;
    let target = target();
    let big = LimitAsk { tokens: TokenEstimate::new(100, Some(700)), ..ask(&target) };
    let (mut slot, started) = (replicas[0].enter(big).await.unwrap(), Instant::now());
    slot.sent();
    assert_eq!(left_of(&memory, Dimension::Tokens), 200);
    let other = LimitAsk { tokens: TokenEstimate::new(100, Some(300)), ..ask(&target) };
    let error = replicas[1].enter(LimitAsk { may_wait: false, ..other }).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(12 * SECOND));
    slot.usage(&Usage::new(100, 100), Instant::now());
    drop(slot);
    assert_eq!(left_of(&memory, Dimension::Tokens), 200, "nobody waited for the store to hear it");
    settled().await;
    assert_eq!((left_of(&memory, Dimension::Tokens), left_of(&memory, Dimension::Requests)), (800, 99));
    // Others ask again after a while, not only when it would have fitted without that.
    assert!(replicas[1].enter(LimitAsk { now: Instant::now(), ..other }).await.is_ok());
    assert!(started.elapsed() < SECOND, "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_place_that_one_gives_back_is_found_by_another() {
    let (memory, store) = in_memory();
    let replicas = replicas(2, &store, &LimitPolicy::default().with_max_in_flight(3)).await;
    let target = target();
    let held = [limits_hold(&replicas[0]).await, limits_hold(&replicas[0]).await, limits_hold(&replicas[0]).await];
    let error = replicas[1].enter(hasty(&target)).await.unwrap_err();
    assert_eq!(error.code(), Some(CONCURRENCY_LIMIT));
    let started = Instant::now();
    let gives = async {
        sleep(SECOND).await;
        drop(held);
    };
    let (turns, ()) = tokio::join!(futures_util::future::join_all((0..3).map(|_| enter(&replicas[1]))), gives);
    assert!(turns.iter().all(Result::is_ok));
    assert!(started.elapsed() < SECOND + Duration::from_millis(60), "{:?}", started.elapsed());
    assert_eq!(memory.at_work(TARGET), 3);
}

async fn limits_hold(limits: &Limits) -> Slot {
    enter(limits).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_long_answer_keeps_its_place_and_a_crash_gives_it_back() {
    let (memory, store) = in_memory();
    let cut = Watched::new(store.clone(), 0);
    let replicas = replicas(2, &store, &LimitPolicy::default().with_max_in_flight(2)).await;
    let crashing = limits(LimitPolicy::default().with_max_in_flight(2));
    crashing.set_store(Some(cut.clone()), RateSharing::default());
    let (_long, lost) = (limits_hold(&replicas[0]).await, limits_hold(&crashing).await);
    sleep(300 * SECOND).await;
    assert_eq!(memory.at_work(TARGET), 2, "their leases are renewed");
    cut.fail(100);
    let started = Instant::now();
    let next = enter(&replicas[1]).await.unwrap();
    let waited = started.elapsed();
    assert!(waited > 15 * SECOND && waited < 31 * SECOND, "{waited:?}");
    assert_eq!(memory.at_work(TARGET), 2);
    // It was not dead after all: what it has comes back, and nobody else has its place as long as it lives.
    cut.fail(0);
    sleep(3 * SECOND).await;
    assert_eq!(memory.at_work(TARGET), 3);
    drop((next, lost));
    settled().await;
    assert_eq!(memory.at_work(TARGET), 1);
}

#[tokio::test(start_paused = true)]
async fn small_requests_pass_a_large_one_that_went_away() {
    let (_, store) = in_memory();
    let replicas = replicas(2, &store, &strict(LimitPolicy::default().with_tpm(600))).await;
    let target = target();
    let of = |tokens| LimitAsk { tokens: TokenEstimate::new(tokens, Some(0)), ..hasty(&target) };
    replicas[0].enter(of(500)).await.unwrap().sent();
    settled().await;
    assert_eq!(replicas[1].enter(of(200)).await.unwrap_err().retry_after(), Some(10 * SECOND));
    assert!(replicas[1].enter(of(50)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn processes_go_and_leave_nothing() {
    let (memory, store) = in_memory();
    let mut all = replicas(3, &store, &LimitPolicy::default().with_rpm(60).with_max_in_flight(2)).await;
    let held = limits_hold(&all[2]).await;
    drop(all.pop());
    assert_eq!(memory.at_work(TARGET), 1);
    drop(held);
    settled().await;
    assert_eq!(memory.at_work(TARGET), 0);
    assert_eq!(all[0].sharing(), Some(RateSharingState { replicas: 3, alone: false }), "it may come back");
    sleep(7 * SECOND).await;
    assert_eq!(all[0].sharing(), Some(RateSharingState { replicas: 2, alone: false }));
}

#[tokio::test(start_paused = true)]
async fn another_store_takes_over_while_requests_are_at_work() {
    let ((old, first), (new, second)) = (in_memory(), in_memory());
    let limits = limits(LimitPolicy::default().with_max_in_flight(2).with_rpm(60));
    limits.set_store(Some(first.clone()), RateSharing::default());
    let held = limits_hold(&limits).await;
    // A configuration that was read again changes nothing.
    limits.set_store(Some(first), RateSharing::default());
    drop(limits_hold(&limits).await);
    settled().await;
    assert_eq!(old.at_work(TARGET), 1);
    limits.set_store(Some(second), RateSharing::default());
    let other = limits_hold(&limits).await;
    assert_eq!((old.at_work(TARGET), new.at_work(TARGET)), (1, 1));
    sleep(100 * SECOND).await;
    assert_eq!((old.at_work(TARGET), new.at_work(TARGET)), (1, 1), "each keeps its place where it is");
    drop((held, other));
    settled().await;
    assert_eq!((old.at_work(TARGET), new.at_work(TARGET)), (0, 0));
}

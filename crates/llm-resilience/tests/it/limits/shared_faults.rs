//! A common store that fails, is slow or is gone, and requests that go away at any moment.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use llm_core::{TokenEstimate, Usage};
use llm_resilience::limit::{Dimension, MemoryRates, RateSharing, RateSharingState};
use tokio::time::{advance, sleep};

use super::shared::{TARGET, settled};
use super::watched::Watched;
use super::*;

struct Fleet {
    memory: Arc<MemoryRates>,
    wires: Vec<Arc<Watched>>,
    replicas: Vec<Limits>,
}

async fn fleet(number: u64, policy: &LimitPolicy, seed: u64) -> Fleet {
    let memory = Arc::new(MemoryRates::default());
    let wires: Vec<_> = (0..number).map(|place| Watched::new(memory.clone(), seed * 10 + place)).collect();
    let replicas: Vec<_> = wires.iter().map(|_| limits(policy.clone())).collect();
    for (replica, wire) in replicas.iter().zip(&wires) {
        replica.set_store(Some(wire.clone()), RateSharing::default().with_replicas(4));
    }
    // Until each has heard of all, and that there are not more.
    sleep(9 * SECOND).await;
    Fleet { memory, wires, replicas }
}

/// So many of a hundred operations of each fail.
fn fail(wires: &[Arc<Watched>], percent: u32) {
    for wire in wires {
        wire.fail(percent);
    }
}

type Entering<'a> = Pin<Box<dyn Future<Output = Result<Slot, Error>> + 'a>>;

/// How many hasty requests get in now; they are sent and over at once.
async fn admitted(limits: &Limits) -> usize {
    let target = target();
    let mut count = 0;
    while let Ok(mut slot) = limits.enter(hasty(&target)).await {
        slot.sent();
        count += 1;
    }
    count
}

#[tokio::test(start_paused = true)]
async fn without_the_store_each_keeps_to_its_share() {
    let Fleet { memory, wires, replicas } = fleet(3, &LimitPolicy::default().with_rpm(60), 1).await;
    fail(&wires, 100);
    for replica in &replicas {
        assert_eq!(admitted(replica).await, 20, "a third of it");
        assert_eq!(replica.sharing(), Some(RateSharingState { replicas: 3, alone: true }));
    }
    for wire in &wires {
        assert_eq!(wire.asked(), 5, "then it is left alone");
    }
    // A minute's share comes back within a minute, one in three seconds.
    advance(3 * SECOND).await;
    assert_eq!(admitted(&replicas[0]).await, 1);
    let error = replicas[0].enter(hasty(&target())).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(3 * SECOND));
    // It is found again by itself, and hears what was used in the meantime.
    fail(&wires, 0);
    sleep(3 * SECOND).await;
    for replica in &replicas {
        assert_eq!(replica.sharing(), Some(RateSharingState { replicas: 3, alone: false }));
    }
    let left = memory.left(TARGET);
    assert!(left[0].0 == Dimension::Requests && (0..=6).contains(&left[0].1), "{left:?}");
    assert!(admitted(&replicas[1]).await <= 6);
}

#[tokio::test(start_paused = true)]
async fn a_number_of_replicas_is_assumed_until_one_is_known() {
    let wire = Watched::new(Arc::new(MemoryRates::default()), 0);
    wire.fail(100);
    let limits = limits(LimitPolicy::default().with_rpm(60).with_max_in_flight(8));
    limits.set_store(Some(wire), RateSharing::default().with_replicas(4));
    let target = target();
    let mut held = Vec::new();
    while let Ok(slot) = limits.enter(hasty(&target)).await {
        held.push(slot);
    }
    assert_eq!(held.len(), 2, "a fourth of the places");
    held.clear();
    assert_eq!(admitted(&limits).await, 15);
}

#[tokio::test(start_paused = true)]
async fn places_without_the_store_are_a_share_too_and_known_when_it_is_back() {
    let Fleet { memory, wires, replicas } = fleet(3, &LimitPolicy::default().with_max_in_flight(6), 2).await;
    let before = enter(&replicas[0]).await.unwrap();
    fail(&wires, 100);
    let mut held = Vec::new();
    for replica in &replicas {
        while let Ok(slot) = replica.enter(hasty(&target())).await {
            held.push(slot);
        }
        assert_eq!(gauges(replica), (2, 0));
    }
    assert_eq!(held.len(), 5);
    fail(&wires, 0);
    sleep(3 * SECOND).await;
    assert_eq!(memory.at_work(TARGET), 6, "nobody has two places or none");
    assert!(replicas[1].enter(hasty(&target())).await.is_err());
    drop((before, held));
    settled().await;
    assert_eq!(memory.at_work(TARGET), 0);
}

#[tokio::test(start_paused = true)]
async fn one_failure_costs_one_request_of_the_share() {
    let Fleet { memory, wires, replicas } = fleet(2, &LimitPolicy::default().with_rpm(60), 3).await;
    wires[0].fail(100);
    drop(enter(&replicas[0]).await.unwrap());
    wires[0].fail(0);
    for _ in 0..9 {
        drop(enter(&replicas[0]).await.unwrap());
    }
    settled().await;
    assert_eq!(replicas[0].sharing().map(|state| state.alone), Some(false));
    sleep(2 * SECOND).await;
    // Two came back in two seconds.
    assert_eq!(memory.left(TARGET)[0].1, 60 - 10 + 2);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_when_the_store_goes_still_has_a_turn() {
    let Fleet { wires, replicas, .. } = fleet(2, &LimitPolicy::default().with_rpm(60), 4).await;
    for _ in 0..60 {
        drop(enter(&replicas[1]).await.unwrap());
    }
    let started = Instant::now();
    let waiting = futures_util::future::join_all((0..4).map(|_| enter(&replicas[0])));
    let goes = async {
        sleep(SECOND / 2).await;
        fail(&wires, 100);
        sleep(20 * SECOND).await;
    };
    let (turns, ()) = tokio::join!(waiting, goes);
    assert!(turns.iter().all(Result::is_ok));
    assert!(started.elapsed() <= 21 * SECOND);
}

/// Requests come, are polled, go away and end in random order, over a store that delays and fails.
async fn churn(seed: u64, failing: u32) {
    let mut policy = strict(LimitPolicy::default().with_tpm(6000).with_rpm(300).with_max_in_flight(4));
    (policy.queue, policy.queue_timeout) = (Some(8), 3 * SECOND);
    let Fleet { memory, wires, replicas } = fleet(3, &policy, seed).await;
    for replica in &replicas {
        replica.configure(LimitScope::EachTenant, LimitPolicy::default().with_rpm(200).with_max_in_flight(3));
    }
    for wire in &wires {
        wire.delay.store(30, Ordering::Relaxed);
        wire.fail(failing);
    }
    let mut rng = fastrand::Rng::with_seed(seed);
    let target = target();
    let mut entering: Vec<Entering<'_>> = Vec::new();
    let mut held: Vec<Slot> = Vec::new();
    for _ in 0..300 {
        match rng.u32(..8) {
            0..3 => {
                let tenant = ["x", "y"][rng.usize(..2)];
                let tokens = TokenEstimate::new(rng.u64(..100), Some(rng.u64(..100)));
                let ask = LimitAsk {
                    tenant: Some(tenant),
                    tokens,
                    may_wait: rng.u32(..4) > 0,
                    draw: rng.u64(..),
                    ..ask(&target)
                };
                entering.push(Box::pin(replicas[rng.usize(..3)].enter(ask)));
            }
            3..5 if !entering.is_empty() => {
                let place = rng.usize(..entering.len());
                if let Poll::Ready(outcome) = poll(entering[place].as_mut()) {
                    drop(entering.swap_remove(place));
                    held.extend(outcome);
                }
            }
            5 if !entering.is_empty() => drop(entering.swap_remove(rng.usize(..entering.len()))),
            6 if !held.is_empty() => {
                let mut slot = held.swap_remove(rng.usize(..held.len()));
                match rng.u32(..4) {
                    0 => slot.answered(Duration::from_millis(rng.u64(..2000)), Instant::now()),
                    1 => slot.usage(&Usage::new(rng.u64(..200), rng.u64(..200)), Instant::now()),
                    2 => slot.failed(&Error::new(llm_core::ErrorKind::RateLimited, "x"), Instant::now()),
                    _ => {}
                }
            }
            _ => {
                advance(Duration::from_millis(rng.u64(..200))).await;
                settled().await;
            }
        }
        if failing == 0 {
            assert!(memory.at_work(TARGET) <= 4, "seed {seed}");
        }
    }
    entering.clear();
    held.clear();
    fail(&wires, 0);
    // Settled, found again, and earned again.
    sleep(180 * SECOND).await;
    for replica in &replicas {
        assert_eq!(gauges(replica), (0, 0), "seed {seed}");
        assert_eq!(replica.sharing(), Some(RateSharingState { replicas: 3, alone: false }), "seed {seed}");
        let mut slot = replica.enter(hasty(&target)).await.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        slot.unsent();
    }
    sleep(SECOND).await;
    assert_eq!((memory.at_work(TARGET), memory.at_work("t:x"), memory.at_work("t:y")), (0, 0, 0), "seed {seed}");
    for account in [TARGET, "t:x", "t:y"] {
        for (dimension, left) in memory.left(account) {
            let full = match (dimension, account) {
                (Dimension::Tokens, _) => 6000,
                (_, TARGET) => 300,
                _ => 200,
            };
            assert_eq!(left, full, "seed {seed}: {dimension} of {account}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_goes_away_leaves_nothing_at_the_store() {
    for seed in 0..25 {
        churn(seed, 0).await;
    }
}

#[tokio::test(start_paused = true)]
async fn nor_where_the_store_fails() {
    for seed in 0..25 {
        churn(100 + seed, [5, 30, 80][usize::try_from(seed).unwrap() % 3]).await;
    }
}

/// Three processes under far more than they may do: no window takes more than the burst and what its time earns, nobody is
/// stuck, and what there is is used.
#[tokio::test(start_paused = true)]
async fn no_window_of_three_processes_exceeds_the_limit() {
    for seed in 0..5 {
        let mut policy = LimitPolicy::default().with_rpm(1200).with_max_in_flight(25);
        (policy.burst, policy.queue) = (SECOND, Some(2000));
        policy.queue_target = 60 * SECOND;
        let Fleet { memory, wires, replicas } = fleet(3, &policy, seed).await;
        for wire in &wires {
            wire.delay.store(3, Ordering::Relaxed);
        }
        let target = target();
        let started = Instant::now();
        let calls = (0..450_usize).map(|number| {
            let (limits, target) = (replicas[number % 3].clone(), target.clone());
            let mut rng = fastrand::Rng::with_seed(seed << 32 | number as u64);
            async move {
                let mut slot = limits.enter(LimitAsk { draw: rng.u64(..), ..ask(&target) }).await.unwrap();
                slot.sent();
                sleep(Duration::from_millis(rng.u64(100..900))).await;
            }
        });
        futures_util::future::join_all(calls).await;
        let took = started.elapsed();
        let mut reserved: Vec<_> = wires.iter().flat_map(|wire| wire.reserved.lock().unwrap().clone()).collect();
        reserved.sort_by_key(|one| one.asked);
        assert_eq!(reserved.len(), 450);
        for (first, from) in reserved.iter().enumerate() {
            for (count, to) in reserved[first..].iter().enumerate() {
                let window = (to.answered - from.asked).as_micros();
                assert!((count as u128) < 20 + 20 * window / 1_000_000, "{} in {window} us", count + 1);
            }
        }
        assert!(took < 26 * SECOND, "450 at 20 a second: {took:?}");
        settled().await;
        sleep(SECOND).await;
        assert_eq!(memory.at_work(TARGET), 0);
    }
}

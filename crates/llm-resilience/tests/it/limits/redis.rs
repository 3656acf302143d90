//! Limits that several processes keep in Redis, on a real server: the suite, bounds under load, and a server that is slow
//! or gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use llm_core::{TokenEstimate, Usage};
use llm_resilience::limit::{
    Dimension, MemoryRates, Rate, RateAccount, RateAnswer, RateBeat, RateRequest, RateSharing, RateSharingState,
    RateStore, RedisRates, RedisRatesOptions, Short,
};
use llm_testkit::redis::{RedisServer, is_required};
use proptest::prelude::*;

use super::stores::{self, Stand};
use super::watched::Watched;
use super::*;

/// A server of this test's own; `None` after saying aloud that it is skipped.
fn server() -> Option<RedisServer> {
    #[allow(clippy::disallowed_methods, reason = "how CI says that the server must be there")]
    let services = std::env::var("LOQUAT_REQUIRE_SERVICES").ok();
    RedisServer::start(is_required(services.as_deref()))
}

/// Patient, because other tests keep the machine busy: time limits have tests of their own.
fn patient(server: &RedisServer) -> RedisRates {
    let options = RedisRatesOptions::default().with_timeout(20 * SECOND);
    RedisRates::new(&server.url(), "org", options).unwrap()
}

struct InRedis(Arc<RedisRates>);

#[async_trait]
impl Stand for InRedis {
    fn store(&self) -> Arc<dyn RateStore> {
        self.0.clone()
    }

    /// The time is the server's, so there is nothing to do but wait.
    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn slack(&self) -> Duration {
        Duration::from_millis(900)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_in_redis() {
    let Some(server) = server() else { return };
    stores::run(&InRedis(Arc::new(patient(&server)))).await;
}

/// Three processes of one fleet, each with its own connection.
async fn fleet(server: &RedisServer, policy: &LimitPolicy, sharing: &RateSharing) -> (Vec<Arc<Watched>>, Vec<Limits>) {
    let wires: Vec<_> = (0..3).map(|seed| Watched::new(Arc::new(patient(server)), seed)).collect();
    let replicas: Vec<_> = wires.iter().map(|_| limits(policy.clone())).collect();
    for (replica, wire) in replicas.iter().zip(&wires) {
        replica.set_store(Some(wire.clone()), sharing.clone());
    }
    until(|| replicas.iter().all(|replica| replica.sharing().is_some_and(|state| state.replicas == 3))).await;
    (wires, replicas)
}

async fn until(is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < 20 * SECOND, "it does not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn quick() -> RateSharing {
    RateSharing::default().with_times(Duration::from_millis(200), 30 * SECOND)
}

/// How many of the target's places are taken by the server's count.
fn at_work(server: &RedisServer) -> Option<String> {
    server.command(&["ZCARD", "{org}:limit:p:m:vendor/model"])
}

/// Thousands of requests of three processes: no window of any length takes more than the burst and what its time earns, and
/// there are never more at work than places.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_window_of_three_processes_exceeds_the_limits() {
    const REQUESTS: usize = 2400;
    const TOKENS: u64 = 10;
    let Some(server) = server() else { return };
    // 900 requests a second, 8000 tokens a second, a fifth of a second's worth of them at once, and 40 places.
    let mut policy = strict(LimitPolicy::default().with_rpm(54_000).with_tpm(480_000).with_max_in_flight(40));
    (policy.burst, policy.queue) = (Duration::from_millis(200), Some(u32::MAX));
    (policy.queue_target, policy.queue_timeout) = (300 * SECOND, 300 * SECOND);
    let (wires, replicas) = fleet(&server, &policy, &quick()).await;
    let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let started = Instant::now();
    let tasks: Vec<_> = (0..REQUESTS)
        .map(|number| {
            let (limits, now, most) = (replicas[number % 3].clone(), now.clone(), most.clone());
            tokio::spawn(async move {
                let target = target();
                let tokens = TokenEstimate::new(TOKENS - 1, Some(1));
                let patient = Instant::now() + 300 * SECOND;
                let ask = LimitAsk { tokens, deadline: patient, draw: number as u64 * 7919, ..ask(&target) };
                let mut slot = limits.enter(ask).await.unwrap();
                slot.sent();
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(10 + number as u64 % 20)).await;
                slot.usage(&Usage::new(TOKENS - 1, 1), Instant::now());
                now.fetch_sub(1, Ordering::SeqCst);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let took = started.elapsed();
    let most = most.load(Ordering::SeqCst);
    assert!(most <= 40, "{most} at work");
    let mut reserved: Vec<_> = wires.iter().flat_map(|wire| wire.reserved.lock().unwrap().clone()).collect();
    assert_eq!(reserved.len(), REQUESTS);
    reserved.sort_by_key(|one| one.asked);
    for (first, from) in reserved.iter().enumerate() {
        // The server decided about each between the question and the answer, and not in the order of the questions: all of
        // these were decided by the time that the last of their answers came.
        let (mut requests, mut tokens, mut decided) = (0, 0, from.answered);
        for to in &reserved[first..] {
            (requests, tokens, decided) = (requests + 1, tokens + to.tokens, decided.max(to.answered));
            let window = u64::try_from((decided - from.asked).as_millis()).unwrap() + 1;
            assert!(tokens <= 1600 + 8 * window, "{tokens} tokens in {window} ms");
            assert!(requests <= 180 + 900 * window / 1000 + 1, "{requests} requests in {window} ms");
        }
    }
    until(|| at_work(&server).as_deref() == Some(":0\r\n")).await;
    let asked: u32 = wires.iter().map(|wire| wire.asked()).sum();
    assert!(replicas.iter().all(|replica| gauges(replica) == (0, 0)));
    println!("{REQUESTS} requests in {took:?}, {asked} questions, {most} at work at most");
}

/// As an operator runs it: 50 ms for an operation.
async fn pair(server: &RedisServer, policy: &LimitPolicy) -> [Limits; 2] {
    let replicas = [0, 1].map(|_| {
        let limits = limits(policy.clone());
        let store = RedisRates::new(&server.url(), "org", RedisRatesOptions::default()).unwrap();
        limits.set_store(Some(Arc::new(store)), RateSharing::default().with_times(SECOND, 30 * SECOND));
        limits
    });
    let together = RateSharingState { replicas: 2, alone: false };
    until(|| replicas.iter().all(|replica| replica.sharing() == Some(together))).await;
    replicas
}

/// Requests that are let in at once, and the time that each took to be let in or refused.
async fn rush(limits: &Limits, requests: usize) -> (usize, Vec<Duration>) {
    let (target, mut admitted, mut times) = (target(), 0, Vec::new());
    for _ in 0..requests {
        let started = Instant::now();
        if let Ok(mut slot) = limits.enter(hasty(&target)).await {
            slot.sent();
            admitted += 1;
        }
        times.push(started.elapsed());
    }
    times.sort_unstable();
    (admitted, times)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_server_costs_a_few_requests_its_time_limit_and_is_found_again() {
    let Some(server) = server() else { return };
    // What is earned in the time of a test is next to nothing.
    let mut policy = LimitPolicy::default().with_max_in_flight(10);
    policy.rpd = Some(600);
    let [one, two] = pair(&server, &policy).await;
    server.pause();
    let (admitted, times) = rush(&one, 500).await;
    assert!((300..=302).contains(&admitted), "a half of them: {admitted}");
    let slow = times.iter().filter(|time| **time > Duration::from_millis(20)).count();
    // Five requests wait for the store; a busy machine may wake some late.
    assert!(slow <= 15, "{slow} waited");
    assert!(times[485] < Duration::from_millis(10), "{:?}", times[485]);
    assert!(times[499] < Duration::from_millis(500), "{:?}", times[499]);
    assert_eq!(one.sharing(), Some(RateSharingState { replicas: 2, alone: true }));
    println!("without an answer: {slow} of 500 waited, the longest {:?}, half {:?}", times[499], times[250]);
    server.resume();
    let started = Instant::now();
    until(|| [&one, &two].iter().all(|limits| limits.sharing().is_some_and(|state| !state.alone))).await;
    assert!(started.elapsed() < 5 * SECOND, "{:?}", started.elapsed());
    // The store knows what was used meanwhile: the other one gets the rest.
    let (mut admitted, started) = (0, Instant::now());
    while admitted < 298 && started.elapsed() < 10 * SECOND {
        admitted += rush(&two, 400).await.0;
    }
    assert!((296..=301).contains(&admitted), "{admitted}");
    until(|| at_work(&server).as_deref() == Some(":0\r\n")).await;
}

/// All who ask at the moment of the pause wait once, beside each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_under_load_costs_each_request_the_time_limit_once() {
    let Some(server) = server() else { return };
    let mut policy = LimitPolicy::default();
    policy.rpd = Some(1_000_000);
    let [one, _two] = pair(&server, &policy).await;
    server.pause();
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let limits = one.clone();
            tokio::spawn(async move {
                let started = Instant::now();
                drop(enter(&limits).await.unwrap());
                started.elapsed()
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.push(task.await.unwrap());
    }
    times.sort_unstable();
    let (_, mut later) = rush(&one, 100).await;
    later.sort_unstable();
    println!("in a pause: p50 {:?}, p99 {:?}; later p99 {:?}", times[500], times[990], later[99]);
    // The limit is 50 ms; the rest is a machine that is busy with other tests.
    assert!(times[990] < SECOND, "{:?}", times[990]);
    assert!(later[90] < Duration::from_millis(10), "{:?}", later[90]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_or_forgets_is_joined_again() {
    let Some(mut server) = server() else { return };
    let policy = LimitPolicy::default().with_rpm(6000).with_max_in_flight(4);
    let [one, two] = pair(&server, &policy).await;
    server.command(&["SCRIPT", "FLUSH", "SYNC"]);
    let held = enter(&one).await.unwrap();
    assert_eq!(at_work(&server).as_deref(), Some(":1\r\n"));
    server.kill();
    // Each may have two places, and one has one already.
    let (mut ones, mut twos) = (Vec::new(), Vec::new());
    for (limits, slots) in [(&one, &mut ones), (&two, &mut twos)] {
        while let Ok(slot) = limits.enter(hasty(&target())).await {
            slots.push(slot);
        }
    }
    assert_eq!((ones.len(), twos.len()), (1, 2));
    server.restart();
    until(|| at_work(&server).as_deref() == Some(":4\r\n")).await;
    until(|| [&one, &two].iter().all(|limits| limits.sharing().is_some_and(|state| !state.alone))).await;
    assert!(one.enter(hasty(&target())).await.is_err());
    drop((held, ones, twos));
    until(|| at_work(&server).as_deref() == Some(":0\r\n")).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1))]
    /// Whatever is asked and told in whatever order, the store in Redis answers as the one in memory does. Time is left out:
    /// what these rates earn in a test is nothing.
    #[test]
    fn it_answers_as_the_store_in_memory_does(
        histories in prop::collection::vec(
            prop::collection::vec((0_u8..4, 0_u64..12, 0_usize..3, 0_u64..40, 0_u64..60), 30),
            20,
        )
    ) {
        let Some(server) = server() else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (redis, memory) = (patient(&server), MemoryRates::default());
        for (number, history) in histories.iter().enumerate() {
            let accounts: Vec<_> = (0..3).map(|place| slow_account(number, place)).collect();
            for (step, (what, id, first, tokens, used)) in history.iter().enumerate() {
                let bound: Vec<_> = accounts[*first..].iter().collect();
                let one = stores::request(&format!("{number}-{id}"), &bound, *tokens);
                let same = runtime.block_on(async {
                    match what {
                        0 | 1 => answer(&redis, &one).await == answer(&memory, &one).await,
                        2 => {
                            let said = [stores::settlement(&one, *used, used % 3 > 0)];
                            redis.settle(&said).await.is_ok() && memory.settle(&said).await.is_ok()
                        }
                        _ => {
                            let beat = RateBeat { replica: "one", alive: 60 * SECOND, at_work: &[one] };
                            redis.beat(beat).await.ok() == memory.beat(beat).await.ok()
                        }
                    }
                });
                prop_assert!(same, "history {number}, step {step}");
            }
        }
    }
}

/// An account whose rates earn a unit in a month.
fn slow_account(history: usize, place: u64) -> Arc<RateAccount> {
    let mut account = RateAccount::new(format!("{history}:{place}"), &LimitPolicy::default().with_max_in_flight(4));
    let rate = |limit, burst| Some(Rate { limit, period: 30 * 86_400 * SECOND, burst });
    account.rates = [rate(9, 9), None, rate(200, 100 + 40 * place), rate(300, 300), None];
    Arc::new(account)
}

/// What a store answers, without the time to wait.
async fn answer(store: &dyn RateStore, request: &RateRequest) -> (RateAnswer, Option<Dimension>) {
    match store.reserve(request).await.unwrap() {
        // Which of several is short for the longest is decided by microseconds.
        RateAnswer::Short { dimension, short: Short::Until(_), .. } if dimension == Dimension::Requests => {
            (RateAnswer::Closed, Some(dimension))
        }
        RateAnswer::Short { short: Short::Until(_), .. } => (RateAnswer::Closed, Some(Dimension::Tokens)),
        other => (other, None),
    }
}

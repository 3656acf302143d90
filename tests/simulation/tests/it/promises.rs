//! What the whole promises, each as one test through the real driver: how much a total outage is amplified, when a hint
//! and a deadline bind, and what happens in the instant in which a breaker opens halfway.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{ChatRequest, Cx, Error, ErrorKind, Provider, Request, Response};
use llm_resilience::{BreakerPolicy, BreakerState, Builder, GateSettings, Gates, Resilient, RetryPolicy};
use llm_testkit::ScriptedTransport;
use llm_testkit::fault::{Episode, Fault, FaultyProvider, Ledger, Outcome, Pace, Schedule, Spread};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

const HOUR: Duration = Duration::from_secs(3600);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn always(id: &str, seed: u64, fault: Fault) -> Arc<FaultyProvider> {
    let schedule = Schedule::new([Episode::new(fault, Duration::ZERO, HOUR)]);
    FaultyProvider::new(id, seed).with_schedule(schedule).build()
}

fn driver(vendors: &[&Arc<FaultyProvider>]) -> Builder {
    vendors.iter().fold(Resilient::builder().seed(3), |driver, vendor| driver.target((*vendor).clone(), "m"))
}

async fn ask(driver: Arc<dyn Provider>, cx: Cx, streamed: bool) -> Result<(), Error> {
    let request = Arc::new(ChatRequest::new("m").with_user("hello"));
    let request = if streamed { Request::ChatStream(request) } else { Request::Chat(request) };
    if let Response::ChatStream(stream) = driver.call(&cx, request).await? {
        stream.collect().await?;
    }
    Ok(())
}

fn cx() -> Cx {
    ScriptedTransport::default().cx()
}

#[tokio::test(start_paused = true)]
async fn a_total_outage_is_amplified_by_a_fifth_and_one_a_second() {
    const REQUESTS: usize = 10_000;
    const APART: Duration = Duration::from_millis(10);
    for (retry, gates) in [
        (RetryPolicy::default(), false),
        (RetryPolicy::default().with_max_retries(10), false),
        (RetryPolicy::classic(), false),
        (RetryPolicy::default(), true),
    ] {
        let vendors = [always("a", 1, Fault::Status(503)), always("b", 2, Fault::Status(500))];
        let mut driver = driver(&[&vendors[0], &vendors[1]]).retry(retry.clone());
        if gates {
            driver = driver.gates(Gates::default());
        }
        let driver = driver.build();
        let (start, mut tasks) = (Instant::now(), JoinSet::new());
        for number in 0..REQUESTS {
            sleep_until(start + APART * u32::try_from(number).unwrap()).await;
            tasks.spawn(ask(driver.clone(), cx(), number % 2 == 0));
        }
        let failed = tasks.join_all().await.iter().filter(|result| result.is_err()).count();
        assert_eq!(failed, REQUESTS);
        let calls: Vec<_> = vendors.iter().flat_map(|vendor| vendor.calls()).collect();
        let last = calls.iter().map(|call| call.started).max().unwrap();
        let seconds = usize::try_from((last - start).as_secs()).unwrap() + 1;
        // A hundred retries are saved up at the start, and until the second target's first failure, which takes half a
        // second at most, nobody knows that it does not answer: so long a fallback to it is free.
        let most = REQUESTS * 12 / 10 + seconds + 100 + 50;
        assert!(calls.len() <= most, "{} calls, and {most} are allowed: {retry:?}", calls.len());
        // Later nothing is saved up any more.
        let (from, until) = (start + Duration::from_secs(60), start + Duration::from_secs(100));
        let later = calls.iter().filter(|call| call.started >= from && call.started < until).count();
        let most = (until - from).as_millis() / APART.as_millis() * 12 / 10 + (until - from).as_millis() / 1000;
        assert!(later as u128 <= most, "{later} calls, and {most} are allowed: {retry:?}");
        assert!(gates || calls.len() > REQUESTS, "there were retries");
    }
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_retries_are_back_at_once() {
    let outage = Schedule::new([Episode::new(Fault::Status(503), Duration::ZERO, Duration::from_secs(60))]);
    let vendor = FaultyProvider::new("a", 1).with_schedule(outage).build();
    let driver = driver(&[&vendor]).build();
    let mut tasks = JoinSet::new();
    for number in 0..7000_u32 {
        sleep_until(vendor.epoch() + ms(10) * number).await;
        let driver = driver.clone();
        tasks.spawn(async move { (number, ask(driver, cx(), false).await.is_ok()) });
    }
    let served = tasks.join_all().await.iter().filter(|(number, ok)| *number >= 6000 && *ok).count();
    assert_eq!(served, 1000, "whoever came when it was over");
}

#[tokio::test(start_paused = true)]
async fn nobody_comes_before_a_hint_is_over() {
    let closed = |wait| Fault::Closed { status: 429, wait: ms(wait), hint: true };
    let limited = Fault::Limited { requests: 20, per: ms(3000), hint: true };
    let vendors = [always("a", 1, closed(700)), always("b", 2, limited), always("c", 3, closed(2300))];
    let driver = driver(&[&vendors[0], &vendors[1], &vendors[2]]).gates(Gates::default()).build();
    let (ledger, mut tasks) = (Arc::new(Ledger::default()), JoinSet::new());
    for number in 0..10_000_u32 {
        let mut cx = cx().with_observer(ledger.clone());
        cx.request_id = Some(number.to_string().into());
        cx.max_targets = (number % 3 == 0).then_some(1);
        tasks.spawn(ask(driver.clone(), cx, number % 2 == 0));
        sleep(ms(u64::from(number % 7) * 10)).await;
    }
    tasks.join_all().await;
    let calls: Vec<_> = vendors.iter().flat_map(|vendor| vendor.calls()).collect();
    let early = calls.iter().filter(|call| call.early.is_some()).count();
    let hints = calls.iter().filter(|call| call.hint.is_some()).count();
    assert_eq!(early, 0, "of {} calls and {hints} hints", calls.len());
    assert!(hints > 200, "{hints}");
    assert_eq!(ledger.problems(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn no_attempt_starts_when_the_deadline_is_over() {
    let vendors =
        [always("a", 1, Fault::Closed { status: 503, wait: ms(900), hint: true }), always("b", 2, Fault::Status(500))];
    let driver = driver(&[&vendors[0], &vendors[1]]).retry(RetryPolicy::default().with_max_retries(9)).build();
    let (mut tasks, mut random) = (JoinSet::new(), fastrand::Rng::with_seed(1));
    for number in 0..4000 {
        let patience = ms(random.u64(0..=6000));
        let deadline = Instant::now() + patience;
        let (driver, cx) = (driver.clone(), cx().with_deadline(deadline.into_std()));
        tasks.spawn(async move {
            let end = ask(driver, cx, number % 2 == 0).await;
            // A timer has the grain of a millisecond.
            assert!(Instant::now() <= deadline + ms(2), "{end:?} after {patience:?}");
        });
        sleep(ms(20)).await;
    }
    tasks.join_all().await;
    for vendor in &vendors {
        let calls = vendor.calls();
        let late = calls.iter().filter(|call| call.started + ms(50) > call.deadline.unwrap()).count();
        assert_eq!(late, 0, "of {} calls", calls.len());
        assert!(calls.len() > 500, "{}", calls.len());
    }
}

/// A breaker that opened at the start, and a thousand requests in the instant in which its minute is over.
async fn storm(probes: u32, second_target: bool, streamed: bool) -> (u32, usize, Vec<Option<ErrorKind>>) {
    let slow = Pace { first_word: Spread::always(ms(2000)), ..Pace::default() };
    let fault = Episode::new(Fault::Status(500), Duration::ZERO, Duration::from_secs(59));
    let vendor = FaultyProvider::new("a", 1).with_schedule(Schedule::new([fault]).with_pace(slow)).build();
    let other = always("b", 2, Fault::Reset(llm_core::Progress::Sent));
    let breaker = BreakerPolicy::classic().with_failures(1).with_probes(probes, probes);
    let gates = Gates::new(GateSettings::default().with_breaker(breaker));
    let vendors = if second_target { vec![&vendor, &other] } else { vec![&vendor] };
    let driver = driver(&vendors).retry(RetryPolicy::none()).gates(gates.clone()).build();
    ask(driver.clone(), cx(), false).await.unwrap_err();
    let opened = vendor.calls()[0].ended.unwrap();
    let before = vendor.count();
    sleep_until(opened + Duration::from_secs(60)).await;
    let mut tasks = JoinSet::new();
    for _ in 0..1000 {
        tasks.spawn(ask(driver.clone(), cx(), streamed));
    }
    let ends = tasks.join_all().await;
    let calls = u32::try_from(vendor.count() - before).unwrap();
    assert_eq!(gates.statuses()[0].breaker, BreakerState::Closed, "the probes succeeded");
    let answered = vendor.calls().iter().filter(|call| call.outcome == Outcome::Answered).count();
    (calls, answered, ends.into_iter().map(|end| end.err().map(|error| error.kind())).collect())
}

#[tokio::test(start_paused = true)]
async fn a_thousand_requests_at_a_half_open_breaker_are_as_many_calls_as_it_has_probes() {
    for probes in [1, 3] {
        for streamed in [false, true] {
            let (calls, answered, ends) = storm(probes, false, streamed).await;
            assert_eq!((calls, answered), (probes, probes as usize));
            let refused = ends.iter().filter(|end| **end == Some(ErrorKind::CircuitOpen)).count();
            assert_eq!(refused, 1000 - answered);
            let (calls, ..) = storm(probes, true, streamed).await;
            assert_eq!(calls, probes, "beside another target");
        }
    }
}

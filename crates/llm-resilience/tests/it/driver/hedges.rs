//! Hedges: one winner, no loser left behind, within a budget, and only where nothing is wrong.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{AttemptReason, ChatRequest, ErrorKind, Hints, PlanTarget, Priority, Provider, Request, Response};
use llm_resilience::{
    BreakerPolicy, GateScope, GateSettings, Gates, HedgeAfter, HedgePolicy, Resilient, RetryPolicy, Settings, Share,
};
use tokio::time::Instant;

use crate::support::{Act, Memory, Piece, Scripted, chat, cx, driver, error, fail, ms, open, pieces, words};

fn hedged(after: u64) -> Settings {
    let hedge = HedgePolicy::after(HedgeAfter::Fixed(ms(after))).with_budget(Share::percent(100));
    Settings::default().with_hedge(hedge)
}

/// A stream whose first word comes after this time.
fn stream(id: &str, after: u64) -> Act {
    Act::Stream([Piece::Wait(after)].into_iter().chain(pieces(words(id, &[id]))).collect())
}

#[tokio::test(start_paused = true)]
async fn the_first_content_wins_and_the_loser_is_dropped_at_once() {
    for (first, second, winner, took) in [(5000, 100, "b", 900), (1000, 900, "a", 1000), (700, 0, "a", 700)] {
        for streamed in [false, true] {
            let act = |id, after| if streamed { stream(id, after) } else { Act::Answer(after) };
            let (a, b) = (Scripted::new("a", [act("a", first)]), Scripted::new("b", [act("b", second)]));
            let gates = Gates::default();
            let driver = driver(&[&a, &b]).settings(hedged(800)).gates(gates.clone()).build();
            let (memory, cx) = Memory::cx();
            let started = Instant::now();
            let response = if streamed {
                let events = open(&driver, &cx).await.unwrap();
                assert_eq!(started.elapsed(), ms(took));
                assert_eq!(a.live() + b.live(), 1, "only the winner is at work");
                events.collect().await.unwrap()
            } else {
                chat(&driver, &cx).await.unwrap()
            };
            assert_eq!((response.text().as_str(), started.elapsed()), (winner, ms(took)));
            assert_eq!((a.live(), b.live()), (0, 0));
            let both = first > 800;
            assert_eq!((a.count(), b.count()), (1, usize::from(both)));
            assert_eq!(response.attempts.len(), if both { 2 } else { 1 });
            let last = response.attempts.last().unwrap();
            assert!(last.failure.is_none() && &*last.target.provider == winner, "who answered stands last");
            if both {
                let loser = &response.attempts[0];
                assert_eq!(loser.failure.as_ref().unwrap().kind, ErrorKind::Cancelled);
                let reasons = [AttemptReason::First, AttemptReason::Hedge];
                assert!(
                    reasons.contains(&loser.reason) && reasons.contains(&last.reason) && loser.reason != last.reason
                );
            }
            assert_eq!((memory.open_attempts(), memory.completions()), (0, 1));
            assert!(gates.statuses().iter().all(|gate| gate.in_flight == 0));
        }
    }
}

/// Any way in which a target may behave.
fn any(random: &mut fastrand::Rng, id: &str) -> Act {
    let after = random.u64(0..200) * 10;
    match random.u8(0..8) {
        0 => Act::Fail(after, error(ErrorKind::Server)),
        1 => Act::Fail(after, error(ErrorKind::InvalidRequest)),
        2 => Act::Fail(after, error(ErrorKind::RateLimited).with_retry_after(ms(500))),
        3 => Act::Hang,
        4 => Act::Stream(vec![Piece::Wait(after), Piece::Fail(error(ErrorKind::Overloaded))]),
        _ => stream(id, after),
    }
}

#[tokio::test(start_paused = true)]
async fn exactly_one_winner() {
    let mut hedges = 0;
    for seed in 0..1500 {
        let mut random = fastrand::Rng::with_seed(seed);
        let targets = ["a", "b", "c"].map(|id| Scripted::new(id, [any(&mut random, id), any(&mut random, id)]));
        let mut policy = HedgePolicy::after(HedgeAfter::Fixed(ms(random.u64(1..100) * 10)));
        policy = policy.with_budget(Share::percent(100)).with_max_extra(random.u32(1..3));
        let settings = Settings::default().with_hedge(policy);
        let timeouts = llm_resilience::TimeoutPolicy::default().with_attempt(ms(3000)).with_total(ms(9000));
        let gates = Gates::default();
        let builder = driver(&[&targets[0], &targets[1], &targets[2]]).settings(settings.with_timeouts(timeouts));
        let driver = builder.gates(gates.clone()).seed(seed).build();
        let (memory, cx) = Memory::cx();
        let started = Instant::now();
        let outcome = match open(&driver, &cx).await {
            Ok(stream) => {
                let live: usize = targets.iter().map(|target| target.live()).sum();
                assert_eq!(live, 1, "seed {seed}: who lost is gone");
                stream.collect().await
            }
            Err(error) => Err(error),
        };
        assert!(started.elapsed() <= ms(9000), "seed {seed}");
        let attempts = match &outcome {
            Ok(response) => &response.attempts,
            Err(error) => error.attempts(),
        };
        let answers = attempts.iter().filter(|attempt| attempt.failure.is_none()).count();
        assert_eq!(answers, usize::from(outcome.is_ok()), "seed {seed}: {attempts:?}");
        let calls: usize = targets.iter().map(|target| target.count()).sum();
        assert_eq!(attempts.len(), calls, "seed {seed}: every call stands in the log once");
        assert!(calls <= 4, "seed {seed}: {calls} calls");
        hedges += attempts.iter().filter(|attempt| attempt.reason == AttemptReason::Hedge).count();
        assert_eq!((memory.open_attempts(), memory.completions()), (0, 1), "seed {seed}: {:?}", memory.lines());
        assert_eq!(targets.iter().map(|target| target.live()).sum::<usize>(), 0, "seed {seed}");
        assert!(gates.statuses().iter().all(|gate| gate.in_flight == 0), "seed {seed}");
    }
    assert!(hedges > 500, "{hedges} hedges");
}

#[tokio::test(start_paused = true)]
async fn extra_calls_stay_within_the_budget_when_everything_is_slow() {
    let (a, b) = (Scripted::new("a", [Act::Answer(5000)]), Scripted::new("b", [Act::Answer(5000)]));
    let hedge = HedgePolicy::after(HedgeAfter::Fixed(ms(800)));
    let driver = driver(&[&a, &b]).settings(Settings::default().with_hedge(hedge)).build();
    for request in 1..=400 {
        chat(&driver, &cx()).await.unwrap();
        assert_eq!(a.count(), request);
        assert!(b.count() <= request / 20 + 1, "{} extra calls beside {request}", b.count());
    }
    assert_eq!(b.count(), 21);
}

/// The time to first content that all but one in a hundred requests keep to, and the extra calls.
async fn p99(settings: Settings) -> (Duration, usize) {
    let mut random = fastrand::Rng::with_seed(11);
    let mut bimodal = || {
        let slow = random.u8(0..100) < 4;
        let after = if slow { random.u64(8000..12_000) } else { random.u64(200..400) };
        Act::Answer(after)
    };
    let requests = 3000;
    let targets = ["a", "b"].map(|id| Scripted::new(id, (0..requests).map(|_| bimodal()).collect::<Vec<_>>()));
    let driver = driver(&[&targets[0], &targets[1]]).settings(settings).build();
    let mut times = Vec::new();
    for _ in 0..requests {
        let started = Instant::now();
        chat(&driver, &cx()).await.unwrap();
        times.push(started.elapsed());
    }
    times.sort_unstable();
    (times[requests * 99 / 100], targets[1].count())
}

#[tokio::test(start_paused = true)]
async fn hedges_make_the_slowest_faster() {
    let (without, _) = p99(Settings::default()).await;
    let (with, extra) = p99(Settings::default().with_hedge(HedgePolicy::default())).await;
    assert!(with * 10 <= without * 6, "{without:?} without hedges, {with:?} with them");
    assert!(extra * 100 <= 3000 * 6, "{extra} extra calls of 3000");
    assert!(extra >= 60, "{extra}");
}

/// Calls of the second target when the first one takes long.
async fn extra(builder: llm_resilience::Builder, b: &Arc<Scripted>, request: ChatRequest, hints: Hints) -> usize {
    let driver = builder.settings(hedged(800)).build();
    let before = b.count();
    let response = driver.call(&cx().with_hints(hints), Request::Chat(Arc::new(request))).await.unwrap();
    assert!(matches!(response, Response::Chat(_)));
    b.count() - before
}

#[tokio::test(start_paused = true)]
async fn no_hedge_for_requests_that_must_not_be_made_twice() {
    let request = || ChatRequest::new("public").with_user("hello");
    let stateful = |name: &str, value: serde_json::Value| {
        let mut request = request();
        request.ext.set("openai", name, value);
        request
    };
    let mut batch = Hints::default();
    batch.priority = Priority::Batch;
    let large = ChatRequest::new("public").with_user("x".repeat(9 << 20));
    for (request, hints, expected) in [
        (request(), Hints::default(), 1),
        (request(), batch, 0),
        (stateful("store", true.into()), Hints::default(), 0),
        (stateful("store", false.into()), Hints::default(), 1),
        (stateful("previous_response_id", "resp_1".into()), Hints::default(), 0),
        (large, Hints::default(), 0),
    ] {
        let (a, b) = (Scripted::new("a", [Act::Answer(5000)]), Scripted::new("b", [Act::Answer(0)]));
        assert_eq!(extra(driver(&[&a, &b]), &b, request, hints).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn no_hedge_while_anything_is_wrong() {
    let settings = GateSettings::default().with_breaker(BreakerPolicy::classic().with_failures(1));
    let request = || ChatRequest::new("public").with_user("hello");
    for (second_fails, first_fails) in [(false, false), (true, false), (false, true)] {
        let gates = Gates::new(settings.clone());
        let (a, b) = (Scripted::new("a", [Act::Answer(5000)]), Scripted::new("b", [Act::Answer(0)]));
        let broken = |id| {
            let broken = Scripted::new(id, [fail(ErrorKind::Server)]);
            driver(&[&broken]).gates(gates.clone()).retry(RetryPolicy::none()).build()
        };
        if second_fails {
            chat(&broken("b"), &cx()).await.unwrap_err();
        }
        if first_fails {
            chat(&broken("a"), &cx()).await.unwrap_err();
            tokio::time::sleep(Duration::from_secs(61)).await;
        }
        let expected = usize::from(!second_fails && !first_fails);
        let hedges = extra(driver(&[&a, &b]).gates(gates.clone()), &b, request(), Hints::default()).await;
        assert_eq!(hedges, expected, "second fails {second_fails}, first half-open {first_fails}");
    }
    let gates = Gates::default();
    gates.limits().set_gauge(Some(Share::percent(85)));
    let (a, b) = (Scripted::new("a", [Act::Answer(5000)]), Scripted::new("b", [Act::Answer(0)]));
    assert_eq!(extra(driver(&[&a, &b]).gates(gates), &b, request(), Hints::default()).await, 0, "load is shed");
    let _ = GateScope::All;
}

#[tokio::test(start_paused = true)]
async fn a_hedge_goes_to_another_provider_or_region() {
    let act = || [Act::Answer(5000), Act::Answer(0)];
    let regions: [(Option<&str>, Option<&str>, usize); 3] =
        [(None, None, 1), (Some("eu"), Some("eu"), 1), (Some("eu"), Some("us"), 2)];
    for (first, second, calls) in regions {
        let only = Scripted::new("a", act());
        let place = |model: &str, region: Option<&'static str>| {
            let place = PlanTarget::new(only.clone(), model);
            match region {
                Some(region) => place.with_region(region),
                None => place,
            }
        };
        let builder = Resilient::builder().settings(hedged(800));
        let driver = builder.plan_target(place("one", first)).plan_target(place("two", second)).build();
        chat(&driver, &cx()).await.unwrap();
        assert_eq!(only.count(), calls, "{first:?} and {second:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn when_one_fails_the_other_goes_on_and_when_both_fail_the_plan_does() {
    let (a, b) =
        (Scripted::new("a", [Act::Fail(1000, error(ErrorKind::Server))]), Scripted::new("b", [Act::Answer(900)]));
    let started = Instant::now();
    let response = chat(&driver(&[&a, &b]).settings(hedged(800)).build(), &cx()).await.unwrap();
    assert_eq!((response.text().as_str(), started.elapsed()), ("b", ms(1700)));
    assert_eq!((a.count(), b.count()), (1, 1), "a failure beside a hedge is not retried");

    let fails = |id, after| Scripted::new(id, [Act::Fail(after, error(ErrorKind::NotFound))]);
    let (a, b, c) = (fails("a", 1000), fails("b", 900), Scripted::new("c", [Act::Answer(0)]));
    let response = chat(&driver(&[&a, &b, &c]).settings(hedged(800)).build(), &cx()).await.unwrap();
    assert_eq!(response.text(), "c");
    let log: Vec<_> = response.attempts.iter().map(|attempt| (attempt.number, attempt.reason)).collect();
    assert_eq!(log, [(1, AttemptReason::First), (2, AttemptReason::Hedge), (3, AttemptReason::Fallback)]);
}

#[tokio::test(start_paused = true)]
async fn hedges_need_a_percentile_that_is_known() {
    let (a, b) = (Scripted::new("a", vec![Act::Answer(100); 20]), Scripted::new("b", [Act::Answer(0)]));
    let hedge = HedgePolicy::default();
    assert_eq!(hedge.after, HedgeAfter::Percentile(95));
    let builder = |a: &Arc<Scripted>| driver(&[a, &b]).settings(Settings::default().with_hedge(hedge.clone()));
    let learned = llm_resilience::Learned::default();
    let first: Arc<dyn Provider> = builder(&a).learned(learned.clone()).build();
    for _ in 0..20 {
        chat(&first, &cx()).await.unwrap();
    }
    let slow = Scripted::new("a", [Act::Answer(5000)]);
    let unknown = builder(&slow).build();
    let started = Instant::now();
    chat(&unknown, &cx()).await.unwrap();
    assert_eq!((b.count(), started.elapsed()), (0, ms(5000)), "nothing is known yet");
    let known = builder(&slow).learned(learned).build();
    let started = Instant::now();
    chat(&known, &cx()).await.unwrap();
    assert_eq!((b.count(), started.elapsed()), (1, ms(500)), "never sooner than 500 ms");
}

#[tokio::test(start_paused = true)]
async fn no_hedge_starts_without_the_time_it_takes_as_a_rule() {
    let learned = llm_resilience::Learned::default();
    let b = Scripted::new("b", [Act::Answer(2000)]);
    let teach: Arc<dyn Provider> = driver(&[&b]).learned(learned.clone()).build();
    for _ in 0..20 {
        chat(&teach, &cx()).await.unwrap();
    }
    let a = Scripted::new("a", [Act::Hang]);
    let both = driver(&[&a, &b]).settings(hedged(800)).learned(learned).build();
    for (millis, hedges) in [(2000, 0), (4000, 1)] {
        let before = b.count();
        let call = cx().with_deadline(Instant::now().into_std() + ms(millis));
        assert_eq!(chat(&both, &call).await.is_ok(), hedges == 1);
        assert_eq!(b.count() - before, hedges, "{millis} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hedge_that_is_not_paid_for_uses_no_limit() {
    let mut limits = llm_resilience::LimitPolicy::default();
    limits.rpd = Some(100);
    let gates = Gates::new(GateSettings::default().with_limits(limits));
    let (a, b) = (Scripted::new("a", [Act::Answer(2000)]), Scripted::new("b", [Act::Answer(5000)]));
    let hedge = HedgePolicy::after(HedgeAfter::Fixed(ms(800))).with_budget(Share::NONE);
    let both = driver(&[&a, &b]).settings(Settings::default().with_hedge(hedge)).gates(gates.clone()).build();
    for _ in 0..5 {
        chat(&both, &cx()).await.unwrap();
    }
    let left = |id: &str| gates.statuses().into_iter().find(|gate| &*gate.target.provider == id).unwrap().left[0].left;
    assert_eq!(b.count(), 1, "the one that is there at the start");
    assert_eq!((left("a"), left("b")), (95, 99));
}

//! The driver before gates: what a refusal leads to, and what the gates learn.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{CancellationToken, ErrorKind, PlanTarget, Request, Target};
use llm_resilience::{
    ALL_TARGETS_FAILED, BreakerPolicy, BreakerState, GateSettings, Gates, LimitPolicy, Resilient, RetryPolicy,
    TimeoutPolicy,
};
use tokio::time::{Instant, sleep};

use crate::support::{Act, Memory, Piece, Scripted, chat, cx, driver, error, fail, ms, open, pieces, preamble, words};

/// Breakers that open after so many failures, for a minute.
fn gates(failures: u32) -> Gates {
    Gates::new(GateSettings::default().with_breaker(BreakerPolicy::classic().with_failures(failures)))
}

fn breaker(gates: &Gates, id: &str) -> BreakerState {
    let target = Target::new(id, "m");
    gates.statuses().into_iter().find(|gate| gate.target == target).unwrap().breaker
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_is_passed_over_without_an_attempt() {
    let gates = gates(3);
    let (a, b) = (Scripted::new("a", [fail(ErrorKind::Server)]), Scripted::new("b", [Act::Answer(0)]));
    let driver = driver(&[&a, &b]).gates(gates.clone()).build();
    chat(&driver, &cx()).await.unwrap();
    assert_eq!((a.count(), b.count(), breaker(&gates, "a")), (3, 1, BreakerState::Open));
    let (memory, cx) = Memory::cx();
    let started = Instant::now();
    let response = chat(&driver, &cx).await.unwrap();
    assert_eq!((a.count(), b.count(), started.elapsed()), (3, 2, ms(0)));
    assert_eq!(response.attempts.len(), 1, "a refusal is no attempt");
    assert_eq!(memory.lines(), ["1 b/m starts", "1 b/m ok", "completed b/m ok (3 in, 5 out)"]);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_opens_between_retries_ends_them() {
    let gates = gates(2);
    let only = Scripted::new("a", [fail(ErrorKind::Server)]);
    let driver = driver(&[&only]).gates(gates.clone()).build();
    let error = chat(&driver, &cx()).await.unwrap_err();
    assert_eq!((only.count(), error.kind()), (2, ErrorKind::Server), "the vendor's own error is told");
    let error = chat(&driver, &cx()).await.unwrap_err();
    assert_eq!(only.count(), 3, "the last resort: one request a second");
    assert_eq!(error.kind(), ErrorKind::Server);
    let error = chat(&driver, &cx()).await.unwrap_err();
    assert_eq!((only.count(), error.kind()), (3, ErrorKind::CircuitOpen));
    assert!(error.retry_after().unwrap() > Duration::from_secs(50), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn when_all_are_shut_the_soonest_is_told() {
    let gates = gates(1);
    let (a, b) = (Scripted::new("a", [fail(ErrorKind::Server)]), Scripted::new("b", [fail(ErrorKind::Server)]));
    let none = RetryPolicy::none();
    chat(&driver(&[&b]).gates(gates.clone()).retry(none.clone()).build(), &cx()).await.unwrap_err();
    sleep(ms(20_000)).await;
    let both = driver(&[&a, &b]).gates(gates.clone()).retry(none).build();
    chat(&both, &cx()).await.unwrap_err();
    sleep(ms(10_000)).await;
    let error = chat(&both, &cx()).await.unwrap_err();
    assert_eq!((a.count(), b.count()), (1, 2), "the last resort is the one that is ready soonest");
    assert_eq!(error.kind(), ErrorKind::Server);
    let (memory, observed) = Memory::cx();
    let error = chat(&both, &observed).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::CircuitOpen, Some(ALL_TARGETS_FAILED)));
    assert!(error.message().starts_with("all 2 targets take no requests now (a/m: circuit_open, b/m: "), "{error}");
    let after = error.retry_after().unwrap();
    assert_eq!(after, ms(30_000), "b is ready sooner than a");
    assert_eq!(error.progress(), llm_core::Progress::NotSent);
    assert_eq!(memory.lines(), ["completed nobody circuit_open (? in, ? out)"]);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_refuses_the_fallback_leaves_the_primary_its_retries() {
    let gates = gates(50);
    let limited = error(ErrorKind::RateLimited).with_retry_after(ms(2000));
    let (a, b) = (Scripted::new("a", [Act::Fail(0, limited), Act::Answer(0)]), Scripted::new("b", [Act::Answer(0)]));
    gates.isolate(&Target::new("b", "m"));
    let response = chat(&driver(&[&a, &b]).gates(gates).build(), &cx()).await.unwrap();
    assert_eq!((response.text().as_str(), a.count(), b.count()), ("a", 2, 0));
    let waited = a.calls()[1].at - a.calls()[0].at;
    assert!((ms(2000)..=ms(2300)).contains(&waited), "{waited:?}");
    assert_eq!(response.attempts[1].waited, waited);
}

#[tokio::test(start_paused = true)]
async fn a_limit_moves_on_at_once_and_is_waited_for_when_nobody_else_is_there() {
    let gates = Gates::new(GateSettings::default().with_limits(LimitPolicy::default().with_rpm(6)));
    let only = Scripted::new("a", [Act::Answer(0)]);
    let alone = driver(&[&only]).gates(gates.clone()).build();
    let mut used = 0;
    while used < 100 {
        let started = Instant::now();
        let response = chat(&alone, &cx()).await.unwrap();
        used += 1;
        if started.elapsed() > ms(0) {
            assert_eq!(response.attempts[0].waited, started.elapsed(), "a wait before a gate is told");
            break;
        }
    }
    assert!(used < 100, "the limit was met");
    let second = Scripted::new("b", [Act::Answer(0)]);
    let both = driver(&[&only, &second]).gates(gates).build();
    let started = Instant::now();
    let mut by_second = 0;
    for _ in 0..5 {
        by_second += usize::from(chat(&both, &cx()).await.unwrap().text() == "b");
    }
    assert_eq!(started.elapsed(), ms(0), "somebody is free");
    assert!(by_second >= 4, "{by_second}");
}

#[tokio::test(start_paused = true)]
async fn a_short_deadline_bounds_the_wait_before_a_gate() {
    let gates = Gates::new(GateSettings::default().with_limits(LimitPolicy::default().with_rpm(1)));
    let only = Scripted::new("a", [Act::Answer(0)]);
    let driver = driver(&[&only]).gates(gates).build();
    chat(&driver, &cx()).await.unwrap();
    let started = Instant::now();
    let call = cx().with_deadline(started.into_std() + ms(3000));
    let error = chat(&driver, &call).await.unwrap_err();
    assert!(started.elapsed() <= ms(3000), "{:?}", started.elapsed());
    assert_eq!(only.count(), 1, "{error}");
    assert_eq!(error.progress(), llm_core::Progress::NotSent);
}

#[tokio::test(start_paused = true)]
async fn a_cool_down_is_kept_by_later_requests() {
    let gates = gates(5);
    let limited = error(ErrorKind::RateLimited).with_status(429).with_retry_after(ms(20_000));
    let (a, b) = (Scripted::new("a", [Act::Fail(0, limited), Act::Answer(0)]), Scripted::new("b", [Act::Answer(0)]));
    let both = driver(&[&a, &b]).gates(gates.clone()).build();
    for _ in 0..10 {
        assert_eq!(chat(&both, &cx()).await.unwrap().text(), "b");
    }
    assert_eq!(a.count(), 1, "it asked to wait, and is not asked");
    let alone = driver(&[&a]).gates(gates).build();
    let started = Instant::now();
    chat(&alone, &cx()).await.unwrap();
    let waited = started.elapsed();
    assert!((ms(20_000)..=ms(22_000)).contains(&waited), "alone it is waited for, never too short: {waited:?}");
}

#[tokio::test(start_paused = true)]
async fn the_callers_own_end_is_no_evidence_but_the_targets_timers_are() {
    for (callers, opens) in [(500, false), (3000, true)] {
        let gates = gates(1);
        let only = Scripted::new("a", [Act::Hang]);
        let place = PlanTarget::new(only.clone(), "m").with_timeout(ms(3000));
        let driver = Resilient::builder().plan_target(place).gates(gates.clone()).retry(RetryPolicy::none()).build();
        let call = cx().with_deadline(Instant::now().into_std() + ms(callers));
        chat(&driver, &call).await.unwrap_err();
        assert_eq!(breaker(&gates, "a") == BreakerState::Open, opens, "deadline after {callers} ms");
    }
    let gates = gates(1);
    let only = Scripted::new("a", [Act::Hang]);
    let driver = driver(&[&only]).gates(gates.clone()).build();
    let token = CancellationToken::new();
    let call = cx().with_cancel(token.clone());
    let (error, ()) = tokio::join!(chat(&driver, &call), async {
        sleep(ms(100)).await;
        token.cancel();
    });
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(breaker(&gates, "a"), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_silent_target_opens_its_breaker() {
    let gates = gates(2);
    let (a, b) = (Scripted::new("a", [Act::Hang]), Scripted::new("b", [Act::Answer(0)]));
    let builder = driver(&[&a, &b]).gates(gates.clone());
    let driver = builder.timeouts(TimeoutPolicy::default().with_attempt(ms(5000))).build();
    for _ in 0..4 {
        chat(&driver, &cx()).await.unwrap();
    }
    assert_eq!((a.count(), breaker(&gates, "a")), (2, BreakerState::Open));
}

#[tokio::test(start_paused = true)]
async fn a_stream_keeps_its_place_to_the_end_and_its_break_counts() {
    let gates = gates(1);
    let whole = Scripted::new("a", [Act::Stream(pieces(words("a", &["x", "y"])))]);
    let stream = open(&driver(&[&whole]).gates(gates.clone()).build(), &cx()).await.unwrap();
    assert_eq!(gates.statuses()[0].in_flight, 1);
    stream.collect().await.unwrap();
    assert_eq!((gates.statuses()[0].in_flight, breaker(&gates, "a")), (0, BreakerState::Closed));

    let mut broken = pieces(preamble("a"));
    broken.extend(pieces(words("a", &["x"])[3..4].to_vec()));
    broken.push(Piece::Fail(error(ErrorKind::Network)));
    let broken = Scripted::new("a", [Act::Stream(broken)]);
    let stream = open(&driver(&[&broken]).gates(gates.clone()).build(), &cx()).await.unwrap();
    assert_eq!(breaker(&gates, "a"), BreakerState::Closed, "the first word is the verdict");
    stream.collect().await.unwrap_err();
    assert_eq!((gates.statuses()[0].in_flight, breaker(&gates, "a")), (0, BreakerState::Open));

    gates.reset(&Target::new("a", "m"));
    let stream = open(&driver(&[&whole]).gates(gates.clone()).build(), &cx()).await.unwrap();
    drop(stream);
    assert_eq!((gates.statuses()[0].in_flight, breaker(&gates, "a")), (0, BreakerState::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_call_without_fallback_stays_at_a_target_that_is_shut() {
    let gates = gates(1);
    gates.isolate(&Target::new("a", "m"));
    let (a, b) = (Scripted::new("a", [Act::Answer(0)]), Scripted::new("b", [Act::Answer(0)]));
    let driver = driver(&[&a, &b]).gates(gates).build();
    let mut call = cx();
    call.max_targets = Some(1);
    assert_eq!(chat(&driver, &call).await.unwrap_err().kind(), ErrorKind::CircuitOpen);
    assert!(driver.call(&cx(), Request::Models).await.is_err(), "nor are models asked of another");
    assert_eq!((a.count(), b.count()), (0, 0));
    chat(&driver, &cx()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn too_long_a_prompt_still_needs_a_larger_window_behind_a_refusal() {
    let gates = gates(1);
    gates.isolate(&Target::new("large", "m"));
    let small = Scripted::with_window("small", 8000, [fail(ErrorKind::ContextLength)]);
    let large = Scripted::with_window("large", 128_000, [Act::Answer(0)]);
    let tiny = Scripted::with_window("tiny", 4000, [Act::Answer(0)]);
    let error = chat(&driver(&[&small, &large, &tiny]).gates(gates).build(), &cx()).await.unwrap_err();
    assert_eq!((error.kind(), tiny.count()), (ErrorKind::ContextLength, 0));
}

#[tokio::test(start_paused = true)]
async fn no_retry_or_fallback_starts_without_the_time_it_takes_as_a_rule() {
    let learned = llm_resilience::Learned::default();
    let slow = Scripted::new("b", vec![Act::Answer(2000); 30]);
    let teach = driver(&[&slow]).learned(learned.clone()).build();
    for _ in 0..20 {
        chat(&teach, &cx()).await.unwrap();
    }
    let a: Arc<Scripted> = Scripted::new("a", [fail(ErrorKind::NotFound)]);
    let both = driver(&[&a, &slow]).learned(learned).build();
    let call = |millis| cx().with_deadline(Instant::now().into_std() + ms(millis));
    let before = slow.count();
    assert_eq!(chat(&both, &call(1500)).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(slow.count(), before, "half of its answers take two seconds");
    chat(&both, &call(2500)).await.unwrap();
    assert_eq!(slow.count(), before + 1);
    chat(&teach, &call(1500)).await.unwrap_err();
    assert_eq!(slow.count(), before + 2, "a first attempt is always made");
}

#[tokio::test(start_paused = true)]
async fn long_whole_answers_do_not_open_a_breaker_and_late_first_words_do() {
    let late = Act::Stream([Piece::Wait(40_000)].into_iter().chain(pieces(words("a", &["a"]))).collect());
    for (act, streamed, state) in [(Act::Answer(40_000), false, BreakerState::Closed), (late, true, BreakerState::Open)]
    {
        let gates = Gates::default();
        let only = Scripted::new("a", [act]);
        let driver = driver(&[&only]).gates(gates.clone()).build();
        let call = cx();
        let ask = || async {
            if streamed {
                drop(open(&driver, &call).await.unwrap());
            } else {
                drop(chat(&driver, &call).await.unwrap());
            }
        };
        futures_util::future::join_all((0..30).map(|_| ask())).await;
        assert_eq!(breaker(&gates, "a"), state, "streamed: {streamed}");
    }
}

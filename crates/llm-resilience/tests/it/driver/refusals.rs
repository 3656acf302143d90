//! A budget or a limit of ours below the driver refuses: nothing was sent, and nothing is said about the target.

use std::time::Duration;

use llm_core::{AttemptReason, Error, ErrorKind, Progress};
use llm_resilience::{
    ALL_TARGETS_FAILED, BreakerPolicy, BreakerState, GateSettings, Gates, HedgeAfter, HedgePolicy, LimitPolicy,
    Resilient, RetryPolicy, Settings, Share,
};
use tokio::time::{Instant, sleep};

use super::Switched;
use crate::support::{Act, Memory, Scripted, chat, cx, driver, error, fail, ms};

/// As a layer of budgets refuses.
fn refused(kind: ErrorKind) -> Error {
    error(kind).with_code("budget_exceeded").with_progress(Progress::NotSent)
}

fn refuse(kind: ErrorKind) -> Act {
    Act::Fail(0, refused(kind))
}

const BOTH: [ErrorKind; 2] = [ErrorKind::Limited, ErrorKind::BudgetExceeded];

#[tokio::test(start_paused = true)]
async fn a_refusal_is_no_failure_of_the_target_and_gives_everything_back() {
    for kind in BOTH {
        let breaker = BreakerPolicy::classic().with_failures(1);
        let settings = GateSettings::default().with_breaker(breaker);
        let gates = Gates::new(settings.with_limits(LimitPolicy::default().with_rpm(60).with_max_in_flight(1)));
        let script = (0..200).map(|_| refuse(kind)).chain([Act::Answer(0)]);
        let a = Scripted::new("a", script);
        let driver = driver(&[&a]).gates(gates.clone()).retry(RetryPolicy::none()).build();
        let started = Instant::now();
        for _ in 0..200 {
            let mut cx = cx();
            cx.tenant = Some("poor".into());
            assert_eq!(chat(&driver, &cx).await.unwrap_err().kind(), kind);
        }
        let gate = &gates.statuses()[0];
        assert_eq!((gate.breaker, gate.in_flight), (BreakerState::Closed, 0));
        let mut cx = cx();
        cx.tenant = Some("rich".into());
        chat(&driver, &cx).await.unwrap();
        assert_eq!((a.count(), started.elapsed()), (201, ms(0)), "others go at once: no token, no place, no cool-down");
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_over_its_budget_is_passed_over_and_a_callers_own_ends_the_request() {
    let limited = Scripted::new("a", [refuse(ErrorKind::Limited)]);
    let (b, c) = (Scripted::new("b", [Act::Answer(0)]), Scripted::new("c", [Act::Answer(0)]));
    let response = chat(&driver(&[&limited, &b]).build(), &cx()).await.unwrap();
    let log: Vec<_> = response.attempts.iter().map(|it| (it.number, it.reason, it.failure.is_some())).collect();
    assert_eq!(log, [(1, AttemptReason::First, true), (2, AttemptReason::Fallback, false)]);
    assert_eq!((response.text().as_str(), limited.count()), ("b", 1));

    let own = Scripted::new("a", [refuse(ErrorKind::BudgetExceeded)]);
    let error = chat(&driver(&[&own, &c]).build(), &cx()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.progress()),
        (ErrorKind::BudgetExceeded, Some("budget_exceeded"), Progress::NotSent)
    );
    assert_eq!((own.count(), c.count(), error.attempts().len()), (1, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn who_refused_is_none_of_the_targets_that_a_request_may_try() {
    let over = ["a", "b", "c"].map(|id| Scripted::new(id, [refuse(ErrorKind::Limited)]));
    let (bad, good) = (Scripted::new("d", [fail(ErrorKind::Server)]), Scripted::new("e", [Act::Answer(0)]));
    let targets = [&over[0], &over[1], &over[2], &bad, &good];
    let mut cx = cx();
    cx.max_targets = Some(2);
    let builder = driver(&targets).retry(RetryPolicy::none());
    assert_eq!(chat(&builder.build(), &cx).await.unwrap().text(), "e");

    let all = driver(&targets[..3]).build();
    let error = chat(&all, &cx).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Limited, Some(ALL_TARGETS_FAILED)));
    assert!(error.message().starts_with("all 3 targets failed (a/m: limited, b/m: limited, c/m: limited)"), "{error}");
    assert_eq!(error.progress(), Progress::NotSent);
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_renews_soon_is_waited_for() {
    let soon = refused(ErrorKind::Limited).with_retry_after(ms(3000));
    let a = Scripted::new("a", [Act::Fail(0, soon.clone()), Act::Fail(0, soon), Act::Answer(0)]);
    let started = Instant::now();
    let response = chat(&driver(&[&a]).build(), &cx()).await.unwrap();
    assert!((ms(6000)..ms(7000)).contains(&started.elapsed()), "{:?}", started.elapsed());
    assert_eq!((a.count(), response.attempts.len()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_was_refused_leaves_its_turn_to_the_next_call() {
    for kind in BOTH {
        let gates = Gates::new(GateSettings::default().with_breaker(BreakerPolicy::classic().with_failures(1)));
        let a = Scripted::new("a", [fail(ErrorKind::Server), refuse(kind), refuse(kind), Act::Answer(0)]);
        let driver = driver(&[&a]).gates(gates.clone()).retry(RetryPolicy::none()).build();
        chat(&driver, &cx()).await.unwrap_err();
        let state = || gates.statuses()[0].breaker;
        assert_eq!(state(), BreakerState::Open);
        sleep(Duration::from_secs(61)).await;
        for _ in 0..2 {
            assert_eq!(chat(&driver, &cx()).await.unwrap_err().kind(), kind);
            assert_eq!(state(), BreakerState::HalfOpen, "neither open nor closed for it");
        }
        chat(&driver, &cx()).await.unwrap();
        assert_eq!((a.count(), state()), (4, BreakerState::Closed));
    }
}

#[tokio::test(start_paused = true)]
async fn a_hedge_without_money_does_not_stop_the_first_attempt() {
    for kind in BOTH {
        let hedge = HedgePolicy::after(HedgeAfter::Fixed(ms(800))).with_budget(Share::percent(100));
        let (a, b) = (Scripted::new("a", [Act::Answer(3000)]), Scripted::new("b", [refuse(kind)]));
        let (memory, cx) = Memory::cx();
        let started = Instant::now();
        let driver = driver(&[&a, &b]).settings(Settings::default().with_hedge(hedge)).build();
        let response = chat(&driver, &cx).await.unwrap();
        assert_eq!((response.text().as_str(), started.elapsed(), b.count()), ("a", ms(3000), 1));
        assert_eq!((memory.open_attempts(), memory.completions()), (0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_fallback_that_was_often_refused_still_counts_as_one_that_answers() {
    // The budget of retries is used up, so that only a target that answers is called beyond it.
    let (bad, b) = (
        Switched::new("a", false),
        Scripted::new("b", (0..50).map(|_| refuse(ErrorKind::Limited)).chain([Act::Answer(0)])),
    );
    let learned = llm_resilience::Learned::default();
    let alone = Resilient::builder().seed(3).learned(learned.clone()).target(b.clone(), "m").build();
    for _ in 0..50 {
        chat(&alone, &cx()).await.unwrap_err();
    }
    let failing = Resilient::builder().seed(3).learned(learned.clone()).target(bad.clone(), "m").build();
    for _ in 0..500 {
        chat(&failing, &cx()).await.unwrap_err();
    }
    let both = Resilient::builder().seed(3).learned(learned).target(bad, "m").target(b.clone(), "m").build();
    for _ in 0..20 {
        assert_eq!(chat(&both, &cx()).await.unwrap().text(), "b");
    }
}

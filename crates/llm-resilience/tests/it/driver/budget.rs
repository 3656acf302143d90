//! The budget of retries: when everything fails, few attempts more than requests; when one target fails, all are served.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{ErrorKind, Provider};
use llm_resilience::{Learned, RETRY_BUDGET_EXHAUSTED, Resilient, RetryBudget, RetryPolicy};
use tokio::time::{Instant, sleep};

use super::Switched;
use crate::support::{chat, cx, ms};

fn chain(targets: &[&Arc<Switched>], learned: &Learned) -> Arc<dyn Provider> {
    let builder = Resilient::builder().seed(5).learned(learned.clone());
    let builder = targets.iter().fold(builder, |builder, target| builder.target((*target).clone(), "m"));
    builder.build()
}

/// Makes requests at an even rate; how many were answered.
async fn load(driver: &Arc<dyn Provider>, requests: usize, per_second: u64) -> usize {
    let mut running = Vec::with_capacity(requests);
    for _ in 0..requests {
        let driver = driver.clone();
        running.push(tokio::spawn(async move { chat(&driver, &cx()).await.is_ok() }));
        sleep(Duration::from_secs(1) / u32::try_from(per_second).unwrap()).await;
    }
    let mut answered = 0;
    for request in running {
        answered += usize::from(request.await.unwrap());
    }
    answered
}

/// The most attempts that `requests` within `seconds` may come to.
fn bound(requests: usize, seconds: usize) -> usize {
    requests + requests / 5 + seconds + 100
}

#[tokio::test(start_paused = true)]
async fn budget_amplification() {
    for targets in [1, 3] {
        let vendors: Vec<_> = ["a", "b", "c"][..targets].iter().map(|id| Switched::new(id, false)).collect();
        let driver = chain(&vendors.iter().collect::<Vec<_>>(), &Learned::default());
        let started = Instant::now();
        assert_eq!(load(&driver, 10_000, 100).await, 0);
        let seconds = usize::try_from(started.elapsed().as_secs()).unwrap() + 1;
        let calls: usize = vendors.iter().map(|vendor| vendor.calls()).sum();
        assert!(calls <= bound(10_000, seconds), "{calls} calls in {seconds} s with {targets} targets");
        assert!(calls >= 11_900, "{calls}: the budget is used, not only kept");

        for vendor in &vendors {
            vendor.set(true);
        }
        assert_eq!(load(&driver, 200, 100).await, 200, "whoever asks from then on is served");
    }
}

#[tokio::test(start_paused = true)]
async fn the_bound_holds_with_slow_failures_of_every_class() {
    for kind in [ErrorKind::Overloaded, ErrorKind::Network, ErrorKind::RateLimited, ErrorKind::Auth] {
        let vendors = ["a", "b"].map(|id| Switched::of(id, false, kind, ms(400)));
        let driver = chain(&[&vendors[0], &vendors[1]], &Learned::default());
        let calls = || vendors[0].calls() + vendors[1].calls();
        // Until five failures of the fallback are known it counts as one that answers, and who comes by then is let on.
        load(&driver, 500, 100).await;
        let (started, before) = (Instant::now(), calls());
        assert!(before <= bound(500, 6) + 500, "{kind}: {before} calls");
        load(&driver, 2000, 100).await;
        let seconds = usize::try_from(started.elapsed().as_secs()).unwrap() + 1;
        let calls = calls() - before;
        assert!(calls <= bound(2000, seconds), "{kind}: {calls} calls in {seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failing_primary_with_a_healthy_fallback_always_falls_over() {
    for takes in [0, 5000] {
        let primary = Switched::new("a", false);
        let fallback = Switched::of("b", true, ErrorKind::Server, ms(takes));
        let driver = chain(&[&primary, &fallback], &Learned::default());
        let started = Instant::now();
        assert_eq!(load(&driver, 5000, 100).await, 5000, "every one, also of a fallback that takes {takes} ms");
        let seconds = usize::try_from(started.elapsed().as_secs()).unwrap() + 1;
        assert_eq!(fallback.calls(), 5000);
        assert!(primary.calls() <= bound(5000, seconds), "{}", primary.calls());
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_budget_ends_the_request_at_once_and_says_so() {
    let only = Switched::new("a", false);
    let learned = Learned::new(RetryBudget::new(0, 0, 2));
    let driver = chain(&[&only], &learned);
    let error = chat(&driver, &cx()).await.unwrap_err();
    assert_eq!((only.calls(), error.code()), (3, Some(RETRY_BUDGET_EXHAUSTED)));
    let started = Instant::now();
    let error = chat(&driver, &cx()).await.unwrap_err();
    assert_eq!((only.calls(), started.elapsed()), (4, ms(0)), "no wait for a retry that does not come");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Server, Some(RETRY_BUDGET_EXHAUSTED)));
    assert!(error.message().contains("retry budget"), "{error}");

    let rebuilt = chain(&[&only], &learned);
    let error = chat(&rebuilt, &cx()).await.unwrap_err();
    assert_eq!((only.calls(), error.code()), (5, Some(RETRY_BUDGET_EXHAUSTED)), "the next driver knows it");
}

#[tokio::test(start_paused = true)]
async fn an_empty_budget_still_falls_over_to_who_answers_and_not_to_who_does_not() {
    let (a, b) = (Switched::new("a", false), Switched::new("b", true));
    let driver = chain(&[&a, &b], &Learned::new(RetryBudget::new(0, 0, 0)));
    for _ in 0..20 {
        assert_eq!(chat(&driver, &cx()).await.unwrap().text(), "b");
    }
    assert_eq!((a.calls(), b.calls()), (20, 20));
    b.set(false);
    for _ in 0..20 {
        let error = chat(&driver, &cx()).await.unwrap_err();
        assert_eq!(error.code(), Some(RETRY_BUDGET_EXHAUSTED));
    }
    assert_eq!((a.calls(), b.calls()), (40, 25), "after five failures in a row it must be paid for");
    b.set(true);
    assert!(chat(&driver, &cx()).await.is_err(), "nobody has asked it since");
}

#[tokio::test(start_paused = true)]
async fn retries_of_one_target_do_not_use_up_those_of_another() {
    let (a, b) = (Switched::new("a", false), Switched::new("b", false));
    let learned = Learned::new(RetryBudget::new(0, 0, 100));
    let retry = RetryPolicy::default().with_max_retries(1);
    let one = |target: &Arc<Switched>| {
        let builder = Resilient::builder().learned(learned.clone()).retry(retry.clone());
        builder.target(target.clone(), "m").build()
    };
    for _ in 0..60 {
        let _ = chat(&one(&a), &cx()).await;
    }
    assert_eq!(a.calls(), 120);
    for _ in 0..60 {
        let _ = chat(&one(&b), &cx()).await;
    }
    assert_eq!(b.calls(), 60 + 40, "the budget of all has 40 left");
}

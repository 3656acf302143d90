//! Who has a turn, who waits, who is refused, and with which words.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use llm_core::{ErrorKind, Progress, TokenEstimate, Usage};
use llm_resilience::limit::{CONCURRENCY_LIMIT, OVER_LIMIT, QUEUE_FULL, QUEUE_TIMEOUT, RATE_LIMIT};
use tokio::time::advance;

use super::*;

fn tokens(input: u64, output: u64) -> TokenEstimate {
    TokenEstimate::new(input, Some(output))
}

#[tokio::test(start_paused = true)]
async fn what_never_fits_is_refused_at_once() {
    let limits = limits(strict(LimitPolicy::default().with_tpm(1000)));
    let target = target();
    let started = Instant::now();
    let error = limits.enter(LimitAsk { tokens: tokens(900, 101), ..ask(&target) }).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::PayloadTooLarge, Some(OVER_LIMIT)));
    assert_eq!((error.retry_after(), error.progress()), (None, Progress::NotSent));
    assert!(error.message().contains("1000 tokens a minute (tpm)"), "{error}");
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert!(limits.enter(LimitAsk { tokens: tokens(900, 100), ..ask(&target) }).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_exactly_when_it_fits() {
    let limits = limits(LimitPolicy::default().with_rpm(60));
    for _ in 0..60 {
        drop(enter(&limits).await.unwrap());
    }
    advance(Duration::from_millis(300)).await;
    let target = target();
    let error = limits.enter(hasty(&target)).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Limited, Some(RATE_LIMIT)));
    assert_eq!(error.retry_after(), Some(Duration::from_millis(700)));
    assert_eq!((error.provider(), error.model()), (Some("vendor"), Some("model")));
    advance(Duration::from_millis(700)).await;
    assert!(limits.enter(hasty(&target)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_turn_comes_as_soon_as_it_fits_and_in_order() {
    let limits = limits(LimitPolicy::default().with_rpm(60));
    for _ in 0..60 {
        drop(enter(&limits).await.unwrap());
    }
    let started = Instant::now();
    let turns = (0..5).map(|_| async {
        drop(enter(&limits).await.unwrap());
        started.elapsed()
    });
    let turns = futures_util::future::join_all(turns).await;
    assert_eq!(turns, (1..=5).map(|second| second * SECOND).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn who_would_wait_too_long_is_told_at_once() {
    let limits = limits(LimitPolicy::default().with_rpm(1));
    drop(enter(&limits).await.unwrap());
    let (target, started) = (target(), Instant::now());
    let error = limits.enter(LimitAsk { deadline: started + 10 * SECOND, ..ask(&target) }).await.unwrap_err();
    assert_eq!((error.code(), error.retry_after()), (Some(RATE_LIMIT), Some(60 * SECOND)));
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn all_scopes_are_taken_or_none() {
    let limits = limits(LimitPolicy::default().with_rpm(100));
    let one = || LimitPolicy::default().with_rpm(1);
    limits.configure(LimitScope::EachTenant, one());
    let target = target();
    let of = |tenant| LimitAsk { tenant: Some(tenant), ..hasty(&target) };
    let mut slot = limits.enter(of("a")).await.unwrap();
    slot.sent();
    let error = limits.enter(of("a")).await.unwrap_err();
    assert!(error.message().contains("tenant a"), "{error}");
    assert_eq!(left(&limits, "rpm"), 99, "the refused one took nothing");
    // The other scopes bind in the same way.
    assert!(limits.enter(of("b")).await.is_ok());
    limits.configure(LimitScope::Provider("vendor".into()), one());
    drop(slot);
    let mut slot = limits.enter(of("c")).await.unwrap();
    slot.sent();
    assert!(limits.enter(of("d")).await.unwrap_err().message().contains("provider vendor"));
    limits.configure(LimitScope::Provider("vendor".into()), None);
    limits.configure(LimitScope::EachCredential, one());
    let keyed = |key| LimitAsk { credential: Some(key), ..hasty(&target) };
    let mut slot = limits.enter(keyed(1)).await.unwrap();
    slot.sent();
    assert!(limits.enter(keyed(1)).await.unwrap_err().message().contains("this key"));
    assert!(limits.enter(keyed(2)).await.is_ok());
    limits.configure(LimitScope::Process, LimitPolicy::default().with_max_in_flight(1));
    let _held = limits.enter(hasty(&target)).await.unwrap();
    let error = limits.enter(hasty(&target)).await.unwrap_err();
    assert_eq!(error.code(), Some(CONCURRENCY_LIMIT));
    assert!(error.message().contains("this process"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_slot_is_held_until_it_is_dropped() {
    let limits = limits(LimitPolicy::default().with_max_in_flight(1));
    let mut first = enter(&limits).await.unwrap();
    first.answered(SECOND, Instant::now());
    first.usage(&Usage::new(1, 1), Instant::now());
    let mut second = pin!(enter(&limits));
    assert!(poll(second.as_mut()).is_pending());
    advance(20 * SECOND).await;
    assert!(poll(second.as_mut()).is_pending());
    assert_eq!(gauges(&limits), (1, 1));
    drop(first);
    assert_eq!(gauges(&limits), (1, 0), "handed over, not free for all");
    drop(second.await.unwrap());
    assert_eq!(gauges(&limits), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_and_a_greedy_tenant_makes_room() {
    let limits = limits(LimitPolicy::default().with_max_in_flight(1).with_queue(2, 5 * SECOND));
    let target = target();
    let _held = enter(&limits).await.unwrap();
    let of = |tenant| LimitAsk { tenant: Some(tenant), ..ask(&target) };
    let mut first = pin!(limits.enter(of("greedy")));
    let mut second = pin!(limits.enter(of("greedy")));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    let error = limits.enter(of("greedy")).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Limited, Some(QUEUE_FULL)));
    assert!(error.retry_after().unwrap() >= SECOND);
    let mut modest = pin!(limits.enter(of("modest")));
    assert!(poll(modest.as_mut()).is_pending());
    assert_eq!(second.await.unwrap_err().code(), Some(QUEUE_FULL));
    assert_eq!(gauges(&limits), (1, 2));
    // And nobody waits beyond the timeout.
    let started = Instant::now();
    assert_eq!(modest.await.unwrap_err().code(), Some(QUEUE_TIMEOUT));
    assert_eq!(first.await.unwrap_err().code(), Some(QUEUE_TIMEOUT));
    assert_eq!(started.elapsed(), 5 * SECOND);
    assert_eq!(gauges(&limits), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_whose_answer_would_come_too_late() {
    let limits = limits(LimitPolicy::default().with_max_in_flight(1));
    let target = target();
    let mut held = enter(&limits).await.unwrap();
    held.answered(4 * SECOND, Instant::now());
    let started = Instant::now();
    let with = |deadline| LimitAsk { deadline: started + deadline * SECOND, ..ask(&target) };
    let error = limits.enter(with(3)).await.unwrap_err();
    assert_eq!((error.code(), started.elapsed()), (Some(CONCURRENCY_LIMIT), Duration::ZERO));
    // Another has ten seconds, of which an answer takes four.
    assert_eq!(limits.enter(with(10)).await.unwrap_err().code(), Some(QUEUE_TIMEOUT));
    assert_eq!(started.elapsed(), 6 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_higher_limit_lets_the_waiting_in() {
    let limits = limits(LimitPolicy::default().with_max_in_flight(1));
    let _held = enter(&limits).await.unwrap();
    let mut second = pin!(enter(&limits));
    assert!(poll(second.as_mut()).is_pending());
    limits.configure(LimitScope::Target(target()), LimitPolicy::default().with_max_in_flight(2));
    assert!(poll(second.as_mut()).is_ready());
}

struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn a_free_place_wakes_one() {
    let limits = limits(LimitPolicy::default().with_max_in_flight(1).with_queue(1000, 30 * SECOND));
    let mut held = Some(enter(&limits).await.unwrap());
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(count.clone());
    let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(enter(&limits))).collect();
    for future in &mut waiting {
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    for (turn, future) in waiting.iter_mut().enumerate() {
        held.take();
        assert_eq!(count.0.load(Ordering::SeqCst), turn + 1);
        let Poll::Ready(slot) = future.as_mut().poll(&mut Context::from_waker(&waker)) else {
            panic!("{turn} was woken for nothing")
        };
        held = slot.ok();
    }
}

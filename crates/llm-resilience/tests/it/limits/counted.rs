//! What is counted of a request, what is learned, and what is shed.

use std::pin::pin;

use llm_core::{ErrorKind, Progress, RateLimits, TokenEstimate, Usage};
use llm_resilience::limit::SHED;

use super::*;

fn tokens(input: u64, output: u64) -> TokenEstimate {
    TokenEstimate::new(input, Some(output))
}

#[tokio::test(start_paused = true)]
async fn tokens_that_were_not_used_let_the_next_one_in() {
    let limits = limits(strict(LimitPolicy::default().with_tpm(1000).with_queue(10, 60 * SECOND)));
    let target = target();
    let big = LimitAsk { tokens: tokens(100, 700), ..ask(&target) };
    let mut first = limits.enter(big).await.unwrap();
    first.sent();
    let mut second = pin!(limits.enter(big));
    assert!(poll(second.as_mut()).is_pending());
    first.usage(&Usage::new(100, 100), Instant::now());
    assert!(poll(second.as_mut()).is_ready());
    assert_eq!(left(&limits, "tpm"), 800, "the second one was dropped before it was sent");
    // More than was thought is a debt.
    first.usage(&Usage::new(100, 1100), Instant::now());
    assert_eq!(left(&limits, "tpm"), -200);
    drop(first);
    assert_eq!(left(&limits, "tpm"), -200);
}

#[tokio::test(start_paused = true)]
async fn what_is_counted_follows_from_how_it_ended() {
    let policy = strict(LimitPolicy::default().with_rpm(100).with_tpm(1000));
    let target = target();
    let error = |kind| Error::new(kind, "x");
    let not_sent = error(ErrorKind::Network).with_progress(Progress::NotSent);
    // The request and the tokens that stay counted.
    let cases = [
        (None, (1, 300)),
        (Some(not_sent), (0, 0)),
        (Some(error(ErrorKind::Overloaded)), (1, 0)),
        (Some(error(ErrorKind::Truncated)), (1, 300)),
    ];
    for (failure, (requests, used)) in cases {
        let limits = limits(policy.clone());
        let mut slot = limits.enter(LimitAsk { tokens: tokens(100, 200), ..ask(&target) }).await.unwrap();
        slot.sent();
        if let Some(error) = &failure {
            slot.failed(error, Instant::now());
        }
        drop(slot);
        assert_eq!((left(&limits, "rpm"), left(&limits, "tpm")), (100 - requests, 1000 - used), "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_output_of_earlier_answers_is_the_next_estimate() {
    let limits = limits(LimitPolicy::default().with_tpm(100_000));
    let target = target();
    for _ in 0..20 {
        let mut slot = limits.enter(ask(&target)).await.unwrap();
        slot.usage(&Usage::new(0, 200), Instant::now());
    }
    let reserved = async |most| {
        let before = left(&limits, "tpm");
        let _slot = limits.enter(LimitAsk { tokens: TokenEstimate::new(0, most), ..ask(&target) }).await.unwrap();
        before - left(&limits, "tpm")
    };
    assert_eq!((reserved(None).await, reserved(Some(50)).await, reserved(Some(4000)).await), (200, 50, 200));
}

#[tokio::test(start_paused = true)]
async fn prompts_that_come_from_the_cache_are_not_reserved_again() {
    let mut policy = LimitPolicy::default();
    policy.itpm = Some(10_000);
    let limits = limits(policy);
    let target = target();
    let long = LimitAsk { tokens: tokens(9000, 10), ..hasty(&target) };
    let mut first = limits.enter(long).await.unwrap();
    let mut usage = Usage::new(9000, 10);
    usage.cache_read = Some(8100);
    first.usage(&usage, Instant::now());
    first.sent();
    assert_eq!(left(&limits, "itpm"), 9100, "what was read from the cache does not count");
    let _second = limits.enter(long).await.unwrap();
    let _third = limits.enter(long).await.unwrap();
    assert_eq!(left(&limits, "itpm"), 7300);
}

#[tokio::test(start_paused = true)]
async fn vendors_are_believed() {
    let limits = limits(LimitPolicy::default());
    let mut slot = enter(&limits).await.unwrap();
    let mut said = RateLimits::default();
    (said.requests_limit, said.requests_remaining, said.requests_reset) = (Some(50), Some(1), Some(9 * SECOND));
    slot.rate_limits(&said, Instant::now());
    drop(slot);
    drop(enter(&limits).await.unwrap());
    let target = target();
    assert_eq!(limits.enter(hasty(&target)).await.unwrap_err().retry_after(), Some(9 * SECOND));
    // Another key has its own account with the vendor.
    assert!(limits.enter(LimitAsk { credential: Some(7), ..hasty(&target) }).await.is_ok());
    let started = Instant::now();
    drop(enter(&limits).await.unwrap());
    assert_eq!(started.elapsed(), 9 * SECOND, "the word ends with its window");
}

#[tokio::test(start_paused = true)]
async fn load_is_shed_by_priority() {
    let limits = limits(LimitPolicy::default());
    limits.configure(LimitScope::Process, LimitPolicy::default().with_max_in_flight(10));
    let target = target();
    let held = futures_util::future::join_all((0..9).map(|_| enter(&limits))).await;
    let with = |priority| LimitAsk { priority, draw: 500, ..hasty(&target) };
    let error = limits.enter(with(Priority::Batch)).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Limited, Some(SHED)));
    assert_eq!(error.retry_after(), Some(Duration::from_millis(1500)));
    assert!(limits.enter(with(Priority::Low)).await.is_ok());
    assert_eq!(limits.shed_level(Instant::now()), llm_resilience::ShedLevel::Extras);
    drop(held);
    assert!(limits.enter(with(Priority::Batch)).await.is_ok());
    limits.set_gauge(Some(llm_resilience::Share::percent(100)));
    assert_eq!(limits.enter(with(Priority::High)).await.unwrap_err().code(), Some(SHED));
}

#[tokio::test(start_paused = true)]
async fn an_overloaded_target_is_spared() {
    let limits = limits(LimitPolicy::default());
    let target = target();
    let mut refused = 0;
    for draw in 0..2000_u64 {
        let draw = draw.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        match limits.enter(LimitAsk { draw, ..hasty(&target) }).await {
            Ok(mut slot) => slot.failed(&Error::new(ErrorKind::Overloaded, "busy"), Instant::now()),
            Err(error) => {
                assert_eq!(error.code(), Some(SHED));
                refused += 1;
            }
        }
    }
    assert!((1500..1800).contains(&refused), "{refused}");
}

#[test]
fn policies_are_written_as_people_write_them() {
    let text =
        r#"{"rpm": 500, "itpm": 40000, "max_in_flight": 8, "adaptive": true, "burst": "2s", "queue_timeout": "10s"}"#;
    let policy: LimitPolicy = serde_json::from_str(text).unwrap();
    assert_eq!((policy.rpm, policy.itpm, policy.max_in_flight), (Some(500), Some(40_000), Some(8)));
    assert_eq!((policy.adaptive, policy.learn, policy.throttle, policy.strict), (true, true, true, false));
    assert_eq!((policy.burst, policy.queue_timeout, policy.queue), (2 * SECOND, 10 * SECOND, None));
    let again: LimitPolicy = serde_json::from_str(&serde_json::to_string(&policy).unwrap()).unwrap();
    assert_eq!(again, policy);
    assert!(serde_json::from_str::<LimitPolicy>(r#"{"rmp": 5}"#).is_err());
    let shed: llm_resilience::ShedPolicy = serde_json::from_str(r#"{"busy": 0.8}"#).unwrap();
    assert_eq!(shed.busy, llm_resilience::Share::percent(80));
}

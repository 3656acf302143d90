//! A route whose targets are all shut still asks once a second.

use super::{Arc, Asked, ErrorKind, Gate, Instant, Verdict, advance, answer, asked, enter, fail, failure, gates, ms};
use crate::gates::{BreakerState, sleep_until, status, target};
use crate::support::{Act, Scripted, chat, cx, driver, fail as act_fail};
use llm_core::{Error, Target};
use llm_resilience::{Pass, RetryPolicy};

fn resort(route: &str) -> Asked<'_> {
    let mut asked = asked();
    asked.last_resort = Some(route);
    asked
}

async fn try_last(gate: &Arc<Gate>, route: &str) -> Result<Pass, Error> {
    gate.enter(resort(route)).await
}

#[tokio::test(start_paused = true)]
async fn one_request_a_second_for_each_route_passes_an_open_breaker() {
    let gates = gates();
    let gate = gates.gate(&target());
    fail(&gate, ErrorKind::Server, None).await;
    let mut passed = 0;
    for _ in 0..300 {
        for route in ["smart", "fast"] {
            passed += u32::from(try_last(&gate, route).await.is_ok());
        }
        assert!(enter(&gate).await.is_err());
        advance(ms(100)).await;
    }
    assert_eq!(passed, 60);
    let refused = try_last(&gate, "smart").await;
    let refused = if refused.is_ok() { try_last(&gate, "smart").await } else { refused };
    assert_eq!(refused.unwrap_err().retry_after(), Some(ms(30_000)));
}

#[tokio::test(start_paused = true)]
async fn its_answer_closes_the_breaker_and_its_failure_changes_nothing() {
    let gates = gates();
    let gate = gates.gate(&target());
    fail(&gate, ErrorKind::Server, None).await;
    let mut pass = try_last(&gate, "smart").await.unwrap();
    pass.verdict(Verdict::Failed(&failure(ErrorKind::Server, None)), Instant::now());
    assert_eq!(status(&gates, &target()).retry_in, Some(ms(60_000)));
    advance(ms(1000)).await;
    drop(try_last(&gate, "smart").await.unwrap());
    advance(ms(1000)).await;
    try_last(&gate, "smart").await.unwrap().verdict(super::ANSWERED, Instant::now());
    assert_eq!(status(&gates, &target()).breaker, BreakerState::Closed);
    answer(&gate).await;
}

#[tokio::test(start_paused = true)]
async fn a_closed_breaker_and_a_hand_use_no_turn() {
    let gates = gates();
    let (open, closed, isolated) = (target(), Target::new("a", "b"), Target::new("c", "d"));
    fail(&gates.gate(&open), ErrorKind::Server, None).await;
    gates.isolate(&isolated);
    assert!(try_last(&gates.gate(&closed), "smart").await.is_ok());
    assert_eq!(try_last(&gates.gate(&isolated), "smart").await.unwrap_err().retry_after(), None);
    assert!(try_last(&gates.gate(&open), "smart").await.is_ok());
    assert!(try_last(&gates.gate(&open), "smart").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn it_asks_with_a_refused_key_but_never_before_the_vendor_said() {
    let gates = gates();
    let gate = gates.gate(&target());
    fail(&gate, ErrorKind::RateLimited, 90).await;
    for _ in 0..90 {
        assert_eq!(try_last(&gate, "smart").await.unwrap_err().kind(), ErrorKind::RateLimited);
        advance(ms(1000)).await;
    }
    answer(&gate).await;
    fail(&gate, ErrorKind::QuotaExhausted, 7200).await;
    assert_eq!(try_last(&gate, "smart").await.unwrap_err().kind(), ErrorKind::QuotaExhausted);
    advance(ms(7_200_000)).await;
    answer(&gate).await;
    fail(&gate, ErrorKind::QuotaExhausted, None).await;
    try_last(&gate, "other").await.unwrap().verdict(super::ANSWERED, Instant::now());
    for _ in 0..3 {
        fail(&gate, ErrorKind::Auth, None).await;
    }
    // The waits before used no turn.
    let mut pass = try_last(&gate, "smart").await.unwrap();
    pass.verdict(Verdict::Failed(&failure(ErrorKind::Auth, None)), Instant::now());
    assert_eq!(try_last(&gate, "smart").await.unwrap_err().retry_after(), Some(ms(600_000)));
    advance(ms(1000)).await;
    // The key is good again: nobody waits any longer.
    try_last(&gate, "smart").await.unwrap().verdict(super::ANSWERED, Instant::now());
    answer(&gate).await;
}

/// A driver with one target whose breaker opens after a failure, and as many calls at once as it is given.
#[tokio::test(start_paused = true)]
async fn half_open_storm_through_the_driver() {
    let vendor = Scripted::new("openai", [act_fail(ErrorKind::Server), Act::Answer(100)]);
    let gates = gates();
    let llm = driver(&[&vendor]).retry(RetryPolicy::none()).gates(gates.clone()).build();
    let at = Instant::now() + ms(60_000);
    assert!(chat(&llm, &cx()).await.is_err());
    sleep_until(at).await;
    let calls: Vec<_> = (0..1000)
        .map(|_| {
            let llm = Arc::clone(&llm);
            tokio::spawn(async move { chat(&llm, &cx()).await })
        })
        .collect();
    let mut answered = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => answered += 1,
            Err(error) => assert_eq!(error.kind(), ErrorKind::CircuitOpen),
        }
    }
    assert_eq!((answered, vendor.count()), (1, 2));
    assert_eq!(gates.statuses()[0].breaker, BreakerState::Closed);
    assert!(chat(&llm, &cx()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_hangs_does_not_keep_everybody_out() {
    let gates = gates();
    let gate = gates.gate(&target());
    fail(&gate, ErrorKind::Server, None).await;
    advance(ms(60_000)).await;
    let hanging = enter(&gate).await.unwrap();
    assert_eq!(try_last(&gate, "smart").await.unwrap_err().kind(), ErrorKind::CircuitOpen, "it has just begun");
    advance(ms(1000)).await;
    assert_eq!(enter(&gate).await.unwrap_err().kind(), ErrorKind::CircuitOpen, "only the last resort");
    let mut resort = try_last(&gate, "smart").await.unwrap();
    assert_eq!(try_last(&gate, "smart").await.unwrap_err().kind(), ErrorKind::CircuitOpen, "once a second");
    resort.verdict(super::ANSWERED, Instant::now());
    assert_eq!(status(&gates, &target()).breaker, BreakerState::Closed);
    drop(hanging);
    // The same with a key that may be good again.
    let gate = gates.gate(&Target::new("other", "m"));
    fail(&gate, ErrorKind::Auth, None).await;
    advance(ms(300_000)).await;
    let hanging = enter(&gate).await.unwrap();
    assert_eq!(try_last(&gate, "smart").await.unwrap_err().kind(), ErrorKind::Auth);
    advance(ms(1000)).await;
    try_last(&gate, "smart").await.unwrap().verdict(super::ANSWERED, Instant::now());
    assert!(enter(&gate).await.is_ok());
    drop(hanging);
}

//! Limits behind the gates: what an attempt takes on its way in, and what becomes of it.

use std::pin::pin;

use llm_core::{ErrorKind, RateLimits, Usage};
use llm_resilience::{Asked, GateSettings, Gates, Pass, Verdict};
use tokio::time::advance;

use super::*;

fn gates(policy: LimitPolicy) -> Gates {
    Gates::new(GateSettings::default().with_limits(policy))
}

fn asked<'a>(tokens: TokenEstimate) -> Asked<'a> {
    let now = Instant::now();
    let mut asked = Asked::new(now, now + 60 * SECOND, 7);
    asked.tokens = tokens;
    asked
}

async fn pass(gates: &Gates) -> Result<Pass, Error> {
    gates.gate(&target()).enter(asked(TokenEstimate::new(100, Some(200)))).await
}

fn left(gates: &Gates, name: &str) -> i64 {
    let status = gates.statuses().into_iter().find(|status| status.target == target()).unwrap();
    status.left.iter().find(|left| left.name == name).unwrap().left
}

#[tokio::test(start_paused = true)]
async fn a_pass_reserves_commits_and_learns() {
    let gates = gates(strict(LimitPolicy::default().with_tpm(1000)));
    let mut pass = pass(&gates).await.unwrap();
    assert_eq!(left(&gates, "tpm"), 700);
    let mut said = RateLimits::default();
    (said.requests_remaining, said.requests_reset) = (Some(3), Some(9 * SECOND));
    pass.rate_limits(&said, Instant::now());
    pass.verdict(Verdict::Answered { first_content: SECOND }, Instant::now());
    pass.usage(&Usage::new(100, 50));
    assert_eq!((left(&gates, "tpm"), left(&gates, "rpm")), (850, 3));
    drop(pass);
    assert_eq!(left(&gates, "tpm"), 850);
}

#[tokio::test(start_paused = true)]
async fn a_stream_keeps_its_place_until_its_end() {
    let gates = gates(LimitPolicy::default().with_max_in_flight(1));
    let mut first = pass(&gates).await.unwrap();
    first.verdict(Verdict::Answered { first_content: SECOND }, Instant::now());
    let mut second = pin!(pass(&gates));
    assert!(poll(second.as_mut()).is_pending());
    let status = gates.statuses().remove(0);
    assert_eq!((status.in_flight, status.queued, status.limit), (1, 1, Some(1)));
    drop(first);
    drop(second.await.unwrap());
    let status = gates.statuses().remove(0);
    assert_eq!((status.in_flight, status.queued), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_is_open_costs_no_tokens_and_no_wait() {
    let gates = gates(LimitPolicy::default().with_rpm(1));
    drop(pass(&gates).await.unwrap());
    gates.isolate(&target());
    let started = Instant::now();
    assert_eq!(pass(&gates).await.unwrap_err().kind(), ErrorKind::CircuitOpen);
    assert_eq!(started.elapsed(), Duration::ZERO);
    gates.reset(&target());
    advance(60 * SECOND).await;
    gates.isolate(&target());
    assert!(pass(&gates).await.is_err());
    assert_eq!(left(&gates, "rpm"), 1);
}

#[tokio::test(start_paused = true)]
async fn who_waited_does_not_use_a_key_that_was_refused_meanwhile() {
    let gates = gates(LimitPolicy::default().with_max_in_flight(1));
    let mut first = pass(&gates).await.unwrap();
    let mut second = pin!(pass(&gates));
    assert!(poll(second.as_mut()).is_pending());
    advance(SECOND).await;
    let refused = Error::new(ErrorKind::RateLimited, "429").with_status(429).with_retry_after(20 * SECOND);
    first.verdict(Verdict::Failed(&refused), Instant::now());
    drop(first);
    let error = second.await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(20 * SECOND)));
    let status = gates.statuses().remove(0);
    assert_eq!((status.in_flight, status.queued), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn limits_of_a_provider_are_those_of_each_of_its_targets() {
    use llm_resilience::GateScope;
    let gates = Gates::default();
    let settings = GateSettings::default().with_limits(LimitPolicy::default().with_rpm(5));
    gates.configure(&GateScope::Provider("vendor".into()), settings);
    let _one = pass(&gates).await.unwrap();
    assert_eq!(left(&gates, "rpm"), 4);
    gates.limits().configure(LimitScope::Provider("vendor".into()), LimitPolicy::default().with_max_in_flight(1));
    let other = Target::new("vendor", "other");
    let mut hasty = asked(TokenEstimate::default());
    hasty.may_wait = false;
    // The first began before the provider had a limit; from here on its models share one place.
    let _two = gates.gate(&other).enter(hasty).await.unwrap();
    let error = gates.gate(&target()).enter(hasty).await.unwrap_err();
    assert!(error.message().contains("provider vendor"), "{error}");
}

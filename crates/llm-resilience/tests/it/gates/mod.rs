//! The gates before the targets: who passes, what is learned from it, and that everything is given back.

mod cool_downs;
mod last_resort;
mod registry;
mod same_moment;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use llm_core::{Availability, Error, ErrorKind, Progress, Secret, Target, TargetState, TargetStates};
use llm_resilience::{
    Asked, BreakerPolicy, BreakerState, Gate, GateScope, GateSettings, GateStatus, Gates, Pass, Verdict,
};
use tokio::time::{Instant, advance, sleep, sleep_until};

use crate::support::ms;

const ANSWERED: Verdict<'static> = Verdict::Answered { first_content: Duration::from_millis(300) };

fn target() -> Target {
    Target::new("openai", "gpt")
}

/// Gates whose breakers open after one failure, for a minute.
fn gates() -> Gates {
    Gates::new(GateSettings::default().with_breaker(BreakerPolicy::classic().with_failures(1)))
}

fn asked<'a>() -> Asked<'a> {
    let now = Instant::now();
    Asked::new(now, now + ms(60_000), 0)
}

fn with_key(key: &Secret) -> Asked<'_> {
    let mut asked = asked();
    asked.credential = Some(key);
    asked
}

async fn enter(gate: &Arc<Gate>) -> Result<Pass, Error> {
    gate.enter(asked()).await
}

fn failure(kind: ErrorKind, retry_after: impl Into<Option<u64>>) -> Error {
    Error::new(kind, "no").with_retry_after(retry_after.into().map(Duration::from_secs))
}

/// One call that fails so.
async fn fail(gate: &Arc<Gate>, kind: ErrorKind, retry_after: impl Into<Option<u64>>) {
    let error = failure(kind, retry_after);
    enter(gate).await.unwrap().verdict(Verdict::Failed(&error), Instant::now());
}

async fn answer(gate: &Arc<Gate>) {
    enter(gate).await.unwrap().verdict(ANSWERED, Instant::now());
}

fn status(gates: &Gates, target: &Target) -> GateStatus {
    gates.statuses().into_iter().find(|status| status.target == *target).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_refusal_was_not_sent_and_says_when_to_ask_again() {
    let gates = gates();
    let gate = gates.gate(&target());
    fail(&gate, ErrorKind::Server, None).await;
    advance(ms(15_000)).await;
    let error = enter(&gate).await.unwrap_err();
    assert_eq!((error.kind(), error.progress()), (ErrorKind::CircuitOpen, Progress::NotSent));
    assert_eq!((error.provider(), error.model()), (Some("openai"), Some("gpt")));
    assert_eq!(error.retry_after(), Some(ms(45_000)));
    let until = Some((Instant::now() + ms(45_000)).into_std());
    let state = gates.state(&target());
    assert_eq!(state.availability(Instant::now().into_std()), Availability::Shut { until });
    advance(ms(45_000)).await;
    assert_eq!(state.availability(Instant::now().into_std()), Availability::Ready);
    let _probe = enter(&gate).await.unwrap();
    assert!(matches!(state.availability(Instant::now().into_std()), Availability::Shut { until: Some(_) }));
}

/// A thousand calls at the instant at which a breaker may half-open; how many reached the vendor.
async fn storm(probes: u32, outcome: Verdict<'static>) -> u32 {
    let policy = BreakerPolicy::classic().with_failures(1).with_probes(probes, probes);
    let gates = Gates::new(GateSettings::default().with_breaker(policy));
    let gate = gates.gate(&target());
    fail(&gate, ErrorKind::Server, None).await;
    let at = Instant::now() + ms(60_000);
    let sent = Arc::new(AtomicU32::new(0));
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let (gate, sent) = (Arc::clone(&gate), Arc::clone(&sent));
            tokio::spawn(async move {
                sleep_until(at).await;
                if let Ok(mut pass) = enter(&gate).await {
                    sent.fetch_add(1, Ordering::Relaxed);
                    sleep(ms(100)).await;
                    pass.verdict(outcome, Instant::now());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(status(&gates, &target()).in_flight, 0);
    let state = status(&gates, &target()).breaker;
    let closes = matches!(outcome, Verdict::Answered { .. });
    assert_eq!(state, if closes { BreakerState::Closed } else { BreakerState::Open });
    sent.load(Ordering::Relaxed)
}

#[tokio::test(start_paused = true)]
async fn half_open_storm() {
    let error: &'static Error = Box::leak(Box::new(failure(ErrorKind::Server, None)));
    for probes in [1, 2, 7] {
        assert_eq!(storm(probes, ANSWERED).await, probes);
        assert_eq!(storm(probes, Verdict::Failed(error)).await, probes);
    }
}

#[test]
fn half_open_storm_of_threads() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for _ in 0..20 {
        let policy = BreakerPolicy::classic().with_failures(1).with_open_for(ms(0)).with_probes(3, 1);
        let gates = Gates::new(GateSettings::default().with_breaker(policy));
        let gate = gates.gate(&target());
        runtime().block_on(fail(&gate, ErrorKind::Server, None));
        let together = Barrier::new(8);
        let rush = || {
            let runtime = runtime();
            together.wait();
            (0..125).filter_map(|_| runtime.block_on(enter(&gate)).ok()).collect::<Vec<Pass>>()
        };
        let passes: Vec<Pass> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(rush)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(passes.len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn cancel_probe_no_wedge() {
    let gates = gates();
    let gate = gates.gate(&target());
    fail(&gate, ErrorKind::Server, None).await;
    advance(ms(60_000)).await;
    for _ in 0..100 {
        let probe = enter(&gate).await.unwrap();
        let call = tokio::spawn(async move {
            sleep(ms(10_000)).await;
            drop(probe);
        });
        assert!(enter(&gate).await.is_err());
        sleep(ms(10)).await;
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        assert_eq!(status(&gates, &target()).breaker, BreakerState::HalfOpen);
    }
    answer(&gate).await;
    assert_eq!(status(&gates, &target()).breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_stream_has_its_verdict_at_its_first_content_and_its_pass_until_its_end() {
    let gates = gates();
    let gate = gates.gate(&target());
    fail(&gate, ErrorKind::Server, None).await;
    advance(ms(60_000)).await;
    let mut stream = enter(&gate).await.unwrap();
    stream.verdict(ANSWERED, Instant::now());
    assert_eq!(status(&gates, &target()).breaker, BreakerState::Closed);
    assert_eq!(gate.load().in_flight, 1);
    advance(ms(600_000)).await;
    stream.broke(&failure(ErrorKind::Truncated, None), Instant::now());
    assert_eq!(status(&gates, &target()).breaker, BreakerState::Open);
    assert_eq!(gate.load().in_flight, 1);
    drop(stream);
    assert_eq!(gate.load().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn only_the_first_word_of_a_pass_counts() {
    let policy = BreakerPolicy::classic().with_failures(2);
    let gates = Gates::new(GateSettings::default().with_breaker(policy));
    let gate = gates.gate(&target());
    let (server, now) = (failure(ErrorKind::Server, None), Instant::now());
    let mut pass = enter(&gate).await.unwrap();
    pass.verdict(Verdict::Failed(&server), now);
    pass.verdict(Verdict::Failed(&server), now);
    pass.broke(&server, now);
    drop(pass);
    assert_eq!(status(&gates, &target()).breaker, BreakerState::Closed);
    let mut pass = enter(&gate).await.unwrap();
    pass.verdict(ANSWERED, now);
    pass.broke(&server, now);
    pass.broke(&server, now);
    assert_eq!(status(&gates, &target()).breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn settings_change_without_forgetting() {
    let gates = Gates::default();
    let gate = gates.gate(&target());
    for _ in 0..4 {
        fail(&gate, ErrorKind::Server, None).await;
    }
    let after = |failures| GateSettings::default().with_breaker(BreakerPolicy::classic().with_failures(failures));
    gates.configure(&GateScope::Provider("openai".into()), after(7));
    gates.configure(&GateScope::Target(target()), after(6));
    gates.configure(&GateScope::All, after(1));
    fail(&gate, ErrorKind::Server, None).await;
    assert_eq!(status(&gates, &target()).breaker, BreakerState::Closed);
    fail(&gate, ErrorKind::Server, None).await;
    assert_eq!(status(&gates, &target()).breaker, BreakerState::Open);
    for (target, failures) in [(Target::new("openai", "other"), 7), (Target::new("groq", "llama"), 1)] {
        let gate = gates.gate(&target);
        for _ in 1..failures {
            fail(&gate, ErrorKind::Server, None).await;
            assert_eq!(status(&gates, &target).breaker, BreakerState::Closed);
        }
        fail(&gate, ErrorKind::Server, None).await;
        assert_eq!(status(&gates, &target).breaker, BreakerState::Open);
    }
}

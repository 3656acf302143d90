//! All gates together: what they show, what they log, and how many there are.

use std::sync::Mutex;

use llm_core::Secret;
use llm_resilience::RetryPolicy;
use serde_json::json;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::{
    Arc, AtomicU32, BreakerState, ErrorKind, Gates, Ordering, Target, advance, answer, enter, fail, gates, ms, status,
    target,
};
use crate::support::{Scripted, chat, cx, driver, fail as act_fail};

#[tokio::test(start_paused = true)]
async fn the_state_of_every_gate_can_be_read() {
    let gates = gates();
    let other = Target::new("anthropic", "claude");
    gates.gate(&other);
    let gate = gates.gate(&target());
    let at_work = enter(&gate).await.unwrap();
    fail(&gate, ErrorKind::Overloaded, None).await;
    advance(ms(1500)).await;
    let statuses = serde_json::to_value(gates.statuses()).unwrap();
    assert_eq!(
        statuses,
        json!([
            { "target": "anthropic/claude", "breaker": "closed", "reason": "new", "since": "1500ms", "in_flight": 0,
              "queued": 0 },
            { "target": "openai/gpt", "breaker": "open", "reason": "consecutive_failures", "since": "1500ms",
              "retry_in": "58500ms", "last_error": "overloaded", "in_flight": 1, "queued": 0 },
        ])
    );
    drop(at_work);
}

#[tokio::test(start_paused = true)]
async fn hands_reach_a_target_through_the_registry() {
    let gates = gates();
    gates.isolate(&target());
    let gate = gates.gate(&target());
    assert!(enter(&gate).await.is_err());
    gates.force_close(&target());
    fail(&gate, ErrorKind::Server, None).await;
    answer(&gate).await;
    gates.reset(&target());
    fail(&gate, ErrorKind::Server, None).await;
    assert!(enter(&gate).await.is_err());
    gates.probe_passed(&target());
    answer(&gate).await;
    for _ in 0..3 {
        fail(&gate, ErrorKind::Auth, None).await;
    }
    assert_eq!(enter(&gate).await.unwrap_err().kind(), ErrorKind::Auth);
    gates.reset(&target());
    answer(&gate).await;
    assert_eq!(status(&gates, &target()).breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn clones_are_the_same_gates() {
    let gates = gates();
    fail(&gates.clone().gate(&target()), ErrorKind::Server, None).await;
    assert!(enter(&gates.gate(&target())).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn gates_that_nobody_holds_are_bounded_and_held_ones_stay() {
    let gates = gates();
    let name = |number: u32| Target::new("p", number.to_string());
    let held: Vec<_> = (0..100).map(|number| gates.gate(&name(number))).collect();
    let (open, isolated, closed) = (Target::new("a", "open"), Target::new("a", "isolated"), Target::new("a", "closed"));
    for target in [&open, &isolated, &closed] {
        fail(&gates.gate(target), ErrorKind::Server, None).await;
    }
    gates.isolate(&isolated);
    gates.reset(&closed);
    for number in 100..25_000 {
        gates.gate(&name(number));
        // Asked for again and again, so never the one that was longest not asked for.
        gates.gate(&name(100));
        if number % 1000 == 0 {
            assert!(gates.statuses().len() <= 10_100);
        }
    }
    let kept = gates.statuses();
    assert!(kept.len() > 8_000, "{}", kept.len());
    // Nobody asked for them since, but what they know is worth more than that.
    assert_eq!(status(&gates, &open).breaker, BreakerState::Open);
    assert_eq!(status(&gates, &isolated).breaker, BreakerState::Isolated);
    assert!(kept.iter().all(|status| status.target != closed));
    for gate in &held {
        assert!(Arc::ptr_eq(gate, &gates.gate(gate.target())));
    }
    for number in [100, 24_999] {
        assert!(kept.iter().any(|status| status.target == name(number)), "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_a_caller_chose_does_not_open_the_breaker_of_the_target() {
    let gates = gates();
    let chosen = gates.gate_at(&target(), Some("http://127.0.0.1:9/v1"));
    fail(&chosen, ErrorKind::Network, None).await;
    assert!(enter(&gates.gate_at(&target(), Some("http://127.0.0.1:9/v1"))).await.is_err());
    for other in [None, Some("http://127.0.0.1:10/v1")] {
        answer(&gates.gate_at(&target(), other)).await;
    }
    answer(&gates.gate(&target())).await;
    let shown: Vec<_> =
        gates.statuses().into_iter().map(|status| (status.endpoint.is_some(), status.breaker)).collect();
    assert_eq!(shown.len(), 3);
    assert_eq!(shown[0], (false, BreakerState::Closed));
    assert!(!format!("{:?}", gates.statuses()).contains("127.0.0.1"));
}

#[tokio::test(start_paused = true)]
async fn a_call_with_an_address_of_its_own_passes_a_gate_of_its_own() {
    let vendor = Scripted::new("openai", [act_fail(ErrorKind::Network)]);
    let gates = gates();
    let llm = driver(&[&vendor]).retry(RetryPolicy::none()).gates(gates.clone()).build();
    let mut call = cx();
    call.credential = Some(Secret::new("sk-of-a-caller"));
    call.endpoint = Some("http://127.0.0.1:9/v1".into());
    assert!(chat(&llm, &call).await.is_err());
    // Without a key the address is not used, so this is a call of the target.
    call.credential = None;
    let shown = |gates: &Gates| -> Vec<_> {
        gates.statuses().into_iter().map(|status| (status.endpoint.is_some(), status.breaker)).collect()
    };
    assert_eq!(shown(&gates), [(true, BreakerState::Open)]);
    assert!(chat(&llm, &call).await.is_err());
    assert_eq!(shown(&gates), [(false, BreakerState::Open), (true, BreakerState::Open)]);
    assert_eq!(vendor.count(), 2);
}

/// Counts what is logged at each level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Level, String)>>>);

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("llm_resilience")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = String::new();
        event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            if field.name() == "message" {
                message = format!("{value:?}");
            }
        });
        self.0.lock().unwrap().push((*event.metadata().level(), message));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test(start_paused = true)]
async fn changes_of_state_are_logged_once_and_requests_not_at_all() {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let gates = gates();
    let gate = gates.gate(&target());
    for _ in 0..1000 {
        answer(&gate).await;
    }
    fail(&gate, ErrorKind::Server, None).await;
    let refused = AtomicU32::new(0);
    for _ in 0..1000 {
        refused.fetch_add(u32::from(enter(&gate).await.is_err()), Ordering::Relaxed);
    }
    assert_eq!(refused.into_inner(), 1000);
    advance(ms(60_000)).await;
    answer(&gate).await;
    drop(guard);
    let log = log.0.lock().unwrap();
    let expected =
        [(Level::WARN, "breaker is open"), (Level::INFO, "breaker is half_open"), (Level::INFO, "breaker is closed")];
    assert_eq!(*log, expected.map(|(level, message)| (level, message.to_owned())));
}

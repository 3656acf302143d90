//! Keys that a vendor refused, or asked to wait with, are left alone for a while, and nobody else is.

use llm_resilience::{COOLED_DOWN, CoolDownPolicy};
use serde_json::json;

use super::{
    ANSWERED, Arc, BreakerState, Error, ErrorKind, Gate, Gates, Instant, Progress, Secret, Target, TargetState as _,
    Verdict, advance, answer, asked, enter, fail, failure, ms, status, target, with_key,
};
use crate::gates::{Availability, Duration, GateSettings};

const MINUTE: u64 = 60;

/// Why the next call is refused, and for how many seconds.
async fn refused(gate: &Arc<Gate>) -> Option<(ErrorKind, u64)> {
    let error = enter(gate).await.err()?;
    assert_eq!((error.progress(), error.code()), (Progress::NotSent, Some(COOLED_DOWN)));
    Some((error.kind(), error.retry_after().unwrap().as_secs()))
}

async fn wait(secs: u64) {
    advance(Duration::from_secs(secs)).await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_is_left_alone_twice_as_long_each_time() {
    let gates = Gates::default();
    let (gate, sibling) = (gates.gate(&target()), gates.gate(&Target::new("openai", "other")));
    for minutes in [5, 10, 20, 40, 60, 60] {
        fail(&gate, ErrorKind::Auth, None).await;
        let expected = Some((ErrorKind::Auth, minutes * MINUTE));
        assert_eq!((refused(&gate).await, refused(&sibling).await), (expected, expected));
        assert!(enter(&gates.gate(&Target::new("groq", "llama"))).await.is_ok());
        wait(minutes * MINUTE).await;
    }
    answer(&sibling).await;
    fail(&gate, ErrorKind::Auth, None).await;
    assert_eq!(refused(&gate).await, Some((ErrorKind::Auth, 5 * MINUTE)));
    assert_eq!(status(&gates, &target()).breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_cool_down_is_never_shortened() {
    for (first, second, expected) in [(60, 1, 60), (1, 60, 60), (60, 60, 60)] {
        let gates = Gates::default();
        let gate = gates.gate(&target());
        // Both calls were under way when the first was refused.
        let (mut a, mut b) = (enter(&gate).await.unwrap(), enter(&gate).await.unwrap());
        a.verdict(Verdict::Failed(&failure(ErrorKind::RateLimited, first)), Instant::now());
        b.verdict(Verdict::Failed(&failure(ErrorKind::RateLimited, second)), Instant::now());
        assert_eq!(refused(&gate).await, Some((ErrorKind::RateLimited, expected)));
        wait(expected).await;
        assert_eq!(refused(&gate).await, None);
    }
    // Nor by a refusal of another kind.
    let gates = Gates::default();
    let gate = gates.gate(&target());
    let (mut a, mut b) = (enter(&gate).await.unwrap(), enter(&gate).await.unwrap());
    a.verdict(Verdict::Failed(&failure(ErrorKind::RateLimited, 3600)), Instant::now());
    b.verdict(Verdict::Failed(&failure(ErrorKind::NotFound, None)), Instant::now());
    assert_eq!(refused(&gate).await, Some((ErrorKind::RateLimited, 3600)));
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_holds_back_one_model_until_its_time_and_no_longer() {
    let gates = Gates::default();
    let (gate, sibling) = (gates.gate(&target()), gates.gate(&Target::new("openai", "other")));
    fail(&gate, ErrorKind::RateLimited, None).await;
    assert_eq!(refused(&gate).await, None);
    fail(&gate, ErrorKind::RateLimited, 20).await;
    assert_eq!((refused(&gate).await, refused(&sibling).await), (Some((ErrorKind::RateLimited, 20)), None));
    let until = Some((Instant::now() + ms(20_000)).into_std());
    assert_eq!(gate.availability(Instant::now().into_std()), Availability::Shut { until });
    // An answer to a call that was under way does not make it sooner.
    let mut before = enter(&sibling).await.unwrap();
    before.verdict(ANSWERED, Instant::now());
    wait(19).await;
    assert_eq!(refused(&gate).await, Some((ErrorKind::RateLimited, 1)));
    wait(1).await;
    // All at once: nobody has to find out for the others.
    let (_first, _second) = (enter(&gate).await.unwrap(), enter(&gate).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_used_up_quota_is_asked_for_by_one_call_after_its_time() {
    let gates = Gates::default();
    let (gate, sibling) = (gates.gate(&target()), gates.gate(&Target::new("openai", "other")));
    for minutes in [15, 30, 60, 120, 240, 360, 360] {
        fail(&gate, ErrorKind::QuotaExhausted, None).await;
        let expected = Some((ErrorKind::QuotaExhausted, minutes * MINUTE));
        assert_eq!((refused(&gate).await, refused(&sibling).await), (expected, expected));
        wait(minutes * MINUTE).await;
    }
    let probe = enter(&gate).await.unwrap();
    for _ in 0..100 {
        assert_eq!(refused(&sibling).await, Some((ErrorKind::QuotaExhausted, 1)));
    }
    drop(probe);
    // Its caller gave up, so another one finds out; a failure of the server says nothing about the quota.
    fail(&sibling, ErrorKind::Server, None).await;
    let mut probe = enter(&gate).await.unwrap();
    assert!(enter(&sibling).await.is_err());
    probe.verdict(ANSWERED, Instant::now());
    let (_first, _second) = (enter(&sibling).await.unwrap(), enter(&sibling).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_comes_back_at_a_time_is_that_of_a_model() {
    let gates = Gates::default();
    let (gate, sibling) = (gates.gate(&target()), gates.gate(&Target::new("openai", "other")));
    fail(&gate, ErrorKind::QuotaExhausted, 40_000).await;
    assert_eq!(refused(&gate).await, Some((ErrorKind::QuotaExhausted, 40_000)));
    answer(&sibling).await;
    wait(39_999).await;
    assert_eq!(refused(&gate).await, Some((ErrorKind::QuotaExhausted, 1)));
    wait(1).await;
    answer(&gate).await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_model_is_left_alone_for_five_minutes_but_a_missing_file_is_not_one() {
    for kind in [ErrorKind::NotFound, ErrorKind::Permission] {
        let gates = Gates::default();
        let (gate, sibling) = (gates.gate(&target()), gates.gate(&Target::new("openai", "other")));
        fail(&gate, kind, None).await;
        assert_eq!((refused(&gate).await, refused(&sibling).await), (Some((kind, 5 * MINUTE)), None));
        wait(5 * MINUTE).await;
        answer(&gate).await;
        // It answered just now, so a single refusal may be about the request: three in a row are not.
        for _ in 0..10 {
            fail(&gate, kind, None).await;
            fail(&gate, kind, None).await;
            answer(&gate).await;
        }
        for _ in 0..3 {
            assert_eq!(refused(&gate).await, None);
            fail(&gate, kind, None).await;
        }
        assert_eq!(refused(&gate).await, Some((kind, 5 * MINUTE)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_missing_is_not_one_that_is_wrong() {
    let gates = Gates::default();
    let gate = gates.gate(&target());
    let missing = failure(ErrorKind::Auth, None).with_progress(Progress::NotSent);
    for _ in 0..3 {
        enter(&gate).await.unwrap().verdict(Verdict::Failed(&missing), Instant::now());
    }
    assert_eq!(gates.cool_downs(), []);
}

#[tokio::test(start_paused = true)]
async fn another_key_goes_on() {
    let gates = Gates::default();
    let gate = gates.gate(&target());
    let (bad, good) = (Secret::new("sk-bad-0123456789"), Secret::new("sk-good-0123456789"));
    let mut pass = gate.enter(with_key(&bad)).await.unwrap();
    pass.verdict(Verdict::Failed(&failure(ErrorKind::Auth, None)), Instant::now());
    let error: Error = gate.enter(with_key(&bad)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(gate.enter(with_key(&good)).await.is_ok());
    assert!(gate.enter(asked()).await.is_ok());
    // What the router hears is about the provider's own key.
    assert_eq!(gate.availability(Instant::now().into_std()), Availability::Ready);

    let shown = serde_json::to_value(gates.cool_downs()).unwrap();
    let fingerprint = shown[0]["credential"].as_str().unwrap();
    assert!(fingerprint.len() == 8 && fingerprint.chars().all(|digit| digit.is_ascii_hexdigit()), "{fingerprint}");
    let expected = json!([
        { "provider": "openai", "credential": fingerprint, "reason": "auth", "retry_in": "5m" }
    ]);
    assert_eq!(shown, expected);
    for text in [format!("{error} {error:?}"), format!("{:?} {:?} {gates:?}", gates.cool_downs(), gate)] {
        assert!(!text.contains("sk-"), "{text}");
    }
    // The same key has another fingerprint in other gates: it cannot be looked up anywhere.
    let others = Gates::default();
    let mut pass = others.gate(&target()).enter(with_key(&bad)).await.unwrap();
    pass.verdict(Verdict::Failed(&failure(ErrorKind::Auth, None)), Instant::now());
    assert_ne!(others.cool_downs()[0].credential.as_deref(), Some(fingerprint));
}

#[tokio::test(start_paused = true)]
async fn only_an_answer_to_a_later_call_clears_it() {
    let gates = Gates::default();
    let gate = gates.gate(&target());
    let mut before = enter(&gate).await.unwrap();
    wait(1).await;
    fail(&gate, ErrorKind::Auth, None).await;
    wait(1).await;
    before.verdict(ANSWERED, Instant::now());
    assert_eq!(refused(&gate).await, Some((ErrorKind::Auth, 5 * MINUTE - 1)));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_built_anew_tries_its_keys_again_but_keeps_waits() {
    let gates = Gates::default();
    let (wrong, limited) = (gates.gate(&target()), gates.gate(&Target::new("groq", "llama")));
    fail(&wrong, ErrorKind::Auth, None).await;
    fail(&limited, ErrorKind::RateLimited, 60).await;
    let key = Secret::new("sk-of-a-caller");
    let mut pass = limited.enter(with_key(&key)).await.unwrap();
    pass.verdict(Verdict::Failed(&failure(ErrorKind::Auth, None)), Instant::now());
    gates.forget_refused_keys();
    answer(&wrong).await;
    assert_eq!(refused(&limited).await, Some((ErrorKind::RateLimited, 60)));
    assert_eq!(limited.enter(with_key(&key)).await.unwrap_err().kind(), ErrorKind::Auth);
    // By hand all of it goes, at that target.
    for _ in 0..3 {
        fail(&wrong, ErrorKind::Auth, None).await;
    }
    gates.reset(limited.target());
    answer(&limited).await;
    assert!(limited.enter(with_key(&key)).await.is_ok());
    assert!(refused(&wrong).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn cool_downs_have_times_of_their_own_and_can_be_off() {
    let policy: CoolDownPolicy = serde_json::from_value(json!({ "auth": "10s", "max_auth": "15s" })).unwrap();
    let gates = Gates::new(GateSettings::default().with_cool_down(policy));
    let gate = gates.gate(&target());
    for secs in [10, 15, 15] {
        fail(&gate, ErrorKind::Auth, None).await;
        assert_eq!(refused(&gate).await, Some((ErrorKind::Auth, secs)));
        wait(secs).await;
    }
    let gates = Gates::new(GateSettings::default().with_cool_down(CoolDownPolicy::off()));
    let gate = gates.gate(&target());
    for kind in ErrorKind::ALL.into_iter().filter(|kind| !kind.policy().breaker) {
        for _ in 0..5 {
            fail(&gate, kind, 60).await;
        }
    }
    assert_eq!(gates.cool_downs(), []);
}

#[tokio::test(start_paused = true)]
async fn cool_downs_are_bounded() {
    let gates = Gates::default();
    let gate = gates.gate(&target());
    for number in 0..30_000 {
        let key = Secret::new(format!("sk-{number}"));
        let mut pass = gate.enter(with_key(&key)).await.unwrap();
        pass.verdict(Verdict::Failed(&failure(ErrorKind::Auth, None)), Instant::now());
        if number % 1000 == 0 {
            wait(1).await;
        }
    }
    let kept = gates.cool_downs().len();
    assert!((8_000..=10_000).contains(&kept), "{kept}");
    // The last ones are among them.
    let key = Secret::new("sk-29999");
    assert!(gate.enter(with_key(&key)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn one_refusal_of_a_key_that_was_good_a_moment_ago_is_an_accident_and_three_are_none() {
    let gates = Gates::default();
    let (gate, sibling) = (gates.gate(&target()), gates.gate(&Target::new("openai", "other")));
    answer(&gate).await;
    for _ in 0..2 {
        fail(&gate, ErrorKind::Auth, None).await;
        assert_eq!((refused(&gate).await, refused(&sibling).await), (None, None));
    }
    fail(&gate, ErrorKind::Auth, None).await;
    let expected = Some((ErrorKind::Auth, 5 * MINUTE));
    assert_eq!((refused(&gate).await, refused(&sibling).await), (expected, expected));
}

#[tokio::test(start_paused = true)]
async fn calls_that_were_under_way_together_are_one_refusal() {
    let gates = Gates::default();
    let gate = gates.gate(&target());
    let mut passes = Vec::new();
    for _ in 0..10 {
        passes.push(enter(&gate).await.unwrap());
    }
    for pass in &mut passes {
        wait(1).await;
        pass.verdict(Verdict::Failed(&failure(ErrorKind::Auth, None)), Instant::now());
    }
    assert_eq!(refused(&gate).await, Some((ErrorKind::Auth, 5 * MINUTE)), "not an hour");
}

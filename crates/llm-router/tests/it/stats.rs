//! What the statistics say after a course of events.

use std::time::{Duration, Instant};

use llm_core::{AttemptReason, ErrorKind, Timing, Usage};
use llm_router::{Health, HealthPolicy, Stats, StatsSettings, StatsView};

use crate::events::{Told, seconds, start, target};

/// Tells a request with one attempt that begins at `at`.
fn tell(stats: &Stats, told: Told, of: &str, at: Instant, first: f64, total: f64, failure: Option<ErrorKind>) {
    for (after, event) in told.one_attempt(&target(of), seconds(first), seconds(total), Usage::new(100, 40), failure) {
        stats.observe(&event, at + after);
    }
}

#[tokio::test(start_paused = true)]
async fn counts_calls_tokens_latencies_and_cost_per_target() {
    let start = start();
    let cost = |_: &llm_core::Target, usage: &Usage| Some(usage.input? * 1_000 + usage.output? * 2_000);
    let stats = Stats::with_cost(StatsSettings::default(), std::sync::Arc::new(cost));
    for call in 0..10 {
        let at = start + Duration::from_secs(call);
        tell(&stats, Told::new("r", "chat_stream"), "a/m", at, 0.5, 2.5, None);
    }
    tell(&stats, Told::chat("r"), "b/m", start, 3.0, 3.0, None);
    let now = start + Duration::from_secs(12);

    let seen = stats.target(&target("a/m"), now).unwrap();
    assert_eq!((seen.calls, seen.successes, seen.failures, seen.in_flight), (10, 10, 0, 0));
    assert_eq!((seen.input_tokens, seen.output_tokens, seen.cost_nano_usd), (1_000, 400, 1_800_000));
    assert_eq!(seen.success_rate, Some(1.0));
    let near = |found: Duration, wanted: f64| (found.as_secs_f64() / wanted - 1.0).abs() <= 0.032;
    let (first, total) = (seen.first_token.unwrap(), seen.total.unwrap());
    assert!(near(first.p50, 0.5) && near(first.p99, 0.5) && near(total.p95, 2.5), "{first:?} {total:?}");
    assert!((first.mean.as_secs_f64() - 0.5).abs() < 1e-6);
    // 40 tokens in the two seconds after the first.
    assert!((seen.tokens_per_second.unwrap() - 20.0).abs() < 1e-6);
    assert_eq!(seen.last_used_ago, Some(Duration::from_secs(3)));

    // A whole answer has no first token of its own; plans take the whole in its place.
    let other = stats.target(&target("b/m"), now).unwrap();
    assert_eq!(other.first_token, None);
    let pulse = stats.record(&target("b/m")).pulse(now);
    assert_eq!(pulse.first_token, Some(Duration::from_secs(3)));
    assert_eq!(pulse.cost, Some(180_000.0));
    assert_eq!(stats.open_requests(), 0);

    let json = serde_json::to_value(&seen).unwrap();
    assert_eq!(json["target"], "a/m");
    assert_eq!(json["last_used_ago"], 3.0);
    assert_eq!(json["health"], "healthy");
}

#[tokio::test(start_paused = true)]
async fn model_info_has_successes_failures_average_latency_and_last_use() {
    let start = start();
    let stats = Stats::default();
    assert_eq!(stats.model_info(&target("a/m"), start), None);
    tell(&stats, Told::chat("1"), "a/m", start, 1.0, 1.0, None);
    tell(&stats, Told::chat("2"), "a/m", start, 3.0, 3.0, None);
    tell(&stats, Told::chat("3"), "a/m", start + Duration::from_secs(4), 0.1, 0.1, Some(ErrorKind::Server));
    let info = stats.model_info(&target("a/m"), start + Duration::from_secs(9)).unwrap();
    assert_eq!((info.success, info.failure), (2, 1));
    assert!((info.average_latency.unwrap().as_secs_f64() - 2.0).abs() < 0.01);
    assert_eq!(info.last_used_ago, Some(Duration::from_secs(5)));
}

#[tokio::test(start_paused = true)]
async fn failures_count_by_class_and_only_the_targets_own_lower_its_rate() {
    let start = start();
    let stats = Stats::default();
    let kinds = [
        Some(ErrorKind::Server),
        Some(ErrorKind::RateLimited),
        Some(ErrorKind::InvalidRequest),
        Some(ErrorKind::Cancelled),
        None,
        None,
    ];
    for kind in kinds {
        tell(&stats, Told::chat("r"), "a/m", start, 0.2, 0.2, kind);
    }
    let seen = stats.target(&target("a/m"), start + Duration::from_secs(1)).unwrap();
    assert_eq!((seen.calls, seen.successes, seen.failures, seen.cancelled), (6, 2, 3, 1));
    assert_eq!(seen.failures_by_class["server"].total, 1);
    assert!((seen.failures_by_class["invalid_request"].recent_rate - 1.0 / 6.0).abs() < 1e-3);
    // Two of four: the caller's own mistake and its going away say nothing of the target.
    assert!((seen.success_rate.unwrap() - 0.5).abs() < 1e-3);
    assert_eq!(seen.last_error, Some("invalid_request"));
}

#[tokio::test(start_paused = true)]
async fn fallbacks_hedges_and_shadows_are_told_apart() {
    use AttemptReason as Why;
    let start = start();
    let stats = Stats::default();
    let (a, b, c) = (target("a/m"), target("b/m"), target("c/m"));
    let at = |tenths: u32| start + Duration::from_millis(100) * tenths;
    let took = |tenths: u32| Duration::from_millis(100) * tenths;

    // a fails, b steps in.
    let mut told = Told::chat("1");
    stats.observe(&told.started(&a, 1, Why::First), at(0));
    stats.observe(&told.done(&a, 1, Why::First, took(1), Some(ErrorKind::Overloaded)), at(1));
    stats.observe(&told.started(&b, 2, Why::Fallback), at(1));
    assert_eq!(stats.target(&b, at(1)).unwrap().in_flight, 1);
    stats.observe(&told.done(&b, 2, Why::Fallback, took(4), None), at(5));
    // Its answer is on its way until the request is over.
    assert_eq!(stats.target(&b, at(5)).unwrap().in_flight, 1);
    stats.observe(&told.completed(Some(&b), Usage::default(), Timing::default(), None), at(6));
    assert_eq!(stats.target(&b, at(6)).unwrap().in_flight, 0);
    assert_eq!(stats.target(&a, at(6)).unwrap().fallbacks["b/m"], 1);
    // Its own time, without that of a.
    assert!((stats.target(&b, at(6)).unwrap().total.unwrap().mean.as_secs_f64() - 0.5).abs() < 1e-6);

    // a takes long, c is asked beside it and wins; a is given up. A shadow at b goes on after the end.
    let mut told = Told::chat("2");
    stats.observe(&told.started(&a, 1, Why::First), at(10));
    stats.observe(&told.started(&b, 3, Why::Shadow), at(10));
    stats.observe(&told.started(&c, 2, Why::Hedge), at(20));
    stats.observe(&told.done(&c, 2, Why::Hedge, took(2), None), at(22));
    stats.observe(&told.done(&a, 1, Why::First, took(12), Some(ErrorKind::Cancelled)), at(22));
    stats.observe(&told.completed(Some(&c), Usage::default(), Timing::default(), None), at(22));
    stats.observe(&told.done(&b, 3, Why::Shadow, took(20), None), at(30));
    let (a, b, c) =
        (stats.target(&a, at(30)).unwrap(), stats.target(&b, at(30)).unwrap(), stats.target(&c, at(30)).unwrap());
    assert_eq!((a.cancelled, a.failures, a.in_flight), (1, 1, 0));
    assert_eq!((c.hedges, c.hedges_won, c.successes), (1, 1, 1));
    assert_eq!((b.calls, b.shadows.calls, b.shadows.failures, b.in_flight), (1, 1, 0, 0));
    assert_eq!(b.shadows.duration, Some(took(20)));
    assert_eq!(stats.open_requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_is_a_failure_and_one_that_is_left_is_neither() {
    use AttemptReason as Why;
    let start = start();
    let stats = Stats::default();
    let (a, b) = (target("a/m"), target("b/m"));
    for failure in [ErrorKind::Truncated, ErrorKind::Cancelled] {
        let mut told = Told::new("r", "chat_stream");
        stats.observe(&told.started(&a, 1, Why::First), start);
        stats.observe(&told.done(&a, 1, Why::First, seconds(0.1), None), start);
        stats.observe(&told.completed(Some(&a), Usage::default(), Timing::default(), Some(failure)), start);
    }
    let seen = stats.target(&a, start).unwrap();
    assert_eq!((seen.successes, seen.failures, seen.cancelled, seen.in_flight), (0, 1, 1, 0));
    assert_eq!(seen.success_rate, Some(0.5));

    // Gone on with by another target: the first one broke, though the request ends well.
    let mut told = Told::new("r", "chat_stream");
    stats.observe(&told.started(&a, 1, Why::First), start);
    stats.observe(&told.done(&a, 1, Why::First, seconds(0.1), None), start);
    stats.observe(&told.started(&b, 2, Why::Resume), start);
    stats.observe(&told.done(&b, 2, Why::Resume, seconds(0.1), None), start);
    stats.observe(&told.completed(Some(&b), Usage::default(), Timing::default(), None), start);
    let seen = stats.target(&a, start).unwrap();
    assert_eq!((seen.failures, seen.failures_by_class["truncated"].total, seen.in_flight), (2, 2, 0));
    assert_eq!(seen.fallbacks["b/m"], 1);
    assert_eq!(stats.target(&b, start).unwrap().successes, 1);
    assert_eq!(stats.open_requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn three_failures_make_a_target_unavailable_until_the_cool_down_or_a_passed_probe() {
    let start = start();
    let stats = Stats::default();
    let a = target("a/m");
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    let fail = |second| tell(&stats, Told::chat("r"), "a/m", at(second), 0.0, 0.0, Some(ErrorKind::Server));
    let answer = |second| tell(&stats, Told::chat("r"), "a/m", at(second), 0.0, 0.0, None);
    assert_eq!(stats.health(&a, start), Health::Healthy);
    fail(0);
    fail(1);
    assert_eq!(stats.health(&a, at(1)), Health::Healthy);
    // An answer between them begins the count anew.
    answer(2);
    (3..6).for_each(fail);
    assert_eq!(stats.health(&a, at(5)), Health::Unavailable);
    let seen = stats.target(&a, at(25)).unwrap();
    assert_eq!(seen.available_in, Some(Duration::from_secs(100)));
    assert_eq!(seen.failures_in_a_row, 3);
    assert_eq!(stats.record(&a).pulse(at(124)).health, Health::Unavailable);
    // Back on trial: one more failure and it is unavailable again, one answer and the count begins anew.
    assert_eq!(stats.health(&a, at(125)), Health::Degraded);
    fail(126);
    assert_eq!(stats.health(&a, at(245)), Health::Unavailable);
    stats.probed(&a, None, at(246));
    assert_ne!(stats.health(&a, at(246)), Health::Unavailable);
    (250..253).for_each(|second| stats.probed(&a, Some(ErrorKind::Network), at(second)));
    assert_eq!(stats.health(&a, at(253)), Health::Unavailable);
    answer(260);
    // One of six recent calls is more than one in ten, but six are too few to tell; the streak is over.
    assert_eq!(stats.target(&a, at(260)).unwrap().failures_in_a_row, 0);
    assert_eq!(stats.health(&a, at(260)), Health::Healthy);
}

#[tokio::test(start_paused = true)]
async fn one_failure_in_five_is_degraded_and_the_callers_mistakes_are_not() {
    let start = start();
    let stats = Stats::default();
    for call in 0..50u64 {
        let at = start + Duration::from_secs(call);
        tell(&stats, Told::chat("r"), "a/m", at, 0.0, 0.0, (call % 5 == 0).then_some(ErrorKind::Overloaded));
        tell(&stats, Told::chat("r"), "b/m", at, 0.0, 0.0, (call % 2 == 0).then_some(ErrorKind::InvalidRequest));
    }
    let now = start + Duration::from_secs(50);
    assert_eq!(stats.health(&target("a/m"), now), Health::Degraded);
    assert_eq!(stats.health(&target("b/m"), now), Health::Healthy);
}

#[tokio::test(start_paused = true)]
async fn forgets_what_was_not_used_for_longest_but_not_what_a_plan_holds() {
    let start = start();
    let mut settings = StatsSettings::default();
    settings.max_targets = 3;
    settings.max_open = 2;
    settings.health = HealthPolicy::default();
    let stats = Stats::new(settings);
    let held = stats.record(&target("held/m"));
    for name in ["a/m", "b/m", "c/m"] {
        tell(&stats, Told::chat("r"), name, start, 0.1, 0.1, None);
    }
    let names: Vec<String> = stats.targets(start).iter().map(|stats| stats.target.to_string()).collect();
    assert_eq!(names, ["b/m", "c/m", "held/m"]);
    tell(&stats, Told::chat("r"), "held/m", start, 0.1, 0.1, None);
    assert!(held.pulse(start).samples > 0.9);

    // Requests beyond the bound are not followed, and leave nothing behind.
    let told: Vec<Told> = (0..3).map(|_| Told::chat("r")).collect();
    for request in &told {
        stats.observe(&request.started(&target("b/m"), 1, AttemptReason::First), start);
    }
    assert_eq!(stats.open_requests(), 2);
    assert_eq!(stats.target(&target("b/m"), start).unwrap().in_flight, 2);
    for mut request in told {
        stats.observe(
            &request.done(&target("b/m"), 1, AttemptReason::First, seconds(0.1), Some(ErrorKind::Server)),
            start,
        );
        stats.observe(&request.completed(None, Usage::default(), Timing::default(), Some(ErrorKind::Server)), start);
    }
    assert_eq!((stats.open_requests(), stats.target(&target("b/m"), start).unwrap().in_flight), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_end_is_told_after_its_request_is_over_leaves_nothing_behind() {
    use AttemptReason as Why;
    let start = start();
    let stats = Stats::default();
    let (a, b) = (target("a/m"), target("b/m"));
    for late in [Some(ErrorKind::Cancelled), None] {
        let mut told = Told::chat("r");
        stats.observe(&told.started(&a, 1, Why::First), start);
        stats.observe(&told.started(&b, 2, Why::Hedge), start);
        stats.observe(&told.done(&b, 2, Why::Hedge, seconds(0.1), None), start);
        stats.observe(&told.completed(Some(&b), Usage::default(), Timing::default(), None), start);
        assert_eq!((stats.open_requests(), stats.target(&a, start).unwrap().in_flight), (1, 1));
        stats.observe(&told.done(&a, 1, Why::First, seconds(0.2), late), start);
        assert_eq!((stats.open_requests(), stats.target(&a, start).unwrap().in_flight), (0, 0));
    }
    assert_eq!(stats.target(&b, start).unwrap().successes, 2);
}

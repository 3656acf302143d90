//! Experiments from the assignment of requests to the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use llm_core::{AttemptReason, Cx, ErrorKind, Hints, Target, Usage};
use llm_router::{
    AfterStop, Experiment, ExperimentStatus, Experiments, Feedback, Goal, Quality, Shadow, Stats, StickyBy, StopReason,
    StopRules, Usd, WithoutKey,
};

use crate::events::{Told, seconds, start, target};
use crate::support;

fn cx(change: impl FnOnce(&mut Cx)) -> Cx {
    let mut cx = support::cx();
    change(&mut cx);
    cx
}

fn user(name: &str) -> Cx {
    let mut hints = Hints::default();
    hints.user = Some(name.into());
    cx(|cx| cx.hints = Some(Arc::new(hints)))
}

fn two_arms() -> Experiment {
    Experiment::new("haiku-vs-mini", "fast").with_arm("A", "anthropic/haiku", 50).with_arm("B", "openai/mini", 50)
}

fn experiments(experiment: Experiment, now: Instant) -> Experiments {
    let experiments = Experiments::default();
    experiments.configure(vec![experiment], Vec::new(), now).unwrap();
    experiments
}

fn arm_of(experiments: &Experiments, cx: &Cx, now: Instant) -> Option<String> {
    Some(experiments.assign("fast", cx, now)?.arm?.arm.to_string())
}

/// Tells the end of a request of an arm.
fn tell(experiments: &Experiments, arm: &str, by: &str, total: f64, failure: Option<ErrorKind>, now: Instant) {
    let told = Told::chat("r").in_arm("haiku-vs-mini", arm);
    for (after, event) in told.one_attempt(&target(by), seconds(total), seconds(total), Usage::new(10, 10), failure) {
        experiments.observe(&event, now + after);
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_keeps_its_arm_in_every_process_and_others_take_no_part() {
    let now = start();
    let (one, two) = (experiments(two_arms(), now), experiments(two_arms(), now));
    let mut counts = BTreeMap::new();
    for name in (0..2_000).map(|n| format!("user-{n}")) {
        let arm = arm_of(&one, &user(&name), now).unwrap();
        assert_eq!(arm_of(&one, &user(&name), now).as_ref(), Some(&arm));
        assert_eq!(arm_of(&two, &user(&name), now).as_ref(), Some(&arm));
        *counts.entry(arm).or_insert(0) += 1;
    }
    assert!((900..1_100).contains(&counts["A"]), "{counts:?}");
    assert_eq!(one.assign("smart", &user("user-1"), now), None);
    // Nothing says who asks: no part in it, or by the request's own id.
    let anonymous = |id: &str| cx(|cx| cx.request_id = Some(id.into()));
    assert_eq!(arm_of(&one, &anonymous("r-1"), now), None);
    let mut random = two_arms();
    random.without_key = WithoutKey::Random;
    let random = experiments(random, now);
    let arms: Vec<String> = (0..100).filter_map(|n| arm_of(&random, &anonymous(&format!("r-{n}")), now)).collect();
    assert_eq!(arms.len(), 100);
    assert!(arms.iter().any(|arm| arm == "A") && arms.iter().any(|arm| arm == "B"));
    assert_eq!(arm_of(&random, &cx(|_| ()), now), None);
}

#[tokio::test(start_paused = true)]
async fn sessions_tenants_and_labels_can_be_the_key() {
    let now = start();
    let tags = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
    let mut hints = Hints::default();
    hints.session = Some("s-1".into());
    let all = cx(|cx| {
        cx.hints = Some(Arc::new(hints));
        cx.tenant = Some("t-1".into());
        cx.tags = Some(Arc::new(tags));
        cx.request_id = Some("r-1".into());
    });
    for (text, key) in [
        ("session", StickyBy::Session),
        ("tenant", StickyBy::Tenant),
        ("tag:team", StickyBy::Tag("team".into())),
        ("request", StickyBy::Request),
    ] {
        assert_eq!(serde_json::from_value::<StickyBy>(text.into()).unwrap(), key);
        assert_eq!(serde_json::to_value(&key).unwrap(), text);
        let experiments = experiments(two_arms().with_sticky_by(key), now);
        assert!(arm_of(&experiments, &all, now).is_some(), "{text}");
        assert_eq!(arm_of(&experiments, &cx(|_| ()), now), None, "{text}");
    }
    assert!(serde_json::from_value::<StickyBy>("tag:".into()).is_err());
}

#[tokio::test(start_paused = true)]
async fn results_have_samples_means_intervals_and_significance_per_arm() {
    let now = start();
    let cost = |_: &Target, usage: &Usage| Some(usage.total()? * 1_000_000);
    let experiments = Experiments::with_cost(Arc::new(cost));
    experiments.configure(vec![two_arms().with_goal(Goal::Latency)], Vec::new(), now).unwrap();
    let quality = Quality::new(vec![Arc::new(experiments.clone())]);
    for n in 0..40u32 {
        let failure = (n % 10 == 0).then_some(ErrorKind::Server);
        tell(&experiments, "A", "anthropic/haiku", 1.0 + f64::from(n % 5) / 10.0, failure, now);
        tell(
            &experiments,
            "B",
            if n == 1 { "ollama/other" } else { "openai/mini" },
            2.0 + f64::from(n % 5) / 10.0,
            None,
            now,
        );
    }
    tell(&experiments, "A", "anthropic/haiku", 60.0, Some(ErrorKind::Cancelled), now);
    tell(&experiments, "nobody", "anthropic/haiku", 60.0, None, now);
    for (arm, score) in [("A", 1.0), ("B", 0.5)] {
        let told = Told::chat(arm).in_arm("haiku-vs-mini", arm);
        let event = told.completed(Some(&target("x/y")), Usage::default(), llm_core::Timing::default(), None);
        llm_core::Observer::on(&quality, &event);
        quality.feedback(&Feedback::new(arm, score), now).unwrap();
    }

    let results = experiments.results("haiku-vs-mini", now).unwrap();
    assert_eq!(results.status, ExperimentStatus::Running);
    let (a, b) = (&results.arms[0], &results.arms[1]);
    assert_eq!((a.samples, a.cancelled, a.fell_back, b.samples, b.fell_back), (40, 1, 0, 40, 1));
    let success = a.success.unwrap();
    assert!((success.value - 0.9).abs() < 1e-9);
    // Wilson by hand for 36 of 40: (0.9 + 0.048018 ± 1.96 · sqrt(0.00225 + 0.00060022)) / 1.096036.
    assert!((success.low - 0.769_48).abs() < 1e-4 && (success.high - 0.960_42).abs() < 1e-4, "{success:?}");
    let (fast, slow) = (a.latency.unwrap(), b.latency.unwrap());
    assert_eq!((fast.n, slow.n), (36, 40));
    assert!((slow.value - 2.2).abs() < 1e-9 && slow.low < 2.2 && 2.2 < slow.high && slow.high < 2.3);
    assert!((b.cost.unwrap().value - 0.02).abs() < 1e-9 && (b.cost_total - 0.8).abs() < 1e-9);
    assert!((a.quality.unwrap().value - 1.0).abs() < 1e-9 && b.quality.unwrap().n == 1);

    let latency = results.comparisons.iter().find(|pair| pair.goal == Goal::Latency).unwrap();
    assert!(latency.p_value < 1e-6 && &*latency.better == "A" && latency.difference > 0.9, "{latency:?}");
    // 36 of 40 against 40 of 40, by Fisher: 0.1155.
    let success = results.comparisons.iter().find(|pair| pair.goal == Goal::Success).unwrap();
    assert!((success.p_value - 0.1155).abs() < 1e-3, "{success:?}");
    assert!(results.comparisons.iter().all(|pair| pair.goal != Goal::Quality), "one score says nothing of spread");
    let json = serde_json::to_value(&results).unwrap();
    assert_eq!(json["status"]["state"], "running");
    assert_eq!(json["arms"][0]["arm"], "A");
}

#[tokio::test(start_paused = true)]
async fn ends_when_the_difference_is_certain_and_everybody_gets_the_winner() {
    let now = start();
    let stop = StopRules::significant(0.01, 50);
    for (after, expected) in [(AfterStop::Winner, "openai/mini"), (AfterStop::Control, "anthropic/haiku")] {
        let mut experiment = two_arms().with_goal(Goal::Latency).with_stop(stop.clone());
        experiment.after = after;
        let experiments = experiments(experiment, now);
        for n in 0..49u32 {
            tell(&experiments, "A", "anthropic/haiku", 2.0 + f64::from(n % 3) / 10.0, None, now);
            tell(&experiments, "B", "openai/mini", 1.0 + f64::from(n % 3) / 10.0, None, now);
        }
        // Certain long ago, but not looked at before every arm has its samples.
        assert_eq!(experiments.results("haiku-vs-mini", now).unwrap().status, ExperimentStatus::Running);
        tell(&experiments, "A", "anthropic/haiku", 2.0, None, now);
        tell(&experiments, "B", "openai/mini", 1.0, None, now);
        let winner = Some("B".into());
        let stopped = ExperimentStatus::Stopped { winner, why: StopReason::Significant };
        assert_eq!(experiments.results("haiku-vs-mini", now).unwrap().status, stopped);
        for cx in [user("user-1"), user("user-2"), cx(|_| ())] {
            let assigned = experiments.assign("fast", &cx, now).unwrap();
            assert_eq!((assigned.arm, assigned.target.as_str()), (None, expected));
        }
        // What comes later was no part of the decision.
        tell(&experiments, "A", "anthropic/haiku", 99.0, None, now);
        assert_eq!(experiments.results("haiku-vs-mini", now).unwrap().arms[0].samples, 50);
    }
}

#[tokio::test(start_paused = true)]
async fn ends_by_cost_by_time_and_by_hand() {
    let now = start();
    let cost = |_: &Target, _: &Usage| Some(10_000_000);
    let experiments = Experiments::with_cost(Arc::new(cost));
    let stop = StopRules::default().with_max_cost("0.05".parse::<Usd>().unwrap()).with_max_duration(seconds(3600.0));
    experiments.configure(vec![two_arms().with_stop(stop.clone())], Vec::new(), now).unwrap();
    (0..4).for_each(|_| tell(&experiments, "A", "anthropic/haiku", 1.0, None, now));
    assert_eq!(experiments.results("haiku-vs-mini", now).unwrap().status, ExperimentStatus::Running);
    tell(&experiments, "B", "openai/mini", 1.0, None, now);
    let stopped = |why| ExperimentStatus::Stopped { winner: None, why };
    assert_eq!(experiments.results("haiku-vs-mini", now).unwrap().status, stopped(StopReason::MaxCost));
    // Without a winner the control answers.
    assert_eq!(experiments.assign("fast", &user("u"), now).unwrap().target, "anthropic/haiku");

    let experiments = self::experiments(two_arms().with_stop(stop), now);
    assert!(experiments.assign("fast", &user("u"), now).unwrap().arm.is_some());
    let at = |second| now + Duration::from_secs(second);
    let later = at(3_600);
    assert!(experiments.assign("fast", &user("u"), at(3_599)).unwrap().arm.is_some());
    assert_eq!(experiments.assign("fast", &user("u"), later).unwrap().arm, None);
    let results = experiments.results("haiku-vs-mini", later + Duration::from_secs(9)).unwrap();
    assert_eq!((results.status, results.elapsed), (stopped(StopReason::MaxDuration), Duration::from_secs(3_600)));

    let experiments = self::experiments(two_arms(), now);
    assert!(experiments.stop("haiku-vs-mini", Some("C"), now).is_err());
    assert!(experiments.stop("other", None, now).is_err());
    experiments.stop("haiku-vs-mini", Some("B"), now).unwrap();
    assert_eq!(experiments.assign("fast", &user("u"), now).unwrap().target, "openai/mini");
}

#[tokio::test(start_paused = true)]
async fn what_was_counted_survives_changed_shares_and_restarts() {
    let now = start();
    let before = experiments(two_arms(), now);
    assert!(before.assign("fast", &user("u"), now).is_some());
    (0..3).for_each(|_| tell(&before, "B", "openai/mini", 1.0, None, now));
    let later = now + Duration::from_secs(60);
    let mut other_shares = two_arms();
    other_shares.arms[0].share = 10;
    before.configure(vec![other_shares.clone()], Vec::new(), later).unwrap();
    assert_eq!(before.results("haiku-vs-mini", later).unwrap().arms[1].samples, 3);

    let text = serde_json::to_string(&before.save(later)).unwrap();
    let restarted = experiments(other_shares, later);
    restarted.restore(serde_json::from_str(&text).unwrap(), later);
    let results = restarted.results("haiku-vs-mini", later).unwrap();
    assert_eq!((results.arms[1].samples, results.elapsed), (3, Duration::from_secs(60)));
    // Another target is another experiment.
    let other = Experiment::new("haiku-vs-mini", "fast").with_arm("A", "a/a", 1).with_arm("B", "b/b", 1);
    restarted.configure(vec![other], Vec::new(), later).unwrap();
    assert_eq!(restarted.results("haiku-vs-mini", later).unwrap().arms[1].samples, 0);
}

#[test]
fn reads_its_configuration_and_tells_all_problems_at_once() {
    let experiment: Experiment = serde_json::from_value(serde_json::json!({
        "name": "haiku-vs-mini", "on_model": "fast", "sticky_by": "user",
        "arms": [
            { "name": "A", "target": "anthropic/claude-haiku-4-5", "share": 50 },
            { "name": "B", "target": "openai/gpt-5.4-mini", "share": 50 },
        ],
        "stop": { "min_samples": 2000, "p_value": 0.01, "max_cost": "20.00", "max_duration": "336h" },
    }))
    .unwrap();
    assert_eq!(experiment.problems(), [""; 0]);
    assert_eq!(experiment.stop.max_cost, Some("20".parse().unwrap()));
    assert!(
        serde_json::from_str::<Experiment>(r#"{ "name": "a", "on_model": "b", "arms": [], "shares": [] }"#).is_err()
    );

    let mut wrong = Experiment::new("x", "fast").with_arm("A", "a/m", 0).with_arm("A", "b/m", 0);
    wrong.stop.p_value = Some(0.05);
    let now = Instant::from(tokio::time::Instant::now());
    let shadow = Shadow::new("fast", "c/m", 5.0);
    let error = Experiments::default().configure(vec![wrong, two_arms()], vec![shadow], now).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for part in ["two arms named \"A\"", "no arm with a share", "without min_samples", "same route", "share 5"] {
        assert!(error.message().contains(part), "{part}: {}", error.message());
    }
}

#[tokio::test(start_paused = true)]
async fn a_share_of_the_requests_has_a_shadow() {
    let now = start();
    let experiments = Experiments::default();
    experiments.configure(Vec::new(), vec![Shadow::new("smart", "new/model", 0.1)], now).unwrap();
    let id = |n: u32| cx(|cx| cx.request_id = Some(format!("r-{n}").into()));
    let shadows = (0..10_000).filter(|n| experiments.shadow("smart", &id(*n)).is_some()).count();
    assert!((900..1_100).contains(&shadows), "{shadows}");
    assert_eq!(experiments.shadow("fast", &id(1)), None);
    assert_eq!(experiments.shadow("smart", &cx(|_| ())), None);

    // Its call counts in the statistics of its target, and only as a shadow.
    let stats = Stats::default();
    let mut told = Told::chat("r");
    let shadow = target("new/model");
    stats.observe(&told.started(&shadow, 2, AttemptReason::Shadow), now);
    stats.observe(&told.done(&shadow, 2, AttemptReason::Shadow, seconds(1.0), None), now);
    let seen = stats.target(&shadow, now).unwrap();
    assert_eq!((seen.calls, seen.shadows.calls), (0, 1));
}

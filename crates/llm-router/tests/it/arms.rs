//! Experiments, shadows and learning strategies in the plans of a router.

use std::collections::BTreeMap;
use std::sync::Arc;

use llm_core::{AttemptReason, ChatRequest, Cx, Hints, Planner, Request, Target};
use llm_router::{
    Adaptive, Beliefs, Experiment, Experiments, Learning, REQUIRE, Route, Router, Shadow, StrategyKind, TargetSpec,
};

use crate::events::{Told, seconds, start, target};
use crate::support::{self, chat, named};

fn user(name: &str) -> Cx {
    let mut hints = Hints::default();
    hints.user = Some(name.into());
    let mut cx = support::cx();
    cx.hints = Some(Arc::new(hints));
    cx.request_id = Some(format!("r-{name}").into());
    cx
}

fn targets(plan: &llm_core::Plan) -> Vec<String> {
    plan.targets.iter().map(|place| place.target.to_string()).collect()
}

fn experiment() -> Experiment {
    Experiment::new("x", "fast").with_arm("A", "one/m", 50).with_arm("B", "new/m", 50)
}

fn router(experiments: &Experiments, strategy: StrategyKind) -> Router {
    Router::builder()
        .provider(named("one").arc())
        .provider(named("two").arc())
        .provider(named("new").arc())
        .route(Route::new("fast", ["two/m", "one/m"]).with_strategy(strategy))
        .experiments(experiments.clone())
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_target_of_the_arm_comes_first_and_the_routes_own_step_in() {
    let experiments = Experiments::default();
    experiments.configure(vec![experiment()], Vec::new(), start()).unwrap();
    for strategy in [StrategyKind::Priority, StrategyKind::Cost, StrategyKind::Manual] {
        let router = router(&experiments, strategy);
        let mut seen = BTreeMap::new();
        for n in 0..200 {
            let cx = user(&format!("u-{n}"));
            let plan = router.plan(&cx, &chat("fast")).unwrap();
            let arm = plan.arm.clone().unwrap();
            assert_eq!(&*arm.experiment, "x");
            let rest: &[&str] = match (&*arm.arm, strategy) {
                ("A", StrategyKind::Manual) => &["one/m", "two/m"],
                ("B", StrategyKind::Manual) => &["new/m", "two/m"],
                ("A", _) => &["one/m", "two/m"],
                _ => &["new/m", "two/m", "one/m"],
            };
            assert_eq!(targets(&plan), rest);
            // The explanation says the same, and can be repeated from its log.
            let decision = router.explain(&cx, &chat("fast")).unwrap();
            assert_eq!(decision.order.iter().map(Target::to_string).collect::<Vec<_>>(), rest);
            assert!(decision.reason.starts_with(&format!("the arm {} of the experiment x", arm.arm)));
            let text = serde_json::to_string(&decision).unwrap();
            assert_eq!(serde_json::from_str::<llm_router::Decision>(&text).unwrap().replay().unwrap(), decision);
            *seen.entry(arm.arm).or_insert(0) += 1;
        }
        assert!(seen.values().all(|count| *count > 70), "{seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_takes_no_part_gets_the_route_without_the_arms_own_targets() {
    let experiments = Experiments::default();
    experiments.configure(vec![experiment()], Vec::new(), start()).unwrap();
    let router = router(&experiments, StrategyKind::Priority);
    let plan = router.plan(&support::cx(), &chat("fast")).unwrap();
    assert_eq!((targets(&plan), plan.arm), (vec!["two/m".to_owned(), "one/m".to_owned()], None));
    // After its end everybody gets the winner, and nobody is counted.
    experiments.stop("x", Some("B"), start()).unwrap();
    let plan = router.plan(&support::cx(), &chat("fast")).unwrap();
    assert_eq!((targets(&plan), plan.arm), (vec!["new/m".to_owned(), "two/m".to_owned(), "one/m".to_owned()], None));

    let unknown = Experiment::new("y", "fast").with_arm("A", "one/m", 1).with_arm("B", "nobody/m", 1);
    experiments.configure(vec![unknown], Vec::new(), start()).unwrap();
    let error = Router::builder()
        .provider(named("one").arc())
        .route(Route::new("fast", ["one/m"]))
        .experiments(experiments)
        .build()
        .unwrap_err();
    assert!(error.message().contains("an experiment on it: the target \"nobody/m\""), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_arm_whose_target_takes_no_requests_falls_back_and_still_counts() {
    let experiments = Experiments::default();
    experiments.configure(vec![experiment()], Vec::new(), start()).unwrap();
    let router = Router::builder()
        .provider(named("one").arc())
        .provider(named("new").shut().arc())
        .route(Route::new("fast", ["one/m"]))
        .experiments(experiments)
        .build()
        .unwrap();
    let arms: Vec<String> = (0..50)
        .map(|n| {
            let plan = router.plan(&user(&format!("u-{n}")), &chat("fast")).unwrap();
            assert_eq!(targets(&plan), ["one/m"]);
            plan.arm.unwrap().arm.to_string()
        })
        .collect();
    assert!(arms.iter().any(|arm| arm == "B"));
}

#[tokio::test(start_paused = true)]
async fn a_sample_of_the_plans_has_a_shadow() {
    let experiments = Experiments::default();
    experiments.configure(Vec::new(), vec![Shadow::new("fast", "new/m", 0.5)], start()).unwrap();
    let router = router(&experiments, StrategyKind::Priority);
    let shadows: Vec<Option<String>> = (0..100)
        .map(|n| {
            let plan = router.plan(&user(&format!("u-{n}")), &chat("fast")).unwrap();
            assert_eq!(targets(&plan), ["two/m", "one/m"]);
            plan.shadow.map(|place| place.target.to_string())
        })
        .collect();
    let count = shadows.iter().flatten().inspect(|shadow| assert_eq!(*shadow, "new/m")).count();
    assert!((30..70).contains(&count), "{count}");
}

#[tokio::test(start_paused = true)]
async fn an_adaptive_route_says_the_kind_of_its_requests_and_learns_from_what_comes_of_them() {
    let learning = Learning::default();
    let router = Router::builder()
        .provider(named("one").arc())
        .provider(named("two").arc())
        .route(Route::new("smart", ["one/m", "two/m"]).with_strategy(Adaptive::default().with_explore(0.0)))
        .beliefs(Arc::new(learning.clone()))
        .seeds(|| 7)
        .build()
        .unwrap();
    let mut hints = Hints::default();
    hints.task = Some("code_generation".into());
    let mut cx = support::cx();
    cx.hints = Some(Arc::new(hints));
    let plan = router.plan(&cx, &chat("smart")).unwrap();
    assert_eq!(plan.kind.as_deref(), Some("code_generation/whole/short"));
    assert_eq!(targets(&plan), ["one/m", "two/m"]);
    let kind = plan.kind.unwrap();
    for (of, failure) in [("one/m", Some(llm_core::ErrorKind::Server)), ("two/m", None)] {
        for _ in 0..20 {
            let mut told = Told::chat("r").with(|info| info.kind = Some(kind.clone()));
            let event = told.done(&target(of), 1, AttemptReason::First, seconds(1.0), failure);
            learning.observe(&event, start());
        }
    }
    assert_eq!(targets(&router.plan(&cx, &chat("smart")).unwrap()), ["two/m", "one/m"]);
    assert!(learning.belief(&kind, &target("one/m"), start()).success.mean() < 0.1);
    let decision = router.explain(&cx, &chat("smart")).unwrap();
    assert_eq!(decision.replay().unwrap(), decision);
}

#[tokio::test(start_paused = true)]
async fn what_may_be_seen_by_some_only_has_no_shadow() {
    let experiments = Experiments::default();
    let shadow = Shadow::new("smart", "new/m", 1.0);
    experiments.configure(Vec::new(), vec![shadow], start()).unwrap();
    let mut spec = TargetSpec::new("one/m");
    (spec.region, spec.tags) = (Some("eu".to_owned()), vec!["gdpr".to_owned()]);
    let builder = Router::builder().provider(named("one").arc()).provider(named("new").arc());
    let router = builder.experiments(experiments).route(Route::new("smart", [spec])).build().unwrap();
    let free = ChatRequest::new("smart").with_user("hi");
    let mut held = free.clone();
    held.ext.0.entry("one".to_owned()).or_default().insert("previous_response_id".to_owned(), "r1".into());
    let plan = |change: &dyn Fn(&mut Cx), request: &ChatRequest| {
        let mut cx = support::cx();
        cx.request_id = Some("r".into());
        change(&mut cx);
        router.plan(&cx, &Request::Chat(Arc::new(request.clone()))).unwrap()
    };
    let region = |cx: &mut Cx| {
        let mut hints = Hints::default();
        hints.region = Some("eu".into());
        cx.hints = Some(Arc::new(hints));
    };
    let label = |cx: &mut Cx| cx.tags = Some(Arc::new([(REQUIRE.to_owned(), "gdpr".to_owned())].into()));
    assert!(plan(&|_| (), &free).shadow.is_some());
    assert!(plan(&region, &free).shadow.is_none());
    assert!(plan(&label, &free).shadow.is_none());
    assert!(plan(&|_| (), &held).shadow.is_none());
}

//! What a router reads from states, statistics, prices and budgets, and when it need not.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use llm_core::{ChatRequest, Cx, ErrorKind, Hints, Planner, Request, Target, TokenEstimate, TokenEstimator};
use llm_router::{
    Builder, ByComplexity, ByForm, Classifier, Complexity, Health, Route, Router, StrategyKind, TargetSpec,
};

use crate::support::{chat, cx, named};
use crate::world::{Known, World, world};

fn builder(route: Route) -> Builder {
    Router::builder().provider(named("p").arc()).route(route).seeds(|| 1)
}

/// With everything but budgets.
fn router(world: World, kind: StrategyKind) -> Router {
    let world = Arc::new(world);
    let route = Route::new("r", ["p/1", "p/2", "p/3"]).with_strategy(kind);
    builder(route).states(world.clone()).stats(world.clone()).prices(world).build().unwrap()
}

fn asked(router: &Router, cx: &Cx, request: &Request) -> String {
    let plan = router.plan(cx, request).unwrap();
    let decision = router.explain(cx, request).unwrap();
    let targets: Vec<Target> = plan.targets.iter().map(|place| place.target.clone()).collect();
    assert_eq!(targets, decision.order, "plans and explanations agree");
    assert_eq!(plan.reason.as_deref(), Some(&*decision.reason));
    targets.iter().map(|target| &*target.model).collect::<Vec<_>>().join(" ")
}

#[tokio::test(start_paused = true)]
async fn who_is_shut_comes_back_with_time() {
    let shut = |seconds| Known { shut_for: Some(seconds), ..Known::default() };
    let router = router(world([("1", shut(30)), ("2", shut(10))]), StrategyKind::Priority);
    assert_eq!(asked(&router, &cx(), &chat("r")), "3");
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(asked(&router, &cx(), &chat("r")), "2 3");
    tokio::time::advance(Duration::from_secs(20)).await;
    assert_eq!(asked(&router, &cx(), &chat("r")), "1 2 3");
    let plan = || router.plan(&cx(), &chat("r")).unwrap().targets;
    assert!(Arc::ptr_eq(&plan(), &plan()), "the shared plan is back, too");
}

#[tokio::test(start_paused = true)]
async fn the_last_resort_opens_soonest_first() {
    let shut = |seconds| Known { shut_for: Some(seconds), ..Known::default() };
    let router = router(world([("1", shut(30)), ("2", shut(10)), ("3", shut(20))]), StrategyKind::Priority);
    assert_eq!(asked(&router, &cx(), &chat("r")), "2 3 1");
}

#[tokio::test]
async fn each_strategy_reads_what_it_compares() {
    let known = |calls, millis, price| Known { calls, millis: Some(millis), price: Some(price), ..Known::default() };
    let targets = [("1", known(9, 100, 3)), ("2", known(0, 900, 2)), ("3", known(5, 400, 1))];
    for (kind, expected, looks) in [
        (StrategyKind::Cost, "3 2 1", 3),
        (StrategyKind::LeastBusy, "2 3 1", 3),
        (StrategyKind::Fastest, "2 1 3", 3),
        (StrategyKind::Priority, "1 2 3", 0),
        (StrategyKind::Quality, "1 2 3", 0),
    ] {
        let world = world(targets);
        let seen = world.looks.clone();
        let router = router(world, kind);
        router.plan(&cx(), &chat("r")).unwrap();
        assert_eq!(seen.load(Ordering::Relaxed), looks, "{kind:?} reads no more than it compares");
        assert_eq!(asked(&router, &cx(), &chat("r")), expected, "{kind:?}");
    }
}

#[tokio::test]
async fn who_failed_too_often_is_left_out_of_shared_plans_too() {
    let ill = Known { health: Health::Unavailable, ..Known::default() };
    let world = Arc::new(world([("1", ill)]));
    let route = || Route::new("r", ["p/1", "p/2", "p/3"]);
    let unguarded = builder(route()).stats(world.clone()).build().unwrap();
    assert_eq!(asked(&unguarded, &cx(), &chat("r")), "2 3");
    // Where there is a breaker, that is its business.
    let guarded = builder(route()).states(world.clone()).stats(world).build().unwrap();
    assert_eq!(asked(&guarded, &cx(), &chat("r")), "1 2 3");
}

#[tokio::test]
async fn the_three_properties_are_names_and_questions() {
    let known = |millis, price| Known { millis: Some(millis), price, ..Known::default() };
    let world = Arc::new(world([("1", known(300, Some(3))), ("2", known(100, Some(9))), ("3", known(200, None))]));
    let quality = |id: &str, quality| TargetSpec::new(id).with_quality(quality).with_priority(7);
    let router = builder(Route::new("r", [quality("p/1", 0.5), TargetSpec::new("p/2")]))
        .route(Route::new("s", [quality("p/3", 0.9), TargetSpec::new("p/1")]))
        .stats(world.clone())
        .prices(world)
        .build()
        .unwrap();
    for (name, listed, expected) in [
        ("cheapest", router.cheapest(), "1 2 3"),
        ("fastest", router.fastest(), "2 3 1"),
        ("best_quality", router.best_quality(), "3 1 2"),
    ] {
        assert_eq!(asked(&router, &cx(), &chat(name)), expected, "{name}");
        assert_eq!(listed.iter().map(|target| &*target.model).collect::<Vec<_>>().join(" "), expected, "{name}");
    }
    let bare = Router::builder().provider_with_model(named("p").arc(), "m").build().unwrap();
    assert_eq!(bare.cheapest(), [Target::new("p", "m")], "default models where there are no routes");
    assert_eq!(asked(&bare, &cx(), &chat("fastest")), "m");
    assert!(Router::builder().build().unwrap().best_quality().is_empty());
    let own = builder(Route::new("cheapest", ["p/9"])).build().unwrap();
    assert_eq!(asked(&own, &cx(), &chat("cheapest")), "9", "an operator's own name goes before");
}

#[tokio::test]
async fn budgets_press_and_run_out() {
    let left = |budget| Known { budget: Some(budget), ..Known::default() };
    let cx = || {
        let mut cx = cx();
        cx.tenant = Some("team".into());
        cx
    };
    let make = |targets: Vec<(&'static str, Known)>, budget, kind| {
        let world = Arc::new(World { budget, ..world(targets) });
        let route = Route::new("r", ["p/1", "p/2"]).with_strategy(kind);
        builder(route).prices(world.clone()).budget(world).build().unwrap()
    };
    let spent = make(vec![("1", left(0.0)), ("2", left(0.5))], None, StrategyKind::Priority);
    assert_eq!(asked(&spent, &cx(), &chat("r")), "2");
    let all = make(vec![("1", left(0.0)), ("2", left(0.0))], None, StrategyKind::Priority);
    let error = all.plan(&cx(), &chat("r")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BudgetExceeded);
    assert!(error.message().ends_with("(p/1: its daily budget is spent; p/2: its daily budget is spent)"), "{error}");
    let priced = |dollars| Known { price: Some(dollars), ..Known::default() };
    let table = || vec![("1", priced(9)), ("2", priced(1))];
    assert_eq!(asked(&make(table(), Some(0.3), StrategyKind::BudgetPressure), &cx(), &chat("r")), "1 2");
    assert_eq!(asked(&make(table(), Some(0.1), StrategyKind::BudgetPressure), &cx(), &chat("r")), "2 1");
    assert_eq!(asked(&make(table(), None, StrategyKind::BudgetPressure), &cx(), &chat("r")), "1 2");
}

#[tokio::test]
async fn a_spent_budget_that_wants_it_leaves_only_the_price() {
    let priced = |dollars| Known { price: Some(dollars), ..Known::default() };
    let world = Arc::new(world([("1", priced(9)), ("2", priced(3)), ("3", priced(1)), ("4", Known::default())]));
    let route = |name: &str, kind| {
        Route::new(name, ["p/4", "p/1", "p/2"]).with_strategy(kind).with_fallback([TargetSpec::new("p/3")])
    };
    let router = builder(route("r", StrategyKind::Priority)).route(route("m", StrategyKind::Manual));
    let router = router.prices(world.clone()).budget(world).build().unwrap();
    let mut cx = cx();
    cx.tenant = Some("team".into());
    assert_eq!(asked(&router, &cx, &chat("r")), "4 1 2 3");
    cx.tags = Some(Arc::new([("spent".to_owned(), "yes".to_owned())].into()));
    assert_eq!(asked(&router, &cx, &chat("r")), "3 2 1 4", "fallbacks too, unknown prices last");
    assert_eq!(asked(&router, &cx, &chat("m")), "4 3", "an operator's one choice stays");
    let decision = router.explain(&cx, &chat("r")).unwrap();
    assert_eq!(decision.reason, "a budget is spent: the cheapest first");
    assert_eq!(decision.replay().unwrap(), decision);
}

#[tokio::test]
async fn estimates_and_classes_are_those_of_the_builder() {
    struct Long;
    impl TokenEstimator for Long {
        fn estimate(&self, model: &str, _request: &Request) -> TokenEstimate {
            assert_eq!(model, "1", "the first target's model");
            TokenEstimate::new(900, Some(100))
        }
    }
    struct Hard;
    impl Classifier for Hard {
        fn classify(&self, _request: &Request) -> Complexity {
            Complexity::Complex
        }
    }
    let windows = |first, second| {
        let spec = |id: &str, tokens| TargetSpec::new(id).with_context_window(tokens);
        builder(Route::new("r", [spec("p/1", first), spec("p/2", second)])).estimator(Arc::new(Long)).build().unwrap()
    };
    assert_eq!(asked(&windows(1000, 1000), &cx(), &chat("r")), "1 2");
    assert_eq!(asked(&windows(999, 1000), &cx(), &chat("r")), "2");
    assert_eq!(asked(&windows(1000, 999), &cx(), &chat("r")), "1");
    let choices = ByComplexity::new("p/1", "p/2", "p/3");
    let route = Route::new("r", ["p/1", "p/2", "p/3"]).with_strategy(choices.clone());
    assert_eq!(asked(&builder(route.clone()).build().unwrap(), &cx(), &chat("r")), "1 2 3");
    assert_eq!(asked(&builder(route).classifier(Arc::new(Hard)).build().unwrap(), &cx(), &chat("r")), "3 1 2");
    let mut own = choices;
    own.rules = Some(serde_json::from_str::<ByForm>(r#"{"simple_below_words": 0}"#).unwrap());
    let route = Route::new("r", ["p/1", "p/2", "p/3"]).with_strategy(own);
    let router = builder(route).classifier(Arc::new(Hard)).build().unwrap();
    assert_eq!(asked(&router, &cx(), &chat("r")), "2 1 3", "a route's own rules go before");
}

#[tokio::test]
async fn targets_of_strategies_are_resolved_with_the_route() {
    let tasks =
        llm_router::Tasks::default().with("t", llm_router::TaskRoute::new("q", "default model").with_fallback("p/9"));
    let router = Router::builder()
        .provider(named("p").arc())
        .provider_with_model(named("q").arc(), "m")
        .route(Route::new("r", ["p/1"]).with_strategy(tasks.clone()))
        .route(Route::new("only", Vec::<String>::new()).with_strategy(tasks.clone()))
        .build()
        .unwrap();
    let mut hints = Hints::default();
    hints.task = Some("t".into());
    let cx = cx().with_hints(hints);
    assert_eq!(asked(&router, &cx, &chat("r")), "m 9 1", "targets of tasks are in the route");
    assert_eq!(asked(&router, &cx, &chat("only")), "m 9");
    let error = Router::builder().route(Route::new("r", ["x/1"]).with_strategy(tasks)).build().unwrap_err();
    assert!(error.message().contains("the target \"q\" names no configured provider"), "{error}");
}

#[tokio::test]
async fn shared_plans_are_for_requests_without_wishes() {
    let tools = |it: &mut llm_core::Capabilities| it.tools = llm_core::Support::No;
    let router = Router::builder()
        .provider(named("a").with(tools).arc())
        .provider(named("b").arc())
        .route(Route::new("r", [TargetSpec::new("a/1"), TargetSpec::new("b/2").with_region("eu")]))
        .build()
        .unwrap();
    assert_eq!(asked(&router, &cx(), &chat("r")), "1 2");
    let tool = llm_core::Tool::Function(llm_core::FunctionTool::default());
    let with_tool = Request::Chat(Arc::new(ChatRequest::new("r").with_user("x").with_tool(tool)));
    assert_eq!(asked(&router, &cx(), &with_tool), "2");
    let mut hints = Hints::default();
    hints.region = Some("eu".into());
    assert_eq!(asked(&router, &cx().with_hints(hints), &chat("r")), "2");
    let mut labelled = cx();
    labelled.tags = Some(Arc::new([("require".to_owned(), "x".to_owned())].into()));
    assert_eq!(router.plan(&labelled, &chat("r")).unwrap_err().kind(), ErrorKind::NoTarget);
    let mut other = cx();
    other.tags = Some(Arc::new([("team".to_owned(), "x".to_owned())].into()));
    assert_eq!(asked(&router, &other, &chat("r")), "1 2");
    let nothing =
        Router::builder().provider(named("a").with(tools).arc()).route(Route::new("r", ["a/1"])).build().unwrap();
    let error = nothing.plan(&cx(), &with_tool).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let message = "no target of the route \"r\" may take the request (a/1: it does not support tools)";
    assert_eq!(error.message(), message);
}

//! Who is asked for a request, in which order, and why others are not.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{
    Availability, Capabilities, ChatRequest, EmbedRequest, ErrorKind, FunctionTool, JsonSchema, OutputFormat, Planner,
    Request, Support, Timeouts, Tool,
};
use llm_router::{Decision, Route, Router, Strategy, StrategyKind, TargetSpec, WhyNot};

use crate::support::{Named, SHUT, chat, cx, named};

fn router(providers: impl IntoIterator<Item = Named>, route: Route) -> Router {
    let builder = providers.into_iter().fold(Router::builder(), |builder, provider| builder.provider(provider.arc()));
    builder.route(route).build().unwrap()
}

fn order(plan: &Decision) -> Vec<String> {
    plan.targets.iter().map(|place| place.target.to_string()).collect()
}

#[test]
fn priority_orders_by_tier_and_then_as_listed() {
    let specs = [("a/1", 1), ("b/1", 0), ("a/2", -1), ("b/2", 0)];
    let targets = specs.map(|(id, priority)| TargetSpec::new(id).with_priority(priority));
    let router = router([named("a"), named("b")], Route::new("r", targets));
    let plan = router.decide(&chat("r")).unwrap();
    assert_eq!(order(&plan), ["a/2", "b/1", "b/2", "a/1"]);
    assert_eq!((plan.strategy, plan.skipped.len()), ("priority", 0));
}

#[test]
fn manual_asks_the_first_and_nobody_else() {
    let route = Route::new("r", ["b/1", "a/1"]).with_strategy(StrategyKind::Manual);
    let router = router([named("a"), named("b")], route);
    assert_eq!(order(&router.decide(&chat("r")).unwrap()), ["b/1"]);
    let explanation = router.explain(&chat("r")).unwrap();
    let text =
        "\"r\", route \"r\", strategy manual\n  1. b/1\n  –  a/1: the strategy manual asks the first target only";
    assert_eq!(explanation.to_string(), text);
}

#[test]
fn a_strategy_of_ones_own_orders_a_route() {
    struct Backwards;
    impl Strategy for Backwards {
        fn name(&self) -> &'static str {
            "backwards"
        }
        fn order(&self, targets: &[TargetSpec]) -> Vec<usize> {
            (0..targets.len()).rev().collect()
        }
    }
    let route = Route::new("r", ["a/1", "a/2"]).with_own_strategy(Arc::new(Backwards));
    assert_eq!(order(&router([named("a")], route).decide(&chat("r")).unwrap()), ["a/2", "a/1"]);
}

#[test]
fn the_settings_of_a_target_reach_the_plan() {
    let timeout = Duration::from_secs(30);
    let spec = TargetSpec::new("a/1").with_timeout(timeout).with_timeouts(Timeouts::OFF);
    let plan = router([named("a")], Route::new("r", [spec])).decide(&chat("r")).unwrap();
    assert_eq!((plan.targets[0].timeout, plan.targets[0].timeouts), (Some(timeout), Some(Timeouts::OFF)));
}

#[test]
fn what_a_target_is_known_to_lack_keeps_it_out() {
    type Field = fn(&mut Capabilities) -> &mut Support;
    let with = |change: fn(&mut ChatRequest)| {
        let mut request = ChatRequest::new("r").with_user("hello");
        change(&mut request);
        request
    };
    let words = Arc::new(with(|_| {}));
    let tools = with(|request| request.tools.push(Arc::new(Tool::Function(FunctionTool::default()))));
    let schema = with(|request| request.output = OutputFormat::JsonSchema(JsonSchema::default()));
    let cases: [(Request, Field, &str); 5] = [
        (Request::Chat(words.clone()), |it| &mut it.chat, "chat"),
        (Request::ChatStream(words), |it| &mut it.streaming, "streaming"),
        (Request::Chat(Arc::new(tools)), |it| &mut it.tools, "tools"),
        (Request::ChatStream(Arc::new(schema)), |it| &mut it.json_schema, "json_schema"),
        (Request::Embed(Arc::new(EmbedRequest::new("r", ["x"]))), |it| &mut it.embeddings, "embeddings"),
    ];
    for (request, field, name) in cases {
        let a = named("a").with(|it| *field(it) = Support::No);
        let b = named("b");
        let both = router([a.clone(), b], Route::new("r", ["a/1", "b/1"]));
        let plan = both.decide(&request).unwrap();
        assert_eq!(order(&plan), ["b/1"], "{name}: what is unknown is tried");
        assert_eq!(plan.skipped[0].why, WhyNot::Lacks(name));
        let alone = router([a], Route::new("r", ["a/1"]));
        let error = alone.decide(&request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let message = format!("no target of the route \"r\" may take the request (a/1: it does not support {name})");
        assert_eq!(error.message(), message);
        let ready = router([named("a").with(|it| *field(it) = Support::Yes)], Route::new("r", ["a/1"]));
        assert_eq!(order(&ready.decide(&request).unwrap()), ["a/1"]);
    }
}

#[test]
fn needs_that_a_request_does_not_have_keep_nobody_out() {
    let without = named("a").with(|it| {
        (it.tools, it.json_schema, it.streaming, it.embeddings) = (Support::No, Support::No, Support::No, Support::No);
    });
    let plan = router([without], Route::new("r", ["a/1"])).decide(&chat("r")).unwrap();
    assert_eq!(order(&plan), ["a/1"]);
}

#[test]
fn a_shut_target_is_left_out_unless_all_are_shut() {
    let route = || Route::new("r", ["a/1", "b/1", "c/1"]);
    let one_open = router([named("a").shut(), named("b"), named("c").shut()], route());
    let plan = one_open.decide(&chat("r")).unwrap();
    assert_eq!(order(&plan), ["b/1"]);
    assert!(plan.skipped.iter().all(|skip| skip.why == WhyNot::Shut) && plan.skipped.len() == 2);
    assert_eq!(Planner::availability(&one_open), Availability::Ready);

    let no_chat = named("b").with(|it| it.chat = Support::No);
    let all_shut = router([named("a").shut(), no_chat, named("c").shut()], route());
    assert_eq!(order(&all_shut.decide(&chat("r")).unwrap()), ["a/1", "c/1"], "the last resort stays");
    let shut = router([named("a").shut()], Route::new("r", ["a/1"]));
    assert_eq!(Planner::availability(&shut), SHUT);
}

#[test]
fn most_plans_are_shared_and_not_made_again() {
    let router = router([named("a"), named("b")], Route::new("r", ["a/1", "b/1"]));
    let plan = || router.plan(&cx(), &chat("r")).unwrap();
    assert!(Arc::ptr_eq(&plan().targets, &plan().targets));
}

#[test]
fn a_plan_is_explained_in_words_and_in_json() {
    let b = named("b").with(|it| it.chat = Support::No);
    let router = router([named("a"), b], Route::new("r", ["b/1", "a/1"]).with_alias("public"));
    let explanation = router.explain(&chat("public")).unwrap();
    let text = "\"public\", route \"r\", strategy priority\n  1. a/1\n  –  b/1: it does not support chat";
    assert_eq!(explanation.to_string(), text);
    assert_eq!(
        serde_json::to_value(&explanation).unwrap(),
        serde_json::json!({
            "asked": "public", "route": "r", "strategy": "priority", "targets": ["a/1"],
            "skipped": [{ "target": "b/1", "why": "it does not support chat" }],
        })
    );
    assert_eq!(router.explain(&chat("a/7")).unwrap().to_string(), "\"a/7\", strategy direct\n  1. a/7");
    assert!(router.explain(&chat("nothing")).is_err());
}

#[test]
fn capabilities_are_those_of_the_first_target() {
    let large = named("a").with(|it| it.context_window = Some(8000));
    let router = router([large, named("b")], Route::new("r", ["a/1", "b/1"]));
    assert_eq!(Planner::capabilities(&router, "r").context_window, Some(8000));
    assert_eq!(Planner::capabilities(&router, "b/1").context_window, None);
    assert_eq!(Planner::capabilities(&router, "nothing"), Capabilities::default());
}

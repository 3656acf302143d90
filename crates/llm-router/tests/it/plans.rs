//! Plans of requests: what reaches a driver.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use llm_core::{Availability, Capabilities, ErrorKind, Plan, Planner, Support, Timeouts};
use llm_router::{Contest, Route, Router, Strategy, StrategyKind, TargetSpec};

use crate::support::{Named, SHUT, chat, cx, named};

fn router(providers: impl IntoIterator<Item = Named>, route: Route) -> Router {
    let builder = providers.into_iter().fold(Router::builder(), |builder, provider| builder.provider(provider.arc()));
    builder.route(route).build().unwrap()
}

fn plan(router: &Router, model: &str) -> Plan {
    router.plan(&cx(), &chat(model)).unwrap()
}

fn order(plan: &Plan) -> Vec<String> {
    plan.targets.iter().map(|place| place.target.to_string()).collect()
}

#[test]
fn priority_orders_by_tier_and_then_as_listed() {
    let specs = [("a/1", 1), ("b/1", 0), ("a/2", -1), ("b/2", 0)];
    let targets = specs.map(|(id, priority)| TargetSpec::new(id).with_priority(priority));
    let router = router([named("a"), named("b")], Route::new("r", targets));
    let plan = plan(&router, "r");
    assert_eq!(order(&plan), ["a/2", "b/1", "b/2", "a/1"]);
    assert_eq!((plan.route.as_deref(), plan.reason.as_deref()), (Some("r"), Some("by tier and as listed")));
}

#[test]
fn manual_asks_the_first_and_nobody_else() {
    let route = Route::new("r", ["b/1", "a/1"]).with_strategy(StrategyKind::Manual);
    let manual = router([named("a"), named("b")], route.clone());
    assert_eq!(order(&plan(&manual, "r")), ["b/1"]);
    let text = "\"r\", route \"r\", strategy manual: the first target and nobody else\n  \
                1.  b/1  $?\n   –  a/1  $?  the strategy manual leaves it out";
    assert_eq!(manual.explain(&cx(), &chat("r")).unwrap().to_string(), text);
    let mute = named("b").with(|it| it.chat = Support::No);
    let error = router([named("a"), mute], route).plan(&cx(), &chat("r")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoTarget, "nobody steps in");
}

#[test]
fn a_strategy_of_ones_own_orders_a_route() {
    struct Backwards;
    impl Strategy for Backwards {
        fn name(&self) -> &'static str {
            "backwards"
        }
        fn rank(&self, _contest: &Contest<'_>, order: &mut Vec<usize>) -> Cow<'static, str> {
            order.reverse();
            order.extend([7, 0, 1]);
            Cow::Borrowed("from behind")
        }
    }
    let route = Route::new("r", ["a/1", "a/2"]).with_own_strategy(Arc::new(Backwards));
    let router = router([named("a")], route);
    assert_eq!(order(&plan(&router, "r")), ["a/2", "a/1"], "who is not there or twice is not asked");
    assert_eq!(plan(&router, "r").reason.as_deref(), Some("from behind"));
}

#[test]
fn the_settings_of_a_target_reach_the_plan() {
    let timeout = Duration::from_secs(30);
    let spec = TargetSpec::new("a/1").with_timeout(timeout).with_timeouts(Timeouts::OFF).with_region("eu");
    let plan = plan(&router([named("a")], Route::new("r", [spec])), "r");
    let first = &plan.targets[0];
    assert_eq!((first.timeout, first.timeouts), (Some(timeout), Some(Timeouts::OFF)));
    assert_eq!(first.region.as_deref(), Some("eu"));
}

#[test]
fn a_shut_target_is_left_out_unless_all_are_shut() {
    let route = || Route::new("r", ["a/1", "b/1", "c/1"]);
    let one_open = router([named("a").shut(), named("b"), named("c").shut()], route());
    assert_eq!(order(&plan(&one_open, "r")), ["b/1"]);
    assert_eq!(Planner::availability(&one_open), Availability::Ready);

    let no_chat = named("b").with(|it| it.chat = Support::No);
    let all_shut = router([named("a").shut(), no_chat, named("c").shut()], route());
    assert_eq!(order(&plan(&all_shut, "r")), ["a/1", "c/1"], "the last resort stays");
    let shut = router([named("a").shut()], Route::new("r", ["a/1"]));
    assert_eq!(Planner::availability(&shut), SHUT);
}

#[test]
fn most_plans_are_shared_and_not_made_again() {
    let router = router([named("a"), named("b")], Route::new("r", ["a/1", "b/1"]));
    assert!(Arc::ptr_eq(&plan(&router, "r").targets, &plan(&router, "r").targets));
}

#[test]
fn the_fallback_of_a_route_comes_last_whatever_its_strategy() {
    let router = Router::builder()
        .provider(named("a").arc())
        .provider(named("b").arc())
        .provider(named("c").shut().arc())
        .route(Route::new("other", ["b/1", "a/1"]).with_alias("spare"))
        .route(Route::new("r", ["a/1"]).with_strategy(StrategyKind::Manual).with_fallback(["spare", "a/9"]))
        .route(Route::new("shut", ["c/1"]).with_fallback(["other"]))
        .build()
        .unwrap();
    assert_eq!(order(&plan(&router, "r")), ["a/1", "b/1", "a/9"], "a target is asked once");
    assert_eq!(order(&plan(&router, "shut")), ["b/1", "a/1"]);
    assert_eq!(plan(&router, "shut").reason.as_deref(), Some("only fallbacks are left"));
}

#[test]
fn a_target_named_outright_is_asked_whatever_is_known_of_it() {
    let router = router([named("a").with(|it| it.chat = Support::No).shut()], Route::new("r", ["a/1"]));
    assert_eq!(order(&plan(&router, "a/7")), ["a/7"]);
    assert_eq!(plan(&router, "a/7").route, None);
    let decision = router.explain(&cx(), &chat("a/7")).unwrap();
    let text = "\"a/7\", strategy direct: the request names its target\n  1.  a/7  $?";
    assert_eq!(decision.to_string(), text);
    assert!(router.explain(&cx(), &chat("nothing")).is_err());
}

#[test]
fn a_plan_carries_what_the_operator_says_of_a_window() {
    let targets = [TargetSpec::new("a/1").with_context_window(8000), TargetSpec::new("b/1")];
    let router = router([named("a"), named("b")], Route::new("r", targets));
    let windows: Vec<_> = plan(&router, "r").targets.iter().map(|place| place.context_window).collect();
    assert_eq!(windows, [Some(8000), None]);
}

#[test]
fn capabilities_are_those_of_the_first_target() {
    let large = named("a").with(|it| it.context_window = Some(8000));
    let router = router([large, named("b")], Route::new("r", ["a/1", "b/1"]));
    assert_eq!(Planner::capabilities(&router, "r").context_window, Some(8000));
    assert_eq!(Planner::capabilities(&router, "b/1").context_window, None);
    assert_eq!(Planner::capabilities(&router, "nothing"), Capabilities::default());
}

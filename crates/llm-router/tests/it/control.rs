//! Changes while the router is in use.

use std::sync::Arc;

use llm_core::{ErrorKind, Planner};
use llm_router::{Route, Router, Rule, When};

use crate::support::{chat, cx, named};

fn router() -> Router {
    Router::builder()
        .provider(named("a").arc())
        .provider(named("b").arc())
        .route(Route::new("r", ["a/1"]))
        .route(Route::new("s", ["b/1"]))
        .alias("public", "r")
        .default_model("r")
        .build()
        .unwrap()
}

fn asked(router: &Router, model: &str) -> String {
    match router.plan(&cx(), &chat(model)) {
        Ok(plan) => plan.targets.iter().map(|place| place.target.to_string()).collect::<Vec<_>>().join(" "),
        Err(error) => error.kind().to_string(),
    }
}

#[test]
fn the_active_model_is_set_while_in_use() {
    let router = router();
    assert_eq!((asked(&router, "").as_str(), router.default_model().as_deref()), ("a/1", Some("r")));
    router.set_default("s").unwrap();
    assert_eq!((asked(&router, "").as_str(), router.default_model().as_deref()), ("b/1", Some("s")));
    router.set_default("b/9").unwrap();
    assert_eq!(asked(&router, ""), "b/9");
    let error = router.set_default("nothing").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().starts_with("the default model \"nothing\": nothing answers"), "{error}");
    assert_eq!(asked(&router, ""), "b/9", "a change that fails changes nothing");
}

#[test]
fn the_fallback_chain_is_set_while_in_use() {
    let router = router();
    router.set_fallback("r", ["s", "b/2"]).unwrap();
    assert_eq!(asked(&router, "public"), "a/1 b/1 b/2");
    router.set_fallback("r", ["b/2"]).unwrap();
    assert_eq!(asked(&router, "public"), "a/1 b/2");
    let error = router.set_fallback("x", ["b/2"]).unwrap_err();
    assert_eq!(error.message(), "no route has the name \"x\": nothing is changed");
    let error = router.set_fallback("r", ["x/1"]).unwrap_err();
    assert!(
        error.message().contains("the fallback \"x/1\": the target \"x/1\" names no configured provider"),
        "{error}"
    );
    router.set_fallback("r", Vec::<String>::new()).unwrap();
    assert_eq!(asked(&router, "public"), "a/1");
}

#[test]
fn routes_are_replaced_and_plans_that_were_made_stay() {
    let router = router();
    let plan = router.plan(&cx(), &chat("r")).unwrap();
    router.replace([Route::new("r", ["b/1", "a/1"])]).unwrap();
    assert_eq!(plan.targets[0].target.to_string(), "a/1", "what is under way keeps its plan");
    assert_eq!(asked(&router, "public"), "b/1 a/1");
    assert_eq!(asked(&router, "s"), ErrorKind::NotFound.to_string());
    let error = router.replace([Route::new("t", ["a/1"])]).unwrap_err();
    assert!(error.message().contains("the alias \"public\" for \"r\""), "aliases must still mean something: {error}");
    assert_eq!(asked(&router, "public"), "b/1 a/1");
    router.set_route(Route::new("r", ["a/2"])).unwrap();
    router.set_route(Route::new("t", ["b/2"])).unwrap();
    assert_eq!((asked(&router, "r"), asked(&router, "t")), ("a/2".into(), "b/2".into()));
    let named = |name: &str| router.route(name).map(|route| (route.name, route.targets[0].id.clone()));
    assert_eq!(named("t"), Some(("t".to_owned(), "b/2".to_owned())));
    assert_eq!(named("public"), None, "aliases of the builder are not the route's own");
    router.set_route(Route::new("u", ["a/3"]).with_alias("v").with_alias("w")).unwrap();
    assert_eq!(named("v"), Some(("u".to_owned(), "a/3".to_owned())));
    router.set_rules([Rule::new(When::default(), "t")]).unwrap();
    assert_eq!(asked(&router, "r"), "b/2");
    let before = router.plan(&cx(), &chat("t")).unwrap();
    assert!(Arc::ptr_eq(&before.targets, &router.plan(&cx(), &chat("t")).unwrap().targets));
}

//! What a model name means, and what is said of one that means nothing.

use llm_core::{ErrorKind, Progress, Provider, Request, Response};
use llm_router::{Route, Router, Rule, StrategyKind, TargetSpec};

use crate::support::{chat, cx, named};

fn router() -> Router {
    Router::builder()
        .provider(named("openai").arc())
        .provider_with_model(named("ollama").arc(), "qwen3:8b")
        .route(Route::new("fast", ["openai/gpt-5.4-mini", "ollama"]).with_alias("gpt-4o"))
        .route(Route::new("team/smart", ["openai/gpt-5.5"]))
        .alias("cheap", "gpt-4o")
        .alias("sonnet", "openai/claude")
        .default_model("fast")
        .build()
        .unwrap()
}

fn targets(router: &Router, model: &str) -> String {
    let targets: Vec<String> = router.targets(model).iter().map(ToString::to_string).collect();
    targets.join(" ")
}

#[test]
fn each_kind_of_name_has_its_targets() {
    let router = router();
    for (name, expected) in [
        ("fast", "openai/gpt-5.4-mini ollama/qwen3:8b"),
        ("gpt-4o", "openai/gpt-5.4-mini ollama/qwen3:8b"),
        ("cheap", "openai/gpt-5.4-mini ollama/qwen3:8b"),
        ("team/smart", "openai/gpt-5.5"),
        ("sonnet", "openai/claude"),
        ("openai/any-model", "openai/any-model"),
        ("openai/meta/llama-4", "openai/meta/llama-4"),
        ("ollama", "ollama/qwen3:8b"),
        ("ollama/llama3.3", "ollama/llama3.3"),
        ("openai", ""),
        ("openai/", ""),
        ("azure/gpt", ""),
        ("gpt-5.4-mini", ""),
    ] {
        assert_eq!(targets(&router, name), expected, "{name}");
    }
    let plan = router.explain(&cx(), &chat("")).unwrap();
    assert_eq!(plan.route.as_deref(), Some("fast"), "no name is the default's name");
    let served: Vec<_> = router.routes().into_iter().map(|(name, targets)| (name, targets.len())).collect();
    assert_eq!(served, [("fast".to_owned(), 2), ("team/smart".to_owned(), 1)]);
}

#[test]
fn an_unknown_name_is_told_what_there_is() {
    let router = router();
    let choices = "name a route (fast, team/smart) or provider/model with a configured provider (ollama, openai)";
    for (name, hint) in [
        ("gpt5", ""),
        ("fsat", " (did you mean \"fast\"?)"),
        ("gpt-4", " (did you mean \"gpt-4o\"?)"),
        ("opnai/gpt", " (did you mean the provider \"openai\"?)"),
        ("openai", ""),
    ] {
        let error = router.explain(&cx(), &chat(name)).unwrap_err();
        assert_eq!(error.message(), format!("nothing answers for the model {name:?}{hint}: {choices}"));
        assert_eq!((error.kind(), error.progress()), (ErrorKind::NotFound, Progress::NotSent));
        assert_eq!((error.code(), error.param()), (Some("model_not_found"), Some("model")));
    }
    let empty = Router::builder().build().unwrap();
    let error = empty.explain(&cx(), &chat("x")).unwrap_err();
    assert_eq!(error.message(), "nothing answers for the model \"x\": no provider is configured");
    let error = empty.explain(&cx(), &chat("")).unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some("model")));
}

#[test]
fn every_problem_of_a_configuration_is_told_at_once() {
    let error = Router::builder()
        .provider(named("openai").arc())
        .provider(named("openai").arc())
        .route(Route::new("empty", Vec::<String>::new()))
        .route(Route::new("typo", ["opanai/gpt", "openai", "openai/gpt"]))
        .route(Route::new("typo", ["openai/gpt"]))
        .alias("typo", "openai/gpt")
        .alias("a", "b")
        .alias("b", "a")
        .alias("c", "openai/x")
        .alias("c", "openai/y")
        .default_model("nowhere")
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for words in [
        "two providers have the id \"openai\"",
        "the route \"empty\" has no targets",
        "the route \"typo\": the target \"opanai/gpt\" names no configured provider; did you mean \"openai\"?",
        "the route \"typo\": the target \"openai\" names no model: write openai/MODEL",
        "two routes have the name \"typo\"",
        "the alias \"typo\" is the name of a route, too",
        "the alias \"a\" leads in a circle",
        "the alias \"c\" means both \"openai/x\" and \"openai/y\"",
        "the default model \"nowhere\": nothing answers for the model \"nowhere\"",
    ] {
        assert!(error.message().contains(words), "{:?} lacks {words:?}", error.message());
    }
}

#[tokio::test]
async fn as_a_provider_it_asks_the_first_target_once() {
    let router = router();
    let Ok(Response::Chat(response)) = router.call(&cx(), chat("cheap")).await else { panic!("no answer") };
    assert_eq!(response.text(), "openai/gpt-5.4-mini");
    let error = router.call(&cx(), chat("nothing")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(router.call(&cx(), Request::Models).await.is_ok(), "the default's provider lists its models");
}

#[test]
fn routes_are_read_from_configurations() {
    let read = |text: &str| serde_json::from_str::<Vec<TargetSpec>>(text);
    let specs = read(r#"["a/x", {"id": "b/y", "priority": -1, "timeout": "30s"}]"#).unwrap();
    let second = TargetSpec::new("b/y").with_priority(-1).with_timeout(std::time::Duration::from_secs(30));
    assert_eq!(specs, [TargetSpec::new("a/x"), second]);
    let message = read(r#"[{"id": "a/x", "wieght": 3}]"#).unwrap_err().to_string();
    assert!(message.contains("unknown field `wieght`, expected one of `id`, `priority`, `weight`"), "{message}");
    assert!(read("[3]").unwrap_err().to_string().contains("expected a target such as"));
    assert_eq!(serde_json::from_str::<StrategyKind>("\"manual\"").unwrap(), StrategyKind::Manual);
}

#[tokio::test]
async fn what_a_name_stands_for_changes_with_its_settings_only() {
    let route = |targets: [&str; 2]| Route::new("r", targets).with_alias("a");
    let build = |route: Route, rules: &[&str]| {
        let builder = Router::builder().provider_with_model(named("p").arc(), "m").route(route);
        rules.iter().fold(builder, |builder, task| builder.rule(rule(task))).build().unwrap()
    };
    let router = build(route(["p/1", "p/2"]), &[]);
    let meaning = |router: &Router, name: &str| router.meaning(name).map(|meaning| meaning.to_string());
    assert_eq!(meaning(&router, "a"), meaning(&router, "r"));
    assert_eq!(meaning(&router, "r"), meaning(&build(route(["p/1", "p/2"]), &[]), "r"));
    assert_ne!(meaning(&router, "r"), meaning(&build(route(["p/2", "p/1"]), &[]), "r"));
    assert_eq!((meaning(&router, "p"), meaning(&router, "p/m")), (Some("p/m".into()), Some("p/m".into())));
    let ruled = build(route(["p/1", "p/2"]), &["x"]);
    assert_ne!(meaning(&router, "p/m"), meaning(&ruled, "p/m"));
    assert_ne!(meaning(&router, "r"), meaning(&ruled, "r"));
    assert_ne!(meaning(&ruled, "r"), meaning(&build(route(["p/1", "p/2"]), &["y"]), "r"));
    assert_eq!((meaning(&router, "cheapest"), meaning(&router, "nobody/m")), (None, None));
}

fn rule(task: &str) -> Rule {
    serde_json::from_value(serde_json::json!({ "when": { "task": task }, "model": "r" })).unwrap()
}

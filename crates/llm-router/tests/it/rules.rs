//! Rules: which model answers by what the request is.

use std::collections::BTreeMap;
use std::sync::Arc;

use llm_core::{ChatRequest, Cx, FunctionTool, Hints, Media, Message, Part, Request, Tool};
use llm_router::{Between, Route, Router, Rule, When};

use crate::support::{cx, named};

fn router(rules: &str) -> Router {
    let rules: Vec<Rule> = serde_json::from_str(rules).unwrap();
    let builder = Router::builder()
        .provider(named("a").arc())
        .route(Route::new("base", ["a/base"]).with_alias("public"))
        .route(Route::new("smart", ["a/smart"]))
        .route(Route::new("fast", ["a/fast"]))
        .default_model("base");
    rules.into_iter().fold(builder, llm_router::Builder::rule).build().unwrap()
}

fn cx_of(task: Option<&str>, tag: Option<(&str, &str)>) -> Cx {
    let mut hints = Hints::default();
    hints.task = task.map(Into::into);
    let mut cx = cx().with_hints(hints);
    cx.tags = tag.map(|(name, value)| Arc::new(BTreeMap::from([(name.to_owned(), value.to_owned())])));
    cx
}

/// The model of the first target, and the rule that led there.
fn answer(router: &Router, cx: &Cx, chat: ChatRequest) -> (String, Option<String>) {
    let request = Request::Chat(Arc::new(chat));
    let decision = router.explain(cx, &request).unwrap();
    let planned = llm_core::Planner::plan(router, cx, &request).unwrap();
    assert_eq!(planned.targets[0].target, decision.order[0], "plans and explanations agree");
    (decision.order[0].model.to_string(), decision.rule.map(|rule| rule.to_string()))
}

fn chat(model: &str) -> ChatRequest {
    ChatRequest::new(model).with_user("hello")
}

#[test]
fn the_first_rule_that_is_for_a_request_wins() {
    let router = router(
        r#"[{"when": {"task": "code_generation"}, "model": "smart"},
            {"when": {"prompt_tokens": {"below": 200}, "has_tools": false}, "model": "fast"}]"#,
    );
    let (model, rule) = answer(&router, &cx_of(Some("code_generation"), None), chat("base"));
    assert_eq!((model.as_str(), rule.as_deref()), ("smart", Some("rule 1 (task code_generation: smart)")));
    let (model, rule) = answer(&router, &cx(), chat("public"));
    let words = "rule 2 (prompt_tokens below 200, has_tools false: fast)";
    assert_eq!((model.as_str(), rule.as_deref()), ("fast", Some(words)));
    let with_tool = chat("base").with_tool(Tool::Function(FunctionTool::default()));
    assert_eq!(answer(&router, &cx(), with_tool), ("base".into(), None));
    let long = ChatRequest::new("").with_user("x".repeat(3000));
    assert_eq!(answer(&router, &cx(), long), ("base".into(), None));
}

#[test]
fn names_that_operators_make_are_theirs_and_outright_ones_are_the_callers() {
    let all = router(r#"[{"model": "fast"}]"#);
    for (asked, expected) in
        [("base", "fast"), ("public", "fast"), ("", "fast"), ("unheard-of", "fast"), ("cheapest", "fast"), ("a/7", "7")]
    {
        assert_eq!(answer(&all, &cx(), chat(asked)).0, expected, "{asked}");
    }
    let outright = router(r#"[{"when": {"model": "a/7"}, "model": "smart"}]"#);
    assert_eq!(answer(&outright, &cx(), chat("a/7")).0, "smart", "unless a rule names them");
    assert_eq!(answer(&outright, &cx(), chat("a/8")).0, "8");
    assert_eq!(answer(&outright, &cx(), chat("base")).0, "base");
}

#[test]
fn every_condition_is_asked() {
    let image = |it: Media| ChatRequest::new("base").with_message(Message::user("look").with_part(Part::media(it)));
    let png = || image(Media::inline("image/png", vec![1_u8]));
    let wav = || image(Media::inline("audio/wav", vec![1_u8]));
    let both = || png().with_message(wav().messages[0].as_ref().clone());
    let eu = || cx_of(None, Some(("residency", "eu")));
    for (when, cx, chat, holds) in vec![
        (r#"{"has_images": true}"#, cx(), png(), true),
        (r#"{"has_images": true}"#, cx(), wav(), false),
        (r#"{"has_images": true}"#, cx(), chat("base"), false),
        (r#"{"has_images": true}"#, cx(), both(), true),
        (r#"{"has_images": false}"#, cx(), wav(), true),
        (r#"{"has_tools": true}"#, cx(), chat("base"), false),
        (r#"{"tag": "residency"}"#, eu(), chat("base"), true),
        (r#"{"tag": "residency", "is": "eu"}"#, eu(), chat("base"), true),
        (r#"{"tag": "residency", "is": "us"}"#, eu(), chat("base"), false),
        (r#"{"tag": "team"}"#, eu(), chat("base"), false),
        (r#"{"tag": "residency"}"#, cx(), chat("base"), false),
        (r#"{"task": "x"}"#, cx(), chat("base"), false),
        (r#"{"task": "x"}"#, cx_of(Some("x"), None), chat("base"), true),
        (r#"{"task": "x", "tag": "residency"}"#, cx_of(Some("x"), None), chat("base"), false),
        (r#"{"model": "base"}"#, cx(), chat("base"), true),
        (r#"{"model": "base"}"#, cx(), chat("public"), false),
        (r#"{"prompt_tokens": {"above": 1000}}"#, cx(), chat("base"), false),
        (r#"{"prompt_tokens": {"above": 1, "below": 1000}}"#, cx(), chat("base"), true),
    ] {
        let router = router(&format!(r#"[{{"when": {when}, "model": "smart"}}]"#));
        assert_eq!(answer(&router, &cx, chat).0, if holds { "smart" } else { "base" }, "{when}");
    }
    let between = Between { below: Some(5), above: Some(2) };
    assert_eq!([2, 3, 4, 5].map(|number| between.holds(number)), [false, true, true, false]);
    assert!(Between::default().holds(0));
}

#[test]
fn rules_that_cannot_work_are_problems() {
    let mut rules = vec![Rule::new(When::task("x"), "nowhere")];
    for json in [r#"{"when": {"is": "eu"}, "model": "a/1"}"#, r#"{"when": {"prompt_tokens": {}}, "model": "a/1"}"#] {
        rules.push(serde_json::from_str(json).unwrap());
    }
    let builder = rules.into_iter().fold(Router::builder().provider(named("a").arc()), llm_router::Builder::rule);
    let error = builder.build().unwrap_err();
    for words in [
        "rule 1: nothing answers for the model \"nowhere\"",
        "rule 2: `is` stands without `tag`",
        "rule 3: `prompt_tokens` has no bound",
    ] {
        assert!(error.message().contains(words), "{} lacks {words:?}", error.message());
    }
    assert!(serde_json::from_str::<Rule>(r#"{"when": {"taks": "x"}, "model": "y"}"#).is_err());
}

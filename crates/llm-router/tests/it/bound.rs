//! Requests with state that only some providers can read go where it can be read.

use std::sync::Arc;

use llm_core::{
    ChatRequest, ErrorKind, Media, MediaData, Message, OnUnsupported, Origin, Part, PartKind, Planner, Request,
    Visibility,
};
use llm_router::{Bound, Held, Route, Router, StrategyKind};
use serde_json::{Value, json};

use crate::support::{cx, named};

fn router(kind: StrategyKind) -> Router {
    Router::builder()
        .provider(named("a").arc())
        .provider(named("b").arc())
        .provider(named("c").arc())
        .route(Route::new("r", ["a/1", "b/1", "b/2", "c/1"]).with_strategy(kind))
        .build()
        .unwrap()
}

/// An answer of a target with a part that only it can read.
fn said(provider: &'static str, model: &str, part: Part) -> Message {
    let mut message = Message::assistant("earlier words").with_part(part);
    message.origin = Some(Arc::new(Origin::new("wire", provider, model)));
    message
}

fn signed() -> Part {
    Part::reasoning("thoughts").with_signature("sig")
}

fn encrypted() -> Part {
    let encrypted = Some("bytes".to_owned());
    Part::new(PartKind::Reasoning { text: String::new(), visibility: Visibility::Redacted, encrypted })
}

fn after(messages: impl IntoIterator<Item = Message>) -> ChatRequest {
    messages.into_iter().fold(ChatRequest::new("r"), ChatRequest::with_message).with_user("go on")
}

fn with_ext(reader: &str, name: &str, value: impl Into<Value>) -> ChatRequest {
    let mut chat = after([]);
    chat.ext.set(reader, name, value);
    chat
}

fn with_file(holders: &[&str]) -> ChatRequest {
    let refs = holders.iter().map(|&id| (id.to_owned(), "file-1".to_owned())).collect();
    let mut media = Media::url("application/pdf", "");
    media.data = MediaData::File { refs };
    after([]).with_message(Message::user("read").with_part(Part::media(media)))
}

fn plan(router: &Router, chat: &ChatRequest) -> Result<(String, String), (ErrorKind, String)> {
    match router.plan(&cx(), &Request::ChatStream(Arc::new(chat.clone()))) {
        Ok(plan) => {
            let order: Vec<String> = plan.targets.iter().map(|place| place.target.to_string()).collect();
            Ok((order.join(" "), plan.reason.unwrap().to_string()))
        }
        Err(error) => Err((error.kind(), error.message().to_owned())),
    }
}

fn order(router: &Router, chat: &ChatRequest) -> String {
    plan(router, chat).unwrap().0
}

#[test]
fn pin_respected() {
    let router = router(StrategyKind::Priority);
    for part in [signed(), encrypted()] {
        let chat = after([said("b", "2", part)]);
        let (order, reason) = plan(&router, &chat).unwrap();
        assert_eq!(order, "b/2 a/1 b/1 c/1", "who made it goes first, others answer without it");
        assert_eq!(reason, "b/2 made state in the request, then by tier and as listed");
    }
    let chat = after([said("b", "2", signed()), said("c", "1", signed()), said("a", "1", Part::text("unsigned"))]);
    assert_eq!(order(&router, &chat), "c/1 a/1 b/1 b/2", "the newest signed state counts");
    let elsewhere = after([said("x", "9", signed())]);
    assert_eq!(order(&router, &elsewhere), "a/1 b/1 b/2 c/1", "its maker is not in the route");
    let own = after([Message::assistant("words").with_part(signed())]);
    assert_eq!(order(&router, &own), "a/1 b/1 b/2 c/1", "of unknown origin");
}

#[test]
fn signed_state_that_may_not_be_left_out_keeps_others_out() {
    let router = router(StrategyKind::Cost);
    let mut chat = after([said("b", "2", signed())]);
    chat.on_unsupported = OnUnsupported::Error;
    assert_eq!(order(&router, &chat), "b/2");
    chat.on_unsupported = OnUnsupported::Ignore;
    assert!(order(&router, &chat).starts_with("b/2 "));
    let mut elsewhere = after([said("x", "9", signed())]);
    elsewhere.on_unsupported = OnUnsupported::Error;
    let (kind, message) = plan(&router, &elsewhere).unwrap_err();
    assert_eq!(kind, ErrorKind::NoTarget);
    assert!(message.contains("a/1: the request carries state that only another target can read"), "{message}");
    let mut unsigned = after([]);
    unsigned.on_unsupported = OnUnsupported::Error;
    assert_eq!(order(&router, &unsigned), "a/1 b/1 b/2 c/1");
}

#[test]
fn state_that_lies_at_a_provider_keeps_others_out() {
    let router = router(StrategyKind::Priority);
    for (name, what) in [
        ("previous_response_id", "an earlier response"),
        ("conversation", "an earlier response"),
        ("cachedContent", "a cached prompt"),
        ("cached_content", "a cached prompt"),
    ] {
        assert_eq!(order(&router, &with_ext("b", name, "id")), "b/1 b/2", "{name}");
        assert_eq!(order(&router, &with_ext("named", name, "id")), "a/1 b/1 b/2 c/1", "a wire family");
        assert_eq!(order(&router, &with_ext("b", name, Value::Null)), "a/1 b/1 b/2 c/1");
        let (kind, message) = plan(&router, &with_ext("x", name, "id")).unwrap_err();
        assert_eq!(kind, ErrorKind::NoTarget);
        assert!(message.contains(&format!("a/1: the request needs {what} of another provider")), "{message}");
    }
    assert_eq!(order(&router, &with_ext("b", "prompt_cache_key", "k")), "a/1 b/1 b/2 c/1", "a hint binds nobody");
}

#[test]
fn files_are_read_by_who_has_them() {
    let router = router(StrategyKind::Priority);
    assert_eq!(order(&router, &with_file(&["c"])), "c/1");
    assert_eq!(order(&router, &with_file(&["a", "c"])), "a/1 c/1");
    let mut both = with_file(&["a", "c"]);
    both.ext.set("c", "cachedContent", json!("cachedContents/1"));
    assert_eq!(order(&router, &both), "c/1", "all of it must be readable");
    let mut nested = Part::tool_result("call", "see the file");
    if let PartKind::ToolResult(result) = &mut nested.kind {
        result.content.extend(with_file(&["b"]).messages[1].content.iter().skip(1).cloned());
    }
    let chat = after([Message::user("x").with_part(nested)]);
    assert_eq!(order(&router, &chat), "b/1 b/2", "in the result of a tool, too");
    let bound = Bound::of(&Request::Chat(Arc::new(chat)));
    assert_eq!((bound.is_free(), bound.held[0].what, bound.missing_at("b", "")), (false, Held::File, None));
    assert_eq!(bound.missing_at("a", "wire"), Some(Held::File));
}

#[test]
fn a_plain_request_is_bound_to_nobody() {
    let bound = Bound::of(&Request::Chat(Arc::new(after([Message::assistant("hello")]))));
    assert!(bound.is_free() && !bound.strict && bound == Bound::default());
    assert!(Bound::of(&Request::Models).is_free());
    let bound = Bound::of(&Request::Chat(Arc::new(after([said("b", "2", signed())]))));
    assert!(!bound.is_free() && !bound.strict);
}

//! Settings for each route, and what a large request is spared.

use std::sync::Arc;

use llm_core::{ChatRequest, ErrorKind, PlanTarget, Provider, Request, Response};
use llm_resilience::{HedgeAfter, HedgePolicy, Resilient, RetryPolicy, Settings, Share, TimeoutPolicy};
use serde_json::{from_value, json};
use tokio::time::Instant;

use super::Planned;
use crate::support::{Act, Scripted, chat, cx, driver, fail, ms};

fn routed(route: Option<&'static str>, only: &Arc<Scripted>) -> Arc<dyn Provider> {
    let targets = vec![PlanTarget::new(only.clone(), "m")];
    let patient = Settings::default().with_timeouts(TimeoutPolicy::default().with_total(ms(20_000)));
    Resilient::builder()
        .planner(Arc::new(Planned { route, targets, shadow: None }))
        .settings(Settings::default().with_retry(RetryPolicy::none()))
        .route_settings("smart", patient.with_canned_answer("later"))
        .build()
}

#[tokio::test(start_paused = true)]
async fn a_route_has_its_own_settings() {
    for (route, calls, canned) in [(None, 1, false), (Some("other"), 1, false), (Some("smart"), 4, true)] {
        let only = Scripted::new("a", [fail(ErrorKind::Server)]);
        let answer = chat(&routed(route, &only), &cx()).await;
        assert_eq!((only.count(), answer.is_ok()), (calls, canned), "{route:?}");
    }
    let only = Scripted::new("a", [Act::Hang]);
    let started = Instant::now();
    chat(&routed(Some("smart"), &only), &cx()).await.unwrap();
    assert_eq!(started.elapsed(), ms(20_000));
}

#[tokio::test(start_paused = true)]
async fn a_large_request_is_not_sent_to_the_same_target_twice() {
    for (bytes, calls) in [(1000, 3), (1001, 1)] {
        let (a, b) = (Scripted::new("a", [fail(ErrorKind::Server)]), Scripted::new("b", [Act::Answer(0)]));
        let retry = RetryPolicy::default().with_max_replay(1000);
        let driver = driver(&[&a, &b]).retry(retry).build();
        let request = ChatRequest::new("public").with_user("x".repeat(bytes));
        let answer = driver.call(&cx(), Request::Chat(Arc::new(request))).await.unwrap();
        assert!(matches!(answer, Response::Chat(_)));
        assert_eq!((a.count(), b.count()), (calls, 1), "{bytes} bytes");
    }
    assert_eq!(RetryPolicy::default().max_replay, 8 << 20);
}

#[test]
fn settings_are_configuration() {
    let settings: Settings = from_value(json!({
        "retry": "classic",
        "fallback": { "max_targets": 2 },
        "timeouts": { "total": "30s" },
        "hedge": { "after": "800ms", "max_extra": 2, "budget": 0.1 },
        "canned": "later",
    }))
    .unwrap();
    assert_eq!(settings.retry, RetryPolicy::classic());
    let hedge = settings.hedge.clone().unwrap();
    assert_eq!(hedge.after, HedgeAfter::Fixed(ms(800)));
    assert_eq!((hedge.max_extra, hedge.budget), (2, Share::percent(10)));
    let again: Settings = from_value(serde_json::to_value(&settings).unwrap()).unwrap();
    assert_eq!((again.hedge, again.timeouts), (settings.hedge, settings.timeouts));
    assert_eq!(from_value::<HedgePolicy>(json!({})).unwrap(), HedgePolicy::default());
    assert_eq!(from_value::<HedgeAfter>(json!("p99")).unwrap(), HedgeAfter::Percentile(99));
    for wrong in ["p49", "p100", "soon", "p"] {
        let message = from_value::<HedgeAfter>(json!(wrong)).unwrap_err().to_string();
        assert!(message.contains("a percentile from \"p50\" to \"p99\" or a duration"), "{message}");
    }
    let message = from_value::<Settings>(json!({ "retries": 3 })).unwrap_err().to_string();
    assert!(message.contains("unknown field `retries`"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_a_caller_brought_goes_to_one_vendor_only() {
    let vendors = || ["a", "b"].map(|id| Scripted::new(id, [fail(ErrorKind::QuotaExhausted)]));
    let own = |brought: bool| {
        let mut cx = cx();
        cx.credential = brought.then(|| "sk-of-the-caller".into());
        cx
    };
    for (brought, second) in [(false, 1), (true, 0)] {
        let [a, b] = vendors();
        let driver = driver(&[&a, &b]).retry(RetryPolicy::none()).build();
        let error = chat(&driver, &own(brought)).await.unwrap_err();
        assert_eq!((error.kind(), a.count(), b.count()), (ErrorKind::QuotaExhausted, 1, second));
    }
}

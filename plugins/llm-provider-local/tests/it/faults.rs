//! `local/script`: where an answer breaks, and the timers that end it.

use std::time::Duration;

use llm_core::{CancellationToken, Cx, Error, ErrorKind, Event, Progress, TimeoutStage};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{ask, cx, provider, script, stream};

/// How a script breaks: whether the answer had begun, its words, the error.
async fn broken(cx: &Cx, steps: &Value) -> (bool, String, Error) {
    let (events, error) = stream(&*provider(&json!({})), cx, script(steps)).await;
    let began = events.iter().any(|event| matches!(event, Event::Start(_)));
    assert!(!events.iter().any(|event| matches!(event, Event::Finish(_))));
    let text = events.iter().map(|event| if let Event::TextDelta { text, .. } = event { text.as_str() } else { "" });
    (began, text.collect(), error.unwrap())
}

#[tokio::test]
async fn an_error_comes_before_the_stream_or_inside_it() {
    let error = json!({ "error": { "status": 503, "retry_after": "2s", "message": "full" } });
    let (began, _, failed) = broken(&cx(), &json!([error])).await;
    assert!(!began);
    assert_eq!((failed.kind(), failed.status(), failed.message()), (ErrorKind::Overloaded, Some(503), "full"));
    assert_eq!((failed.retry_after(), failed.progress()), (Some(Duration::from_secs(2)), Progress::Sent));
    assert_eq!((failed.provider(), failed.model()), (Some("fake"), Some("script")));

    let (began, text, failed) = broken(&cx(), &json!([{ "text": "half" }, error])).await;
    assert_eq!((began, text.as_str(), failed.progress()), (true, "half", Progress::Committed));

    for steps in [json!([{ "error": { "status": 503, "in_band": true } }]), json!(["start", error])] {
        let (began, _, failed) = broken(&cx(), &steps).await;
        assert_eq!((began, failed.kind(), failed.progress()), (true, ErrorKind::Overloaded, Progress::Sent));
    }
}

#[tokio::test]
async fn a_cut_and_a_broken_frame_are_errors() {
    let (_, text, error) = broken(&cx(), &json!([{ "text": "half" }, "cut", { "text": "never" }])).await;
    assert_eq!((text.as_str(), error.kind(), error.progress()), ("half", ErrorKind::Truncated, Progress::Committed));
    let (_, _, error) = broken(&cx(), &json!(["malformed"])).await;
    assert_eq!((error.kind(), error.progress()), (ErrorKind::Malformed, Progress::Sent));
}

#[tokio::test]
async fn a_whole_answer_that_breaks_may_be_tried_again() {
    let request = script(&json!([{ "text": "half" }, "cut"]));
    let error = ask(&*provider(&json!({})), &cx(), request).await.unwrap_err();
    assert_eq!((error.kind(), error.progress()), (ErrorKind::Truncated, Progress::Sent));
    assert!(error.is_retryable());
    assert_eq!(error.partial().unwrap().text(), "half");
}

#[tokio::test(start_paused = true)]
async fn a_stall_ends_by_the_timer_that_fits() {
    let mut cx = cx();
    cx.timeouts.first_byte = Some(Duration::from_secs(7));
    cx.timeouts.idle = Some(Duration::from_secs(3));
    let check = async |cx: &Cx, steps: Value, stage: TimeoutStage, seconds: u64| {
        let before = Instant::now();
        let (_, _, error) = broken(cx, &steps).await;
        assert_eq!(error.kind(), ErrorKind::Timeout(stage), "{steps}");
        assert_eq!(before.elapsed().as_secs(), seconds, "{steps}");
    };
    check(&cx, json!(["stall"]), TimeoutStage::FirstByte, 7).await;
    check(&cx, json!([{ "delay_ms": 5000 }, "stall"]), TimeoutStage::FirstByte, 7).await;
    check(&cx, json!(["start", "stall"]), TimeoutStage::Idle, 3).await;
    check(&cx, json!([{ "text": "a" }, { "delay_ms": 2000 }, { "text": "b" }, "stall"]), TimeoutStage::Idle, 5).await;
    // Two pauses without a word between them are one silence.
    check(&cx, json!(["start", { "delay_ms": 2000 }, { "delay_ms": 2000 }, { "text": "late" }]), TimeoutStage::Idle, 3)
        .await;
    let limited = cx.clone().with_deadline((Instant::now() + Duration::from_secs(2)).into_std());
    check(&limited, json!(["start", "stall"]), TimeoutStage::Total, 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_gives_up_is_heard() {
    let cancel = CancellationToken::new();
    let calling = cx().with_cancel(cancel.clone());
    let task = tokio::spawn(async move { broken(&calling, &json!([{ "text": "a" }, { "delay_ms": 60_000 }])).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    cancel.cancel();
    let (_, text, error) = task.await.unwrap();
    assert_eq!((text.as_str(), error.kind()), ("a", ErrorKind::Cancelled));
    let (began, _, error) = broken(&cx().with_cancel(cancel), &json!([{ "text": "never" }])).await;
    assert_eq!((began, error.kind()), (false, ErrorKind::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn pauses_take_their_time() {
    let before = Instant::now();
    let request = script(&json!([{ "delay_ms": 40 }, { "text": "a" }, { "delay_ms": 60 }, { "text": "b" }]));
    assert_eq!(ask(&*provider(&json!({})), &cx(), request).await.unwrap().text(), "ab");
    assert_eq!(before.elapsed().as_millis(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_leaves_nothing_behind() {
    let provider = provider(&json!({}));
    let calling = cx();
    let call = stream(&*provider, &calling, script(&json!([{ "text": "a" }, "stall"])));
    assert!(tokio::time::timeout(Duration::from_secs(1), call).await.is_err());
}

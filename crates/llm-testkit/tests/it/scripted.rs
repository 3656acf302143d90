//! The scripted transport: answers, faults, timers and the record of what happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use llm_core::{
    CancellationToken, Cx, Error, ErrorKind, HttpRequest, HttpResponse, Progress, TimeoutStage, Timeouts,
    Transport as _,
};
use llm_testkit::{Exchange, ScriptedTransport};
use serde_json::json;

const LIMIT: usize = 1 << 20;

fn request() -> HttpRequest {
    HttpRequest::post_json("http://upstream.test/v1/chat?stream=true", r#"{"model":"m"}"#)
}

async fn send(transport: &ScriptedTransport, cx: &Cx) -> Result<HttpResponse, Error> {
    transport.send(cx, request()).await
}

async fn pieces(transport: &ScriptedTransport) -> Vec<Result<String, ErrorKind>> {
    let response = send(transport, &transport.cx()).await.unwrap();
    let text = |piece: Result<bytes::Bytes, Error>| match piece {
        Ok(bytes) => Ok(String::from_utf8(bytes.to_vec()).unwrap()),
        Err(error) => Err(error.kind()),
    };
    response.body.map(text).collect().await
}

#[tokio::test]
async fn answers_in_order_and_remembers_the_requests() {
    let transport = ScriptedTransport::new([Exchange::json(201, &json!({"a": 1})), Exchange::new(429, "slow down")]);
    let cx = transport.cx();
    let first = send(&transport, &cx).await.unwrap();
    assert_eq!(first.status, 201);
    assert_eq!(first.headers["content-type"], "application/json");
    assert_eq!(first.body.collect(LIMIT).await.unwrap(), r#"{"a":1}"#);
    assert_eq!(send(&transport, &cx).await.unwrap().status, 429);
    let beyond = send(&transport, &cx).await.unwrap_err();
    assert_eq!(beyond.kind(), ErrorKind::Internal);
    assert!(beyond.message().contains("request 3"), "{beyond}");

    let requests = transport.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!((requests[0].method.as_str(), requests[0].json()), ("POST", json!({"model": "m"})));
    assert_eq!(requests[0].url, "http://upstream.test/v1/chat?stream=true");
    assert_eq!(requests[0].header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn runs_the_check_before_it_answers() {
    let seen = Arc::new(AtomicBool::new(false));
    let flag = seen.clone();
    let check =
        move |request: &llm_testkit::RecordedRequest| flag.store(request.text().contains("model"), Ordering::Relaxed);
    let transport = ScriptedTransport::always(Exchange::new(200, "x").with_check(check));
    send(&transport, &transport.cx()).await.unwrap();
    assert!(seen.load(Ordering::Relaxed));
    send(&transport, &transport.cx()).await.unwrap();
}

#[tokio::test]
async fn splits_bodies() {
    let split = |exchange| async move {
        pieces(&ScriptedTransport::new([exchange])).await.into_iter().collect::<Result<Vec<_>, _>>()
    };
    assert_eq!(split(Exchange::sse("abcdefg").split_every(3)).await.unwrap(), ["abc", "def", "g"]);
    assert_eq!(split(Exchange::sse("abcdefg").split_every(1)).await.unwrap().len(), 7);
    assert_eq!(split(Exchange::sse("abcdefg").split_at(&[2, 5])).await.unwrap(), ["ab", "cde", "fg"]);
    assert_eq!(split(Exchange::ndjson("abcdefg").split_at(&[0, 9])).await.unwrap(), ["abcdefg"]);
    assert_eq!(split(Exchange::sse("ab").with_chunks(["a", "", "b"]).split_every(9)).await.unwrap(), ["ab"]);
}

#[tokio::test]
async fn cuts_ends_and_fails_after_a_number_of_chunks() {
    let body = || Exchange::sse("abcdef").split_every(2);
    let cut = ScriptedTransport::new([body().cut_after(2)]);
    assert_eq!(pieces(&cut).await, [Ok("ab".to_owned()), Ok("cd".to_owned()), Err(ErrorKind::Network)]);
    let end = ScriptedTransport::new([body().end_after(1)]);
    assert_eq!(pieces(&end).await, [Ok("ab".to_owned())]);
    let nothing = ScriptedTransport::new([body().cut_after(0)]);
    assert_eq!(pieces(&nothing).await, [Err(ErrorKind::Network)]);
    assert_eq!(nothing.bodies().finished, 1);
}

#[tokio::test]
async fn fails_before_the_headers_with_the_scripted_progress() {
    let transport =
        ScriptedTransport::new([Exchange::network_error(Progress::NotSent), Exchange::fail(Error::truncated())]);
    let error = send(&transport, &transport.cx()).await.unwrap_err();
    assert_eq!((error.kind(), error.progress()), (ErrorKind::Network, Progress::NotSent));
    assert_eq!(send(&transport, &transport.cx()).await.unwrap_err().kind(), ErrorKind::Truncated);
}

#[tokio::test(start_paused = true)]
async fn a_hang_ends_at_the_first_byte_timer() {
    let transport =
        ScriptedTransport::new([Exchange::hang(), Exchange::new(200, "x").with_wait(Duration::from_secs(61))]);
    for _ in 0..2 {
        let start = tokio::time::Instant::now();
        let error = send(&transport, &transport.cx()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout(TimeoutStage::FirstByte));
        assert_eq!(start.elapsed(), Duration::from_secs(60));
    }
    assert_eq!(transport.bodies().abandoned, 2);
}

#[tokio::test(start_paused = true)]
async fn a_stall_ends_at_the_idle_timer_and_delays_do_not() {
    let slow = Exchange::sse("abcd").split_every(2).with_chunk_delay(Duration::from_secs(29));
    let transport = ScriptedTransport::new([slow, Exchange::sse("abcd").split_every(2).stall_after(1)]);
    let start = tokio::time::Instant::now();
    assert_eq!(pieces(&transport).await.len(), 2);
    assert_eq!(start.elapsed(), Duration::from_secs(58));
    let stalled = pieces(&transport).await;
    assert_eq!(stalled, [Ok("ab".to_owned()), Err(ErrorKind::Timeout(TimeoutStage::Idle))]);
    assert_eq!(start.elapsed(), Duration::from_secs(88));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_a_stall() {
    let transport = ScriptedTransport::new([Exchange::sse("ab").stall_after(1)]);
    let deadline = (tokio::time::Instant::now() + Duration::from_secs(5)).into_std();
    let cx = transport.cx().with_timeouts(Timeouts::OFF).with_deadline(deadline);
    let error = send(&transport, &cx).await.unwrap().body.collect(LIMIT).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout(TimeoutStage::Total));
}

#[tokio::test(start_paused = true)]
async fn cancellation_ends_a_hang_and_a_body() {
    let transport = ScriptedTransport::new([Exchange::hang(), Exchange::sse("ab").stall_after(1)]);
    let cancel_soon = || {
        let token = CancellationToken::new();
        let clone = token.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            clone.cancel();
        });
        transport.cx().with_cancel(token)
    };
    assert_eq!(send(&transport, &cancel_soon()).await.unwrap_err().kind(), ErrorKind::Cancelled);
    let response = send(&transport, &cancel_soon()).await.unwrap();
    assert_eq!(response.body.collect(LIMIT).await.unwrap_err().kind(), ErrorKind::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn counts_what_was_dropped() {
    let transport = ScriptedTransport::new([Exchange::sse("abcd").split_every(1), Exchange::hang()]);
    let mut response = send(&transport, &transport.cx()).await.unwrap();
    response.body.next().await.unwrap().unwrap();
    assert_eq!((transport.bodies().opened, transport.bodies().dropped), (1, 0));
    drop(response);
    assert_eq!((transport.bodies().dropped, transport.bodies().finished), (1, 0));
    let given_up = tokio::time::timeout(Duration::from_secs(1), send(&transport, &transport.cx())).await;
    assert!(given_up.is_err());
    assert_eq!(transport.bodies().abandoned, 1);
}

//! The timers. Connections are made in real time; the clock is paused before the wait, so that each fires at its instant.

use std::time::Duration;

use futures_util::StreamExt as _;
use llm_core::{ErrorKind, Progress, TimeoutStage, Timeouts, Transport as _};
use tokio::time::Instant;

use crate::upstream::{Act, Upstream, transport};

const PART: &str = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\none";

#[tokio::test]
async fn no_headers_end_at_the_first_byte_timer() {
    let mut upstream = Upstream::new(vec![Act::Tell, Act::Stall]).await;
    let (transport, cx) = transport();
    let request = upstream.request();
    let start = Instant::now();
    let pause = async {
        upstream.told.recv().await.unwrap();
        tokio::time::pause();
    };
    let (result, ()) = tokio::join!(transport.send(&cx, request), pause);
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.progress()), (ErrorKind::Timeout(TimeoutStage::FirstByte), Progress::Sent));
    assert!(error.message().contains("60s"), "{error}");
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(60) && took < Duration::from_secs(61), "{took:?}");
}

#[tokio::test]
async fn silence_in_the_body_ends_at_the_idle_timer() {
    let upstream = Upstream::new(vec![Act::Write(PART), Act::Stall]).await;
    let (transport, cx) = transport();
    let mut response = transport.send(&cx, upstream.request()).await.unwrap();
    assert_eq!(response.body.next().await.unwrap().unwrap(), "one");
    tokio::time::pause();
    // Time that the reader takes is no silence of the upstream.
    tokio::time::advance(Duration::from_secs(100)).await;
    let start = Instant::now();
    let error = response.body.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.progress()), (ErrorKind::Timeout(TimeoutStage::Idle), Progress::Sent));
    assert!(start.elapsed() >= Duration::from_secs(30) && start.elapsed() < Duration::from_millis(30_010));
    assert!(response.body.next().await.is_none());
}

#[tokio::test]
async fn the_deadline_ends_a_wait_for_headers_and_a_body() {
    let mut upstream = Upstream::new(vec![Act::Tell, Act::Write(PART), Act::Stall]).await;
    let (transport, cx) = transport();
    let deadline = (Instant::now() + Duration::from_secs(20)).into_std();
    let cx = cx.with_timeouts(Timeouts::OFF).with_deadline(deadline);
    let mut response = transport.send(&cx, upstream.request()).await.unwrap();
    assert_eq!(response.body.next().await.unwrap().unwrap(), "one");
    tokio::time::pause();
    let error = response.body.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout(TimeoutStage::Total));

    let late = transport.send(&cx, upstream.request()).await.unwrap_err();
    assert_eq!((late.kind(), late.progress()), (ErrorKind::Timeout(TimeoutStage::Total), Progress::NotSent));
    upstream.told.recv().await.unwrap();
    assert!(upstream.told.try_recv().is_err(), "the late request was sent");
}

//! What comes through, and what is cut off.

use futures_util::StreamExt as _;
use http::{HeaderValue, StatusCode};
use llm_core::{ErrorKind, HttpRequest, Progress, Transport as _};
use llm_http::HttpConfig;

use crate::upstream::{Act, Upstream, transport, transport_with};

const LIMIT: usize = 1 << 20;

#[tokio::test]
async fn sends_the_request_and_gives_status_headers_body_and_time() {
    let upstream = Upstream::new(vec![Act::Write(
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\nx-request-id: r1\r\ncontent-length: 4\r\n\r\nslow",
    )])
    .await;
    let (transport, cx) = transport();
    let mut request = upstream.request();
    request.headers.insert("x-key", HeaderValue::from_static("value"));
    let response = transport.send(&cx, request).await.unwrap();
    assert_eq!(response.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        (&response.headers["retry-after"], &response.headers["x-request-id"]),
        (&"7".parse().unwrap(), &"r1".parse().unwrap())
    );
    assert!(response.received_at.is_some());
    assert_eq!(response.body.collect(LIMIT).await.unwrap(), "slow");

    let requests = upstream.requests.lock().unwrap().clone();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert_eq!(body, r#"{"prompt":"prompt-mark"}"#);
    assert!(head.starts_with("POST /v1/chat?q=query-mark HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nx-key: value") && head.contains("\r\ncontent-type: application/json"), "{head}");
    assert!(head.contains(concat!("\r\nuser-agent: loquat/", env!("CARGO_PKG_VERSION"))), "{head}");
    assert!(!head.contains("accept-encoding") && !head.contains("referer"), "{head}");
}

#[tokio::test]
async fn uses_a_connection_again_when_the_body_was_read() {
    let upstream = Upstream::new(vec![Act::Write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")]).await;
    let (transport, cx) = transport();
    for _ in 0..3 {
        let response = transport.send(&cx, upstream.request()).await.unwrap();
        assert_eq!(response.body.collect(LIMIT).await.unwrap(), "ok");
    }
    assert_eq!(*upstream.connections.lock().unwrap(), 1);
    assert_eq!(upstream.requests.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn does_not_undo_a_content_encoding() {
    let upstream = Upstream::new(vec![Act::Write(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x0bzz",
    )])
    .await;
    let (transport, cx) = transport();
    let response = transport.send(&cx, upstream.request()).await.unwrap();
    assert_eq!(response.headers["content-encoding"], "gzip");
    assert_eq!(response.body.collect(LIMIT).await.unwrap(), "\x1f\x0bzz");
}

#[tokio::test]
async fn gives_pieces_as_they_come() {
    let upstream = Upstream::new(vec![
        Act::Write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n"),
        Act::Stall,
    ])
    .await;
    let (transport, cx) = transport();
    let mut response = transport.send(&cx, upstream.request()).await.unwrap();
    assert_eq!(response.body.next().await.unwrap().unwrap(), "one");
}

#[tokio::test]
async fn a_body_beyond_a_limit_is_an_error() {
    const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789";
    let upstream = Upstream::new(vec![Act::Write(ANSWER)]).await;
    let (transport, cx) = transport();
    let response = transport.send(&cx, upstream.request()).await.unwrap();
    let error = response.body.collect(9).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.message().contains("9 bytes"), "{error}");

    let (transport, cx) = transport_with(&HttpConfig::default().with_limits(1 << 16, 9));
    let response = transport.send(&cx, upstream.request()).await.unwrap();
    let error = response.body.collect(LIMIT).await.unwrap_err();
    assert_eq!((error.kind(), error.progress()), (ErrorKind::Malformed, Progress::Sent));
}

#[tokio::test]
async fn headers_beyond_the_limit_are_an_error() {
    let upstream =
        Upstream::new(vec![Act::Write("HTTP/1.1 200 OK\r\nx-long: 0123456789\r\ncontent-length: 0\r\n\r\n")]).await;
    let (transport, cx) = transport_with(&HttpConfig::default().with_limits(20, 100));
    let error = transport.send(&cx, upstream.request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.message().contains("headers exceed the limit of 20 bytes"), "{error}");
}

#[tokio::test]
async fn too_many_headers_are_an_error() {
    let many = "x: 1\r\n".repeat(200);
    let answer = format!("HTTP/1.1 200 OK\r\n{many}content-length: 0\r\n\r\n");
    let upstream = Upstream::new(vec![Act::Write(answer.leak())]).await;
    let (transport, cx) = transport();
    let error = transport.send(&cx, upstream.request()).await.unwrap_err();
    assert_eq!((error.kind(), error.progress()), (ErrorKind::Network, Progress::Sent));
}

#[tokio::test]
async fn a_get_has_no_body() {
    let upstream = Upstream::new(vec![Act::Write("HTTP/1.1 204 No Content\r\n\r\n")]).await;
    let (transport, cx) = transport();
    let response = transport.send(&cx, HttpRequest::get(upstream.url())).await.unwrap();
    assert_eq!((response.status.as_u16(), response.body.collect(LIMIT).await.unwrap().len()), (204, 0));
    assert!(upstream.requests.lock().unwrap()[0].starts_with("GET /v1/chat"));
}

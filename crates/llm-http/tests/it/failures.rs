//! Connections that fail: the class, and how far the call got.

use std::time::Duration;

use futures_util::StreamExt as _;
use llm_core::{CancellationToken, ErrorKind, HttpRequest, Progress, TimeoutStage, Transport as _};
use llm_http::HttpConfig;

use crate::upstream::{Act, Upstream, transport, transport_with};

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (transport, cx) = transport();
    let error = transport.send(&cx, HttpRequest::get(format!("http://{address}/"))).await.unwrap_err();
    assert_eq!((error.kind(), error.progress()), (ErrorKind::Network, Progress::NotSent));
    assert!(error.message().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_tls_handshake_with_a_server_without_tls_sent_nothing() {
    let upstream = Upstream::new(vec![]).await;
    let (transport, cx) = transport_with(&HttpConfig::default().with_connect_timeout(Duration::from_millis(50)));
    let url = format!("https://{}/", upstream.address);
    let error = transport.send(&cx, HttpRequest::get(url)).await.unwrap_err();
    assert_eq!(error.progress(), Progress::NotSent);
    assert_eq!(error.kind(), ErrorKind::Timeout(TimeoutStage::Connect));
}

#[tokio::test]
async fn a_connection_closed_without_an_answer_was_sent() {
    let upstream = Upstream::new(vec![Act::Close]).await;
    let (transport, cx) = transport();
    let error = transport.send(&cx, upstream.request()).await.unwrap_err();
    assert_eq!((error.kind(), error.progress()), (ErrorKind::Network, Progress::Sent));
    // One request, not two: nothing is tried again here.
    assert_eq!(upstream.requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_cut_body_is_a_network_error() {
    let cut_length = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234";
    let cut_chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n01234\r\n";
    for answer in [cut_length, cut_chunks] {
        let upstream = Upstream::new(vec![Act::Write(answer), Act::Close]).await;
        let (transport, cx) = transport();
        let mut response = transport.send(&cx, upstream.request()).await.unwrap();
        assert_eq!(response.body.next().await.unwrap().unwrap(), "01234");
        let error = response.body.next().await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.progress()), (ErrorKind::Network, Progress::Sent));
        assert!(response.body.next().await.is_none());
    }
}

#[tokio::test]
async fn a_cancelled_call_ends() {
    let mut upstream = Upstream::new(vec![Act::Tell, Act::Stall]).await;
    let (transport, cx) = transport();
    let token = CancellationToken::new();
    let cx = cx.with_cancel(token.clone());
    let call = transport.send(&cx, upstream.request());
    let cancel = async {
        upstream.told.recv().await.unwrap();
        token.cancel();
    };
    let (result, ()) = tokio::join!(call, cancel);
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.progress()), (ErrorKind::Cancelled, Progress::Sent));

    let error = transport.send(&cx, upstream.request()).await.unwrap_err();
    assert_eq!((error.kind(), error.progress()), (ErrorKind::Cancelled, Progress::NotSent));
    assert_eq!(upstream.requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_cancelled_body_ends() {
    let upstream = Upstream::new(vec![Act::Write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\none"), Act::Stall]).await;
    let (transport, cx) = transport();
    let token = CancellationToken::new();
    let mut response = transport.send(&cx.with_cancel(token.clone()), upstream.request()).await.unwrap();
    assert_eq!(response.body.next().await.unwrap().unwrap(), "one");
    let (next, ()) = tokio::join!(response.body.next(), async { token.cancel() });
    assert_eq!(next.unwrap().unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(response.body.next().await.is_none());
}

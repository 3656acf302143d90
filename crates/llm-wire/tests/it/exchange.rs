//! One exchange: which answers are decoded, which are classified, and what the caps do.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::StatusCode;
use llm_core::{Body, Cx, Error, ErrorKind, HttpRequest, HttpResponse, Transport};
use llm_wire::ErrorResponse;
use llm_wire::exchange::{self, MAX_BODY, MAX_ERROR_BODY};

use crate::retry_hint::header_map;

/// Gives one answer, once.
struct Once(Mutex<Option<Result<HttpResponse, Error>>>);

#[llm_core::async_trait]
impl Transport for Once {
    async fn send(&self, _cx: &Cx, _request: HttpRequest) -> Result<HttpResponse, Error> {
        self.0.lock().unwrap().take().expect("one request only")
    }
}

fn cx(answer: Result<HttpResponse, Error>) -> Cx {
    Cx::new(Arc::new(Once(Mutex::new(Some(answer)))))
}

fn answer(status: u16, headers: &[(&str, &str)], body: Body) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap();
    let mut answer = HttpResponse::full(status, header_map(headers), Bytes::new());
    answer.body = body;
    answer
}

fn classify(response: &ErrorResponse) -> Error {
    response.error(ErrorKind::of_status(response.status), &response.text())
}

async fn unary(answer: HttpResponse) -> Result<Bytes, Error> {
    exchange::unary(&cx(Ok(answer)), HttpRequest::get("http://vendor/"), classify).await.map(|success| success.body)
}

#[tokio::test]
async fn a_success_is_read_whole() {
    let body = Body::stream(stream::iter(["a", "b", "c"].map(|piece| Ok(Bytes::from(piece)))));
    assert_eq!(unary(answer(200, &[], body)).await.unwrap(), "abc");
}

#[tokio::test]
async fn other_statuses_are_classified() {
    let rows = [
        (302, ErrorKind::Malformed),
        (401, ErrorKind::Auth),
        (429, ErrorKind::RateLimited),
        (529, ErrorKind::Overloaded),
        (500, ErrorKind::Server),
    ];
    for (status, kind) in rows {
        let error = unary(answer(status, &[], Body::full("the vendor's words"))).await.unwrap_err();
        assert_eq!((error.kind(), error.status(), error.message()), (kind, Some(status), "the vendor's words"));
    }
}

#[tokio::test]
async fn an_error_carries_what_the_headers_say() {
    let headers = [("retry-after", "2"), ("x-should-retry", "false"), ("request-id", "req_1")];
    let error = unary(answer(429, &headers, Body::full(""))).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
    assert!(!error.is_retryable());
    assert_eq!(error.request_id(), Some("req_1"));
    assert_eq!(error.message(), "the vendor answered with status 429 and said nothing");

    let exhausted = [("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "6m0s")];
    for (status, expected) in [(429, Some(Duration::from_secs(360))), (400, None)] {
        let error = unary(answer(status, &exhausted, Body::full(""))).await.unwrap_err();
        assert_eq!(error.retry_after(), expected, "{status}");
    }
}

#[tokio::test]
async fn a_broken_or_endless_error_body_does_not_hide_the_status() {
    let broken = stream::iter([Ok(Bytes::from("half")), Err(Error::new(ErrorKind::Network, "cut"))]);
    let error = unary(answer(503, &[], Body::stream(broken))).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Overloaded, "half"));

    let endless = stream::repeat_with(|| Ok(Bytes::from_static(&[b'x'; 1000])));
    let mut length = 0;
    let count = |response: &ErrorResponse| {
        length = response.body.len();
        classify(response)
    };
    let cx = cx(Ok(answer(500, &[], Body::stream(endless))));
    let error = exchange::unary(&cx, HttpRequest::get("http://vendor/"), count).await.unwrap_err();
    assert_eq!((error.kind(), length), (ErrorKind::Server, MAX_ERROR_BODY));
}

#[tokio::test]
async fn a_success_beyond_the_cap_is_malformed() {
    let chunk = Bytes::from(vec![b' '; 1 << 20]);
    let body = stream::iter(std::iter::repeat_n(Ok(chunk), MAX_BODY / (1 << 20) + 1));
    let error = unary(answer(200, &[], Body::stream(body))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
}

#[tokio::test]
async fn an_error_of_the_transport_passes_through() {
    let refused = Error::new(ErrorKind::Network, "connection refused");
    let error = exchange::unary(&cx(Err(refused)), HttpRequest::get("http://vendor/"), classify).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Network, "connection refused"));
}

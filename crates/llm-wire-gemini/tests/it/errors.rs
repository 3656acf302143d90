//! Errors: read by status and structure, written so that their class survives. The plugin's fixtures hold more of them.

use std::time::Duration;

use http::HeaderMap;
use llm_core::{Error, ErrorKind, TimeoutStage};
use llm_wire::ErrorResponse;
use llm_wire_gemini::{decode_error, encode_error};
use serde_json::{Value, json};

fn read(status: u16, body: impl Into<bytes::Bytes>) -> Error {
    decode_error(&ErrorResponse { status, headers: HeaderMap::new(), body: body.into(), received_at: None })
}

fn error(code: u16, status: &str, message: &str, details: &Value) -> String {
    json!({"error": {"code": code, "status": status, "message": message, "details": details}}).to_string()
}

#[test]
fn text_decides_only_within_its_status_and_by_its_beginning() {
    let class = |status, message: &str| read(status, error(status, "X", message, &json!([]))).kind();
    let long = "The input token count (5) exceeds the maximum number of tokens allowed (4).";
    assert_eq!(class(400, long), ErrorKind::ContextLength);
    assert_eq!(class(500, long), ErrorKind::Server);
    assert_eq!(class(400, &format!("Unknown field: '{long}'")), ErrorKind::InvalidRequest);
    assert_eq!(class(400, "API key expired. Please renew the API key."), ErrorKind::Auth);
    assert_eq!(class(404, "API key not valid"), ErrorKind::NotFound);
    assert_eq!(class(400, "'rate limit exceeded, 429, quota' is no MIME type"), ErrorKind::InvalidRequest);
}

#[test]
fn a_quota_of_the_day_is_no_rate_limit() {
    let details = |quota: &str| {
        json!([
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "22s"},
        ])
    };
    let minute = read(429, error(429, "RESOURCE_EXHAUSTED", "m", &details("RequestsPerMinute")));
    assert_eq!((minute.kind(), minute.retry_after()), (ErrorKind::RateLimited, Some(Duration::from_secs(22))));
    let day = read(429, error(429, "RESOURCE_EXHAUSTED", "m", &details("RequestsPerDayPerModel")));
    assert_eq!((day.kind(), day.retry_after()), (ErrorKind::QuotaExhausted, None));
}

#[test]
fn anything_can_be_read() {
    for (status, body) in [
        (500, &b""[..]),
        (502, b"<html>"),
        (503, b"\xff"),
        (400, b"[]"),
        (404, b"{\"error\": null}"),
        (401, b"{\"error\": \"invalid_grant\"}"),
        (429, b"[{\"error\": {\"message\": \"slow down\"}}]"),
        (413, b"{\"error\": {\"code\": \"x\", \"message\": 5, \"details\": {}}}"),
    ] {
        let error = read(status, body);
        assert_eq!((error.kind(), error.status()), (ErrorKind::of_status(status), Some(status)));
        assert!(!error.message().is_empty());
    }
    assert_eq!(read(429, &br#"[{"error": {"message": "slow down"}}]"#[..]).message(), "slow down");
}

#[test]
fn a_written_error_keeps_its_class_its_wait_and_its_field() {
    use ErrorKind as K;
    for kind in [
        K::Auth,
        K::Permission,
        K::NotFound,
        K::InvalidRequest,
        K::PayloadTooLarge,
        K::ContextLength,
        K::ContentFilter,
        K::RateLimited,
        K::QuotaExhausted,
        K::Overloaded,
        K::Server,
        K::ModelOutput,
    ] {
        let wait = (kind == K::RateLimited).then_some(Duration::from_millis(1500));
        let written = Error::new(kind, "it went wrong").with_param("a.b").with_retry_after(wait);
        let (status, body) = encode_error(&written);
        let read = read(status, body);
        assert_eq!((read.kind(), read.retry_after()), (kind, wait));
        assert_eq!((read.message(), read.param()), ("it went wrong", Some("a.b")));
    }
    for (kind, status) in [
        (K::Timeout(TimeoutStage::Idle), 504),
        (K::Cancelled, 499),
        (K::NoTarget, 503),
        (K::BudgetExceeded, 429),
        (K::Network, 502),
        (K::Internal, 500),
    ] {
        assert_eq!(encode_error(&Error::new(kind, "m")).0, status, "{kind}");
    }
}

//! Errors, both ways.

use std::time::Duration;

use http::HeaderMap;
use llm_core::{Attempt, Error, ErrorKind, Retry, Target, TimeoutStage};
use llm_wire::ErrorResponse;
use llm_wire_anthropic::{decode_error, encode_error};
use serde_json::{Value, json};

fn decode(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Error {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    decode_error(&ErrorResponse { status, headers: map, body: body.to_owned().into(), received_at: None })
}

fn body(kind: &str, message: &str) -> String {
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}).to_string()
}

#[test]
fn every_type_has_its_class() {
    let check = |status, kind: &str, class| {
        let error = decode(status, &[], &body(kind, "it failed"));
        assert_eq!((error.kind(), error.status(), error.code()), (class, Some(status), Some(kind)));
        assert_eq!((error.message(), error.request_id()), ("it failed", Some("req_1")));
    };
    check(400, "invalid_request_error", ErrorKind::InvalidRequest);
    check(401, "authentication_error", ErrorKind::Auth);
    check(402, "billing_error", ErrorKind::QuotaExhausted);
    check(403, "permission_error", ErrorKind::Permission);
    check(404, "not_found_error", ErrorKind::NotFound);
    check(413, "request_too_large", ErrorKind::PayloadTooLarge);
    check(429, "rate_limit_error", ErrorKind::RateLimited);
    check(500, "api_error", ErrorKind::Server);
    check(504, "timeout_error", ErrorKind::Server);
    check(529, "overloaded_error", ErrorKind::Overloaded);
    // A gateway's status beside the vendor's type, and the other way round.
    check(500, "overloaded_error", ErrorKind::Overloaded);
    check(429, "api_error", ErrorKind::RateLimited);
    check(401, "invalid_request_error", ErrorKind::Auth);
    check(503, "error_of_tomorrow", ErrorKind::Overloaded);
}

#[test]
fn messages_decide_only_within_bad_requests_and_by_their_beginning() {
    let class = |status, message: &str| decode(status, &[], &body("invalid_request_error", message)).kind();
    let long = "prompt is too long: 215904 tokens > 200000 maximum";
    assert_eq!(class(400, long), ErrorKind::ContextLength);
    assert_eq!(class(400, "input length and `max_tokens` exceed context limit: 1 + 2 > 2"), ErrorKind::ContextLength);
    assert_eq!(class(400, "Your credit balance is too low to access the Anthropic API."), ErrorKind::QuotaExhausted);
    assert_eq!(class(400, "You have reached your specified API usage limits."), ErrorKind::QuotaExhausted);
    assert_eq!(class(400, "Output blocked by content filtering policy"), ErrorKind::ContentFilter);
    assert_eq!(class(404, long), ErrorKind::NotFound);
}

#[test]
fn an_echoed_prompt_changes_nothing() {
    let phrases = [
        "rate limit",
        "429",
        "quota",
        "maximum context length",
        "overloaded",
        "prompt is too long",
        "credit balance is too low",
    ];
    for phrase in phrases {
        let message = format!("messages.0.content.0.text: \"{phrase}\" is not allowed here");
        assert_eq!(
            decode(400, &[], &body("invalid_request_error", &message)).kind(),
            ErrorKind::InvalidRequest,
            "{phrase}"
        );
    }
}

#[test]
fn headers_say_when_to_come_back_and_whether() {
    let error = decode(429, &[("retry-after", "12"), ("request-id", "req_9")], &body("rate_limit_error", "slow down"));
    assert_eq!((error.retry_after(), error.request_id()), (Some(Duration::from_secs(12)), Some("req_9")));
    let error = decode(529, &[("x-should-retry", "false")], &body("overloaded_error", "Overloaded"));
    assert_eq!(error.retry(), Retry::Never);
}

#[test]
fn bodies_that_are_not_the_vendors_keep_the_status() {
    let check = |status, body: &str, class, message: &str| {
        let error = decode(status, &[], body);
        assert_eq!((error.kind(), error.message()), (class, message), "{body}");
    };
    check(401, r#"{"error":"no key"}"#, ErrorKind::Auth, "no key");
    check(404, r#"{"detail":"Not Found"}"#, ErrorKind::NotFound, "Not Found");
    check(403, r#"{"message":"Forbidden"}"#, ErrorKind::Permission, "Forbidden");
    check(503, "upstream connect error", ErrorKind::Overloaded, "upstream connect error");
    check(
        502,
        "<html><h1>Bad Gateway</h1></html>",
        ErrorKind::Server,
        "the vendor answered with status 502 and said nothing",
    );
    check(500, "", ErrorKind::Server, "the vendor answered with status 500 and said nothing");
    check(400, r#"{"error":{}}"#, ErrorKind::InvalidRequest, "the vendor answered with status 400 and said nothing");
    check(500, "[[[[", ErrorKind::Server, "[[[[");
}

#[test]
fn keys_that_the_vendor_repeats_are_removed() {
    let error = decode(401, &[], &body("authentication_error", "invalid key sk-ant-api03-abcdefghijklmnop"));
    assert_eq!(error.message(), "invalid key [redacted]");
}

fn encoded(error: &Error) -> (u16, Value) {
    let (status, body) = encode_error(error);
    (status, serde_json::from_slice(&body).unwrap())
}

#[test]
fn an_error_is_told_in_the_vendors_form_with_our_facts_beside() {
    let inner = Error::new(ErrorKind::Overloaded, "Overloaded").with_status(529);
    let attempt = Attempt::new(Target::new("anthropic", "claude"), 1, Duration::from_millis(411), Duration::ZERO)
        .with_failure(&inner);
    let error = Error::new(ErrorKind::RateLimited, "slow down")
        .with_provider("openai")
        .with_model("gpt")
        .with_status(429)
        .with_code("rate_limit_exceeded")
        .with_retry_after(Duration::from_millis(1500))
        .with_request_id("req_1".to_owned())
        .with_attempts(vec![attempt]);
    assert_eq!(
        encoded(&error),
        (
            429,
            json!({"type": "error", "request_id": "req_1", "error": {"type": "rate_limit_error", "message": "slow down",
            "x_llm": {"source": "provider", "kind": "rate_limited", "provider": "openai", "model": "gpt",
                "upstream_code": "rate_limit_exceeded", "upstream_status": 429, "request_id": "req_1",
                "retry_after_s": 1.5,
                "attempts": [{"target": "anthropic/claude", "kind": "overloaded", "status": 529, "ms": 411}]}}})
        )
    );
}

#[test]
fn every_class_keeps_its_meaning_for_a_client() {
    let check = |kind, status, wire: &str| {
        let (got, body) = encoded(&Error::new(kind, "words"));
        assert_eq!((got, body["error"]["type"].as_str()), (status, Some(wire)), "{kind}");
    };
    check(ErrorKind::Auth, 401, "authentication_error");
    check(ErrorKind::Permission, 403, "permission_error");
    check(ErrorKind::NotFound, 404, "not_found_error");
    check(ErrorKind::InvalidRequest, 400, "invalid_request_error");
    check(ErrorKind::Unsupported, 400, "invalid_request_error");
    check(ErrorKind::PayloadTooLarge, 413, "request_too_large");
    check(ErrorKind::QuotaExhausted, 402, "billing_error");
    check(ErrorKind::BudgetExceeded, 402, "billing_error");
    check(ErrorKind::Limited, 429, "rate_limit_error");
    check(ErrorKind::Overloaded, 529, "overloaded_error");
    check(ErrorKind::CircuitOpen, 503, "overloaded_error");
    check(ErrorKind::Server, 500, "api_error");
    check(ErrorKind::Network, 502, "api_error");
    check(ErrorKind::Truncated, 502, "api_error");
    check(ErrorKind::Timeout(TimeoutStage::Idle), 504, "timeout_error");
    check(ErrorKind::Internal, 500, "api_error");
}

#[test]
fn what_is_read_from_what_is_written_has_the_same_class() {
    use ErrorKind as K;
    for kind in [
        K::Auth,
        K::Permission,
        K::NotFound,
        K::InvalidRequest,
        K::PayloadTooLarge,
        K::ContextLength,
        K::RateLimited,
        K::QuotaExhausted,
        K::Overloaded,
        K::Server,
    ] {
        let (status, body) = encode_error(&Error::new(kind, "this model's maximum context length is 8 tokens"));
        let error = decode(status, &[], &String::from_utf8(body).unwrap());
        assert_eq!(error.kind(), kind);
    }
}

#[test]
fn a_full_context_window_is_told_in_words_that_clients_know() {
    let message = |text: &'static str| {
        let (_, body) = encoded(&Error::new(ErrorKind::ContextLength, text));
        body["error"]["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(message("maximum context length is 8"), "prompt is too long: maximum context length is 8");
    assert_eq!(message("prompt is too long: 9 > 8"), "prompt is too long: 9 > 8");
}

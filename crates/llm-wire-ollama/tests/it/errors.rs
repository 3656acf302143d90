//! Error answers, both ways.

use http::HeaderMap;
use llm_core::{Error, ErrorKind};
use llm_wire::ErrorResponse;
use llm_wire_ollama::{decode_error, encode_error};

fn decode(status: u16, body: &str) -> Error {
    let headers: HeaderMap = [("retry-after", "3"), ("x-request-id", "req-1")]
        .into_iter()
        .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
        .collect();
    decode_error(&ErrorResponse { status, headers, body: body.to_owned().into(), received_at: None })
}

fn check(status: u16, message: &str, kind: ErrorKind) {
    let error = decode(status, &serde_json::json!({ "error": message }).to_string());
    assert_eq!((error.kind(), error.message(), error.status()), (kind, message, Some(status)));
}

#[test]
fn classes_come_from_the_status() {
    check(400, "\"gemma:2b\" does not support tools", ErrorKind::InvalidRequest);
    check(401, "unauthorized", ErrorKind::Auth);
    check(
        403,
        "this model requires a subscription, upgrade for access: https://ollama.com/upgrade",
        ErrorKind::Permission,
    );
    check(404, "model \"nope\" not found, try pulling it first", ErrorKind::NotFound);
    check(429, "too many concurrent requests", ErrorKind::RateLimited);
    check(500, "model requires more system memory (5.5 GiB) than is available (3.4 GiB)", ErrorKind::Server);
    check(502, "upstream error (ref: 96164522-08b2-4cbf-886e-e5a38961a688)", ErrorKind::Server);
    check(503, "server busy, please try again.  maximum pending requests exceeded", ErrorKind::Overloaded);
}

#[test]
fn first_words_tell_apart_what_shares_a_status() {
    check(
        400,
        "prompt too long; exceeded max context length by 1119046 tokens (ref: 96164522)",
        ErrorKind::ContextLength,
    );
    check(400, "the input length exceeds the context length", ErrorKind::ContextLength);
    check(500, "input length exceeds maximum context length", ErrorKind::ContextLength);
    check(429, "you've reached your hourly usage limit, please wait or upgrade to continue", ErrorKind::QuotaExhausted);
    check(
        429,
        "you (ann) have reached your weekly usage limit, upgrade for higher limits: https://ollama.com/upgrade",
        ErrorKind::QuotaExhausted,
    );
}

#[test]
fn a_quoted_prompt_changes_nothing() {
    check(
        400,
        "invalid message content: \"prompt too long; you've reached your weekly usage limit, 429 rate limit\"",
        ErrorKind::InvalidRequest,
    );
    check(404, "model \"server busy\" not found", ErrorKind::NotFound);
    check(400, "you've reached your weekly usage limit", ErrorKind::InvalidRequest);
    check(429, "prompt too long", ErrorKind::RateLimited);
    check(429, "you've reached your conclusion", ErrorKind::RateLimited);
    check(429, "größer", ErrorKind::RateLimited);
}

#[test]
fn hints_of_the_headers_are_read() {
    let error = decode(503, r#"{"error":"server busy"}"#);
    assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(3)));
    assert_eq!(error.request_id(), Some("req-1"));
}

#[test]
fn other_shapes_are_read() {
    let message = |status, body: &str| decode(status, body).message().to_owned();
    assert_eq!(message(400, r#"{"error":{"message":"inner","type":"x"}}"#), "inner");
    assert_eq!(
        message(401, r#"{"error":"unauthorized","signin_url":"https://ollama.com/connect?k=v"}"#),
        "unauthorized"
    );
    assert_eq!(message(404, "404 page not found"), "404 page not found");
    assert_eq!(message(502, "<html>bad gateway</html>"), "<html>bad gateway</html>");
    assert_eq!(message(500, ""), "the vendor answered with status 500 and said nothing");
    assert_eq!(message(500, r#"{"error":["a"]}"#), r#"["a"]"#);
}

#[test]
fn a_key_in_the_words_is_removed() {
    assert!(!decode(401, r#"{"error":"invalid key sk-abcdefghijklmnop"}"#).message().contains("abcdefghijklmnop"));
}

#[test]
fn errors_are_written_in_the_same_shape() {
    let (status, body) = encode_error(&Error::new(ErrorKind::NotFound, "no such model"));
    assert_eq!((status, body.as_slice()), (404, br#"{"error":"no such model"}"#.as_slice()));
    let (status, body) = encode_error(&decode(503, r#"{"error":"server busy"}"#));
    assert_eq!((status, body.as_slice()), (503, br#"{"error":"server busy"}"#.as_slice()));
}

#[test]
fn a_written_error_is_read_as_the_same_class() {
    for kind in [
        ErrorKind::Auth,
        ErrorKind::Permission,
        ErrorKind::NotFound,
        ErrorKind::InvalidRequest,
        ErrorKind::PayloadTooLarge,
        ErrorKind::RateLimited,
        ErrorKind::Overloaded,
        ErrorKind::Server,
    ] {
        let (status, body) = encode_error(&Error::new(kind, "words"));
        assert_eq!(decode(status, &String::from_utf8(body).unwrap()).kind(), kind);
    }
}

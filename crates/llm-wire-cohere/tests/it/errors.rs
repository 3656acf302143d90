//! Errors: their classes, and that words of a prompt change nothing.

use http::HeaderMap;
use llm_core::{Error, ErrorKind};
use llm_wire::ErrorResponse;
use llm_wire_cohere::{decode_error, encode_error};

fn read(status: u16, body: &str) -> Error {
    let body = body.to_owned().into();
    decode_error(&ErrorResponse { status, headers: HeaderMap::new(), body, received_at: None })
}

#[test]
fn classes_come_from_status_and_code() {
    let trial = |per: &str| {
        format!(r#"{{"message":"You are using a Trial key, which is limited to 10 API calls / {per}. Go on."}}"#)
    };
    for (status, body, kind) in [
        (400, r#"{"message":"too many tokens: size limit exceeded"}"#.to_owned(), ErrorKind::ContextLength),
        (400, r#"{"error_type":"TOO_MANY_TOKENS","message":"new words"}"#.to_owned(), ErrorKind::ContextLength),
        (400, r#"{"message":"invalid request: too many tokens"}"#.to_owned(), ErrorKind::InvalidRequest),
        (401, r#"{"id":"x","message":"no api key supplied"}"#.to_owned(), ErrorKind::Auth),
        (402, r#"{"message":"pay"}"#.to_owned(), ErrorKind::QuotaExhausted),
        (403, "{}".to_owned(), ErrorKind::Permission),
        (404, r#"{"message":"model 'x' not found"}"#.to_owned(), ErrorKind::NotFound),
        (422, r#"{"message":"invalid request: `k` must be"}"#.to_owned(), ErrorKind::InvalidRequest),
        (429, trial("minute"), ErrorKind::RateLimited),
        (429, trial("month"), ErrorKind::QuotaExhausted),
        (498, r#"{"message":"invalid token"}"#.to_owned(), ErrorKind::Auth),
        (500, "<html>".to_owned(), ErrorKind::Server),
        (503, String::new(), ErrorKind::Overloaded),
    ] {
        assert_eq!(read(status, &body).kind(), kind, "{status} {body}");
    }
}

#[test]
fn words_of_a_prompt_change_nothing() {
    for phrase in ["rate limit", "429", "too many tokens", "You are using a Trial key / month", "invalid api token"] {
        let body = serde_json::json!({"message": format!("invalid request: the message \"{phrase}\" is no object")});
        assert_eq!(read(400, &body.to_string()).kind(), ErrorKind::InvalidRequest, "{phrase}");
    }
}

#[test]
fn errors_go_out_in_the_vendors_form() {
    let (status, body) = encode_error(&Error::new(ErrorKind::RateLimited, "slow down"));
    let error = read(status, std::str::from_utf8(&body).unwrap());
    assert_eq!((status, error.kind(), error.message()), (429, ErrorKind::RateLimited, "slow down"));
}

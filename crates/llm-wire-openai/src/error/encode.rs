//! An error for clients of OpenAI's protocol: the class as status, type and code, and under `x_llm` where it came from.

use llm_core::{Error, ErrorKind};
use llm_wire::ErrorFacts;
use serde::Serialize;

/// Status and body of an error, for a server that speaks this protocol.
///
/// A status of 4xx that a vendor gave stays 4xx. The message is the error's own, which holds no secret and no prompt.
pub fn encode_error(error: &Error) -> (u16, Vec<u8>) {
    (status(error), serde_json::to_vec(&envelope(error)).unwrap_or_default())
}

/// The body of an error, also its form inside a stream.
pub(crate) fn envelope(error: &Error) -> Envelope<'_> {
    let (kind, code) =
        if is_unavailable(error) { ("overloaded_error", "budget_unavailable") } else { words(error.kind()) };
    let tried_several = error.attempts().iter().any(|attempt| attempt.target != error.attempts()[0].target);
    Envelope {
        error: Body {
            message: error.message(),
            kind,
            param: error.param(),
            code: if tried_several { "all_targets_failed" } else { error.code().unwrap_or(code) },
            x_llm: ErrorFacts(error),
        },
    }
}

fn status(error: &Error) -> u16 {
    let of_class = if is_unavailable(error) { 503 } else { ErrorFacts(error).status() };
    match error.status() {
        // 405, 415, 422 and the like say more than 400; a 4xx must not turn into a fault of the server.
        Some(upstream @ 400..=499) if error.kind() == ErrorKind::InvalidRequest || of_class >= 500 => upstream,
        _ => of_class,
    }
}

/// Nobody's money is gone: the budget cannot be looked at now. Worth another try, as no other refusal of a budget is.
fn is_unavailable(error: &Error) -> bool {
    error.kind() == ErrorKind::BudgetExceeded && error.code() == Some("budget_unavailable")
}

/// OpenAI's type, and the code where the vendor gave none.
fn words(kind: ErrorKind) -> (&'static str, &'static str) {
    match kind {
        ErrorKind::Auth => ("authentication_error", "invalid_api_key"),
        ErrorKind::Permission => ("permission_error", "permission_denied"),
        ErrorKind::NotFound => ("not_found_error", "model_not_found"),
        ErrorKind::InvalidRequest => ("invalid_request_error", "invalid_request"),
        ErrorKind::PayloadTooLarge => ("invalid_request_error", "request_too_large"),
        ErrorKind::ContextLength => ("invalid_request_error", "context_length_exceeded"),
        ErrorKind::ContentFilter => ("invalid_request_error", "content_filter"),
        ErrorKind::Unsupported => ("invalid_request_error", "unsupported"),
        ErrorKind::RateLimited => ("rate_limit_error", "rate_limit_exceeded"),
        ErrorKind::Limited => ("rate_limit_error", "limited"),
        ErrorKind::QuotaExhausted => ("insufficient_quota", "insufficient_quota"),
        ErrorKind::BudgetExceeded => ("insufficient_quota", "budget_exceeded"),
        ErrorKind::Overloaded => ("overloaded_error", "overloaded"),
        ErrorKind::CircuitOpen => ("overloaded_error", "circuit_open"),
        ErrorKind::NoTarget => ("overloaded_error", "no_target"),
        ErrorKind::Timeout(_) => ("timeout_error", "timeout"),
        kind => ("server_error", kind.as_str()),
    }
}

/// `{"error": …}`.
#[derive(Serialize)]
pub(crate) struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    param: Option<&'a str>,
    code: &'a str,
    x_llm: ErrorFacts<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use llm_core::{Attempt, Target};
    use serde_json::{Value, json};
    use std::time::Duration;

    fn encoded(error: &Error) -> (u16, Value) {
        let (status, body) = encode_error(error);
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn tells_class_origin_and_attempts() {
        let error = Error::upstream(ErrorKind::QuotaExhausted, "You exceeded your current quota")
            .with_provider("openai")
            .with_status(429)
            .with_code("insufficient_quota")
            .with_retry_after(Duration::from_secs(20));
        let overloaded = Error::new(ErrorKind::Overloaded, "busy").with_status(529);
        let ms = Duration::from_millis;
        let attempts = vec![
            Attempt::new(Target::new("anthropic", "claude"), 1, ms(411), ms(0)).with_failure(&overloaded),
            Attempt::new(Target::new("openai", "gpt"), 2, ms(30), ms(5)).with_failure(&error),
        ];
        let (status, body) = encoded(&error.with_attempts(attempts));
        assert_eq!(status, 429);
        assert_eq!(
            body,
            json!({"error": {
                "message": "You exceeded your current quota", "type": "insufficient_quota", "param": null,
                "code": "all_targets_failed",
                "x_llm": {"source": "provider", "kind": "quota", "provider": "openai", "upstream_status": 429,
                    "upstream_code": "insufficient_quota", "retry_after_s": 20.0,
                    "attempts": [
                        {"target": "anthropic/claude", "status": 529, "kind": "overloaded", "ms": 411},
                        {"target": "openai/gpt", "status": 429, "kind": "quota", "ms": 30},
                    ]},
            }})
        );
    }

    #[test]
    fn our_own_errors_are_told_from_the_callers() {
        let (status, body) = encoded(&Error::new(ErrorKind::InvalidRequest, "no messages").with_param("messages"));
        assert_eq!((status, &body["error"]["param"]), (400, &json!("messages")));
        assert_eq!(body["error"]["x_llm"]["source"], "client");
        let (status, body) = encoded(&Error::new(ErrorKind::NoTarget, "nobody"));
        assert_eq!(
            (status, &body["error"]["code"], &body["error"]["x_llm"]["source"]),
            (503, &json!("no_target"), &json!("gateway"))
        );
    }

    #[test]
    fn a_vendors_4xx_stays_4xx() {
        let status = |kind, status| encode_error(&Error::new(kind, "m").with_status(status)).0;
        assert_eq!(status(ErrorKind::InvalidRequest, 422), 422);
        assert_eq!(status(ErrorKind::Auth, 400), 401);
        assert_eq!(status(ErrorKind::ModelOutput, 400), 400);
        assert_eq!(status(ErrorKind::Timeout(llm_core::TimeoutStage::FirstByte), 408), 408);
        assert_eq!(status(ErrorKind::Server, 500), 502);
        assert_eq!(status(ErrorKind::Overloaded, 529), 503);
        assert_eq!(status(ErrorKind::ContextLength, 403), 400);
        let budget = |code| {
            let (status, body) = encoded(&Error::new(ErrorKind::BudgetExceeded, "m").with_code(code));
            (status, body["error"]["type"].clone(), body["error"]["code"].clone())
        };
        assert_eq!(budget("budget_unavailable"), (503, json!("overloaded_error"), json!("budget_unavailable")));
        assert_eq!(budget("budget_exceeded"), (429, json!("insufficient_quota"), json!("budget_exceeded")));
    }
}

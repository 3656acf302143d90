//! The policies as configuration.

use llm_resilience::{Commit, FallbackPolicy, OnBreak, RetryPolicy, StreamPolicy, TimeoutPolicy, Window};
use serde_json::{Value, from_value, json};

use crate::support::ms;

fn read(value: Value) -> Result<RetryPolicy, String> {
    from_value(value).map_err(|error| error.to_string())
}

#[test]
fn a_retry_policy_is_a_preset_or_a_table() {
    assert_eq!(read(json!("default")), Ok(RetryPolicy::default()));
    assert_eq!(read(json!("classic")), Ok(RetryPolicy::classic()));
    assert_eq!(read(json!("none")), Ok(RetryPolicy::none()));
    assert_eq!(read(json!("batch")), Ok(RetryPolicy::batch()));
    assert_eq!(read(json!({ "max_replay": 1000 })), Ok(RetryPolicy::default().with_max_replay(1000)));
    assert_eq!(read(json!({})), Ok(RetryPolicy::default()));
    let changed = RetryPolicy::classic().with_max_retries(2).with_cap(ms(30_000));
    assert_eq!(read(json!({ "preset": "classic", "max_retries": 2, "cap": "30s" })), Ok(changed));
    assert_eq!(read(json!({ "max_retries": 9 })).map(|policy| policy.max_attempts), Ok(10));
    assert_eq!(read(json!({ "max_retries": 9, "max_attempts": 2 })).map(|policy| policy.max_attempts), Ok(2));
}

#[test]
fn a_wrong_retry_policy_says_what_is_wrong() {
    for (value, words) in [
        (json!("fast"), "unknown variant `fast`, expected one of `default`, `batch`, `classic`, `none`"),
        (json!({ "retries": 2 }), "unknown field `retries`, expected one of `preset`, `max_retries`"),
        (json!({ "base": "soon" }), "expected a duration such as \"250ms\""),
        (json!(3), "expected a retry preset (`default`, `batch`, `classic`, `none`) or a table"),
    ] {
        let message = read(value).unwrap_err();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn policies_survive_a_round_trip() {
    let policy = RetryPolicy::classic().with_max_hint(ms(900_000));
    let value = serde_json::to_value(&policy).unwrap();
    assert_eq!(value["base"], "5s");
    assert_eq!(value["max_hint"], "15m");
    assert_eq!(read(value), Ok(policy));

    let timeouts = TimeoutPolicy::default().with_attempt(ms(30_000));
    assert_eq!(serde_json::to_value(&timeouts).unwrap(), json!({ "total": "10m", "attempt": "30s" }));
    assert_eq!(from_value::<TimeoutPolicy>(json!({ "attempt": 30 })).unwrap(), timeouts);

    let fallback = FallbackPolicy::default().with_content_filter(true);
    assert_eq!(serde_json::to_value(&fallback).unwrap(), json!({ "max_targets": 3, "content_filter": true }));
    assert_eq!(from_value::<FallbackPolicy>(json!({ "content_filter": true })).unwrap(), fallback);
}

#[test]
fn a_stream_policy_reads_as_a_route_says_it() {
    let read = |value: Value| from_value::<StreamPolicy>(value).map_err(|error| error.to_string());
    assert_eq!(read(json!({})), Ok(StreamPolicy::default()));
    assert_eq!(read(json!({ "commit": "complete" })), Ok(StreamPolicy::default().with_commit(Commit::Complete)));
    let window = Commit::Window(Window::new(60, ms(1500)));
    assert_eq!(
        read(
            json!({ "commit": { "window": { "tokens": 60, "time": "1500ms" } }, "on_break": "resume", "hold": 65536 })
        ),
        Ok(StreamPolicy::default().with_commit(window).with_on_break(OnBreak::Resume).with_hold(65_536))
    );
    assert_eq!(
        read(json!({ "commit": { "window": {} } })),
        Ok(StreamPolicy::default().with_commit(Commit::Window(Window::default())))
    );
    for (value, words) in [
        (json!({ "commit": "last_output" }), "expected one of `first_output`, `window`, `complete`"),
        (json!({ "on_break": "retry" }), "expected `error` or `resume`"),
        (json!({ "commit": { "window": { "ms": 5 } } }), "unknown field `ms`"),
        (json!({ "mode": 1 }), "unknown field `mode`"),
    ] {
        let message = read(value).unwrap_err();
        assert!(message.contains(words), "{message}");
    }
    let whole = serde_json::to_value(StreamPolicy::default().with_commit(window)).unwrap();
    assert_eq!(whole["commit"], json!({ "window": { "tokens": 60, "time": "1500ms" } }));
}

#[test]
fn a_retry_budget_is_configuration() {
    use llm_resilience::RetryBudget;
    assert_eq!(RetryBudget::default(), RetryBudget::new(20, 1, 100));
    assert_eq!(from_value::<RetryBudget>(json!({})).unwrap(), RetryBudget::default());
    assert_eq!(from_value::<RetryBudget>(json!({ "percent": 10 })).unwrap(), RetryBudget::new(10, 1, 100));
    let value = serde_json::to_value(RetryBudget::new(1, 2, 3)).unwrap();
    assert_eq!(value, json!({ "percent": 1, "per_second": 2, "cap": 3 }));
    assert!(from_value::<RetryBudget>(json!({ "share": 1 })).unwrap_err().to_string().contains("unknown field"));
}

//! The rules of a breaker as configuration.

use llm_resilience::{BreakerPolicy, Share};
use serde_json::{Value, from_value, json};

use crate::support::ms;

fn read(value: Value) -> Result<BreakerPolicy, String> {
    from_value(value).map_err(|error| error.to_string())
}

#[test]
fn a_breaker_policy_is_a_preset_or_a_table() {
    assert_eq!(read(json!("default")), Ok(BreakerPolicy::default()));
    assert_eq!(read(json!("classic")), Ok(BreakerPolicy::classic()));
    assert_eq!(read(json!("off")), Ok(BreakerPolicy::off()));
    assert_eq!(
        read(json!({ "failures": 3, "open_for": "10m", "half_open_probes": 2 })),
        Ok(BreakerPolicy::default().with_failures(3).with_open_for(ms(600_000)).with_probes(2, 1))
    );
    let table = json!({
        "preset": "classic", "window": "1m", "min_calls": 50, "failure_rate": 0.25, "slow_after": "10s",
        "slow_rate": 1, "growth": 3, "max_open_for": "30m", "jitter": 0.1, "half_open_successes": 2,
    });
    let policy = BreakerPolicy::classic()
        .with_failure_rate(ms(60_000), 50, Share::percent(25))
        .with_slow_rate(ms(10_000), Share::percent(100))
        .with_growth(3, ms(1_800_000))
        .with_jitter(Share::percent(10))
        .with_probes(1, 2);
    assert_eq!(read(table), Ok(policy.clone()));
    let value = serde_json::to_value(&policy).unwrap();
    assert_eq!((&value["open_for"], &value["failure_rate"]), (&json!("1m"), &json!(0.25)));
    assert_eq!(read(value), Ok(policy));
}

#[test]
fn a_wrong_breaker_policy_says_what_is_wrong() {
    for (value, words) in [
        (json!("on"), "unknown variant `on`, expected one of `default`, `classic`, `off`"),
        (json!({ "failure": 2 }), "unknown field `failure`, expected one of `preset`, `failures`"),
        (json!({ "failure_rate": 50 }), "50 is no share: write a number from 0 to 1"),
        (json!({ "open_for": "long" }), "expected a duration such as \"250ms\""),
        (json!(3), "expected a breaker preset (`default`, `classic`, `off`) or a table"),
    ] {
        let message = read(value).unwrap_err();
        assert!(message.contains(words), "{message}");
    }
}

//! Retry hints: what each header means, and what is ignored.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};
use llm_wire::{RetryHint, google_retry_delay, retry_after};
use proptest::prelude::*;

/// Fri, 20 Nov 2026 12:00:00 GMT.
const NOON: Duration = Duration::from_secs(1_795_176_000);
const DATE: (&str, &str) = ("date", "Fri, 20 Nov 2026 12:00:00 GMT");

pub(crate) fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + NOON
}

pub(crate) fn header_map(rows: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        (name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    let mut headers = HeaderMap::new();
    for (name, value) in rows.iter().map(pair) {
        headers.append(name, value);
    }
    headers
}

#[track_caller]
fn check(rows: &[(&str, &str)], seconds: Option<f64>) {
    let expected = seconds.map(Duration::from_secs_f64);
    assert_eq!(retry_after(&header_map(rows), None), expected, "{rows:?}");
    for status in [400, 408, 429, 500, 503, 529] {
        assert_eq!(RetryHint::read(status, &header_map(rows), None).retry_after, expected, "{status} {rows:?}");
    }
    assert_eq!(RetryHint::read(200, &header_map(rows), None), RetryHint::default(), "{rows:?}");
}

#[test]
fn numbers_of_seconds() {
    check(&[("retry-after", "7")], Some(7.0));
    check(&[("retry-after", " 1.5 ")], Some(1.5));
    check(&[("retry-after", "2592000")], Some(2_592_000.0));
    check(&[], None);
}

#[test]
fn milliseconds_come_first() {
    check(&[("retry-after", "2"), ("retry-after-ms", "1250")], Some(1.25));
    check(&[("retry-after-ms", "0.5")], Some(0.0005));
    check(&[("retry-after", "2"), ("retry-after-ms", "soon")], Some(2.0));
}

#[test]
fn zero_orders_nothing() {
    // Azure, recorded 2026-08: the milliseconds are rounded down, the seconds up.
    check(&[("retry-after", "1"), ("retry-after-ms", "0")], Some(1.0));
    check(&[("retry-after", "0")], None);
}

#[test]
fn dates_count_from_the_date_of_the_response() {
    check(&[DATE, ("retry-after", "Fri, 20 Nov 2026 12:00:30 GMT")], Some(30.0));
    check(&[DATE, ("retry-after", "Friday, 20-Nov-26 12:01:00 GMT")], Some(60.0));
    check(&[DATE, ("retry-after", "Fri Nov 20 13:00:00 2026")], Some(3600.0));
    check(&[DATE, ("retry-after", "Fri, 20 Nov 2026 11:59:59 GMT")], None);
    check(&[DATE, ("retry-after", "Fri, 20 Nov 2027 12:00:00 GMT")], None);
    check(&[("retry-after", "Fri, 20 Nov 2026 12:00:30 GMT")], None);
    check(&[("date", "now"), ("retry-after", "Fri, 20 Nov 2026 12:00:30 GMT")], None);
}

#[test]
fn our_clock_serves_only_where_the_server_shows_none() {
    let row = ("retry-after", "Fri, 20 Nov 2026 12:00:30 GMT");
    assert_eq!(retry_after(&header_map(&[row]), Some(noon())), Some(Duration::from_secs(30)));
    let skewed = noon() + Duration::from_hours(2);
    assert_eq!(retry_after(&header_map(&[DATE, row]), Some(skewed)), Some(Duration::from_secs(30)));
}

#[test]
fn nonsense_is_ignored_and_counted() {
    let hostile = [
        "-1",
        "nan",
        "NaN",
        "inf",
        "-inf",
        "infinity",
        "1e308",
        "1e3",
        "∞",
        "2592001",
        "99999999999999999999999",
        "",
        "soon",
        "1,5",
        "0x10",
        "1 second",
        "--",
        ".",
        "1.2.3",
        "Fri, 99 Nov 2026 12:00:30 GMT",
    ];
    for value in hostile {
        check(&[DATE, ("retry-after", value)], None);
        check(
            &[DATE, ("retry-after", "3"), ("retry-after-ms", value)],
            if value == "2592001" { Some(2592.001) } else { Some(3.0) },
        );
        assert_eq!(RetryHint::read(429, &header_map(&[("retry-after", value)]), None).ignored, 1, "{value}");
    }
    check(&[("retry-after", "soon"), ("retry-after", "4")], Some(4.0));
}

#[test]
fn should_retry() {
    for (value, expected) in [("true", Some(true)), ("False", Some(false)), ("maybe", None), ("", None)] {
        let hint = RetryHint::read(400, &header_map(&[("x-should-retry", value)]), None);
        assert_eq!(hint.should_retry, expected, "{value}");
    }
    assert_eq!(RetryHint::read(400, &HeaderMap::new(), None), RetryHint::default());
}

#[test]
fn exhausted_limits_speak_only_for_throttling() {
    let rows = [("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "7.66s")];
    for (status, expected) in
        [(429, Some(7.66)), (503, Some(7.66)), (529, Some(7.66)), (500, None), (400, None), (200, None)]
    {
        let hint = RetryHint::read(status, &header_map(&rows), None);
        assert_eq!(hint.retry_after, expected.map(Duration::from_secs_f64), "{status}");
    }
    let explicit = [rows[0], rows[1], ("retry-after", "2")];
    assert_eq!(RetryHint::read(429, &header_map(&explicit), None).retry_after, Some(Duration::from_secs(2)));
}

#[test]
fn google_delays() {
    let rows = [
        ("22s", Some(22.0)),
        ("34.4s", Some(34.4)),
        ("34.425684437s", Some(34.425_684_437)),
        (" 5s ", Some(5.0)),
        ("0s", None),
        ("-1s", None),
        ("22", None),
        ("22m", None),
        ("s", None),
        ("", None),
        ("infs", None),
        ("1e9s", None),
        ("2592001s", None),
    ];
    for (text, expected) in rows {
        assert_eq!(google_retry_delay(text), expected.map(Duration::from_secs_f64), "{text}");
    }
}

proptest! {
    #[test]
    fn no_value_orders_more_than_thirty_days(value in prop_oneof!["\\PC{0,40}", "[0-9.]{0,30}", "[-0-9.smhdTZ:+e]{0,30}"], ms in any::<bool>()) {
        let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) else { return Ok(()) };
        let mut headers = header_map(&[DATE]);
        headers.insert(if ms { "retry-after-ms" } else { "retry-after" }, value);
        let hint = RetryHint::read(429, &headers, Some(noon()));
        prop_assert!(hint.retry_after.is_none_or(|wait| !wait.is_zero() && wait <= Duration::from_hours(720)));
    }
}

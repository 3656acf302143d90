//! Rate limits: every spelling of a reset, and which window speaks.

use std::time::{Duration, SystemTime};

use llm_wire::rate_limit::{RateLimitWindow, exhausted_wait, rate_limits};
use proptest::prelude::*;

use crate::retry_hint::{header_map, noon};

#[track_caller]
fn check_reset(text: &str, seconds: Option<f64>) {
    let headers = header_map(&[("x-ratelimit-reset-requests", text), ("x-ratelimit-remaining-requests", "0")]);
    let reset = rate_limits(&headers, Some(noon())).requests.reset;
    let close = match (reset, seconds) {
        (Some(reset), Some(seconds)) => (reset.as_secs_f64() - seconds).abs() < 1e-6,
        (reset, seconds) => reset.is_none() && seconds.is_none(),
    };
    assert!(close, "{text}: {reset:?} is not {seconds:?}");
    assert_eq!(exhausted_wait(&headers, Some(noon())), reset.filter(|reset| !reset.is_zero()), "{text}");
}

#[test]
fn resets_as_durations() {
    check_reset("6m0s", Some(360.0));
    check_reset("20ms", Some(0.02));
    check_reset("7.66s", Some(7.66));
    check_reset("2m59.56s", Some(179.56));
    check_reset("83h10m39.057s", Some(299_439.057));
    check_reset("1d2h", Some(93_600.0));
    check_reset("0s", Some(0.0));
    check_reset("150us", Some(0.000_15));
}

#[test]
fn resets_as_numbers() {
    check_reset("0", Some(0.0));
    check_reset("7", Some(7.0));
    check_reset("33011.38", Some(33_011.38));
    check_reset("1795176060", Some(60.0));
    check_reset("1795176060000", Some(60.0));
    check_reset("1795176060.5", Some(60.5));
}

#[test]
fn resets_as_dates() {
    check_reset("2026-11-20T12:00:30Z", Some(30.0));
    check_reset("2026-11-20t12:00:30.250z", Some(30.25));
    check_reset("2026-11-20 13:00:30+01:00", Some(30.0));
    check_reset("2026-11-20T05:00:30-07:00", Some(30.0));
    check_reset("2026-11-20T12:00:00Z", Some(0.0));
}

#[test]
fn nonsense_resets_are_ignored() {
    let rows = [
        "",
        "-1",
        "soon",
        "5x",
        "5m3",
        "m5",
        "1.2.3s",
        "ms",
        "-5s",
        "1e308",
        "nan",
        "31d",
        "9999999h",
        "2592001",
        "999999999999999999999",
        "1795000000",
        "2026-11-20T11:59:59Z",
        "2027-11-20T12:00:00Z",
        "2026-13-20T12:00:00Z",
        "2026-11-20T12:00:30",
        "2026-11-20",
        "2026-11-20T12:00:30.Z",
        "2026-11-20T12:00:30+1:00",
        "0000-01-01T00:00:00Z",
        "1970-01-01T00:00:00+23:59",
        "∞",
        "2026-11-20T12:00:3\u{e9}",
    ];
    for text in rows {
        check_reset(text, None);
    }
}

#[test]
fn dates_need_a_clock() {
    let headers = header_map(&[("anthropic-ratelimit-requests-reset", "2026-11-20T12:00:30Z")]);
    assert_eq!(rate_limits(&headers, None).requests.reset, None);
}

#[track_caller]
fn check_windows(rows: &[(&str, &str)], expected: [Option<(u64, u64, u64)>; 4]) {
    let reading = rate_limits(&header_map(rows), Some(noon()));
    let windows = [reading.requests, reading.tokens, reading.input_tokens, reading.output_tokens];
    let plain = |window: RateLimitWindow| {
        let known = window != RateLimitWindow::default();
        let reset = window.reset.map_or(0, |reset| reset.as_secs());
        known.then(|| (window.limit.unwrap_or(0), window.remaining.unwrap_or(0), reset))
    };
    assert_eq!(windows.map(plain), expected);
}

#[test]
fn headers_of_each_vendor() {
    let openai = [
        ("x-ratelimit-limit-requests", "30000"),
        ("x-ratelimit-limit-tokens", "150000000"),
        ("x-ratelimit-remaining-requests", "29999"),
        ("x-ratelimit-remaining-tokens", "149999945"),
        ("x-ratelimit-reset-requests", "2s"),
        ("x-ratelimit-reset-tokens", "1m"),
        ("x-ratelimit-remaining-input-images", "49999"),
    ];
    check_windows(&openai, [Some((30000, 29999, 2)), Some((150_000_000, 149_999_945, 60)), None, None]);
    let anthropic = [
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "49"),
        ("anthropic-ratelimit-requests-reset", "2026-11-20T12:00:01Z"),
        ("anthropic-ratelimit-input-tokens-remaining", "10"),
        ("anthropic-ratelimit-output-tokens-remaining", "20"),
        ("anthropic-ratelimit-tokens-remaining", "30"),
    ];
    check_windows(&anthropic, [Some((50, 49, 1)), Some((0, 30, 0)), Some((0, 10, 0)), Some((0, 20, 0))]);
    let mistral = [
        ("x-ratelimit-limit-req-minute", "60"),
        ("x-ratelimit-remaining-req-minute", "52"),
        ("x-ratelimit-limit-tokens-minute", "500000"),
        ("x-ratelimit-remaining-tokens-minute", "400000"),
        ("x-ratelimit-limit-tokens-month", "1000000000"),
        ("x-ratelimit-remaining-tokens-month", "9000"),
        ("x-ratelimit-tokens-query-cost", "21"),
    ];
    check_windows(&mistral, [Some((60, 52, 0)), Some((1_000_000_000, 9000, 0)), None, None]);
    let together = [
        ("x-ratelimit", "false"),
        ("x-ratelimit-limit", "10"),
        ("x-ratelimit-remaining", "9"),
        ("x-ratelimit-reset", "2"),
    ];
    check_windows(&together, [Some((10, 9, 2)), None, None, None]);
    let by_size = [("ratelimitbysize-remaining", "348385"), ("ratelimitbysize-reset", "23")];
    check_windows(&by_size, [None, Some((0, 348_385, 23)), None, None]);
    check_windows(&[("x-ratelimit-remaining-requests", "many"), ("content-type", "text/plain")], [None; 4]);
}

#[test]
fn the_summary_speaks_loquats_words() {
    let summary = |rows: &[(&str, &str)]| rate_limits(&header_map(rows), Some(noon())).summary();
    assert_eq!(summary(&[("content-type", "text/plain")]), None);
    assert_eq!(summary(&[("x-ratelimit-limit-requests", "5")]).unwrap().requests_limit, Some(5));
    let apart = [
        ("anthropic-ratelimit-requests-remaining", "3"),
        ("anthropic-ratelimit-input-tokens-remaining", "20"),
        ("anthropic-ratelimit-output-tokens-remaining", "10"),
        ("anthropic-ratelimit-output-tokens-limit", "50"),
        ("anthropic-ratelimit-output-tokens-reset", "2026-11-20T12:00:09Z"),
        ("anthropic-ratelimit-tokens-remaining", "30"),
    ];
    let limits = summary(&apart[..5]).unwrap();
    assert_eq!((limits.requests_remaining, limits.requests_reset), (Some(3), None));
    assert_eq!((limits.input_tokens_limit, limits.input_tokens_remaining), (None, Some(20)));
    assert_eq!((limits.output_tokens_limit, limits.output_tokens_remaining), (Some(50), Some(10)));
    assert_eq!(limits.output_tokens_reset, Some(Duration::from_secs(9)));
    assert_eq!(limits.tokens_remaining, None, "a limit of one kind is no limit of both");
    assert_eq!(summary(&apart).unwrap().tokens_remaining, Some(30));
}

#[test]
fn the_longest_reset_of_the_exhausted_windows_counts() {
    let rows = [
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "2s"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "6m0s"),
        ("x-ratelimit-remaining-input-images", "5"),
        ("x-ratelimit-reset-input-images", "1h"),
    ];
    assert_eq!(exhausted_wait(&header_map(&rows), None), Some(Duration::from_secs(360)));
    assert_eq!(exhausted_wait(&header_map(&rows[..2]), None), Some(Duration::from_secs(2)));
    assert_eq!(exhausted_wait(&header_map(&rows[4..]), None), None);
    let anthropic = [
        ("date", "Fri, 20 Nov 2026 12:00:00 GMT"),
        ("anthropic-ratelimit-output-tokens-remaining", "0"),
        ("anthropic-ratelimit-output-tokens-reset", "2026-11-20T12:00:45Z"),
    ];
    assert_eq!(exhausted_wait(&header_map(&anthropic), None), Some(Duration::from_secs(45)));
}

#[test]
fn more_windows_than_any_server_has_do_no_harm() {
    let names: Vec<String> = (0..40).map(|number| format!("x-ratelimit-remaining-req-{number}-second")).collect();
    let rows: Vec<_> = names.iter().map(|name| (name.as_str(), "5")).collect();
    assert_eq!(rate_limits(&header_map(&rows), None).requests.remaining, Some(5));
}

proptest! {
    /// The calendar of httpdate is the oracle for ours.
    #[test]
    fn dates_are_read_like_httpdate_writes_them(seconds in 0_u64..4_102_444_800, ahead in 0_u64..2_592_000) {
        let (now, then) = [seconds, seconds + ahead].map(|at| SystemTime::UNIX_EPOCH + Duration::from_secs(at)).into();
        let date = httpdate::fmt_http_date(then);
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let month = months.iter().position(|month| *month == &date[8..11]).unwrap() + 1;
        let text = format!("{}-{month:02}-{}T{}Z", &date[12..16], &date[5..7], &date[17..25]);
        let headers = header_map(&[("anthropic-ratelimit-requests-reset", &text)]);
        prop_assert_eq!(rate_limits(&headers, Some(now)).requests.reset, Some(Duration::from_secs(ahead)));
    }

    #[test]
    fn no_value_panics_or_resets_later_than_thirty_days(text in prop_oneof!["\\PC{0,40}", "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{0,12}[-+Z0-9:]{0,6}", "[0-9.]{0,25}[a-z]{0,2}[0-9.]{0,25}[a-z]{0,2}"]) {
        let Ok(value) = http::HeaderValue::from_bytes(text.as_bytes()) else { return Ok(()) };
        let mut headers = http::HeaderMap::new();
        headers.insert("x-ratelimit-reset-tokens", value);
        let reset = rate_limits(&headers, Some(noon())).tokens.reset;
        prop_assert!(reset.is_none_or(|reset| reset <= Duration::from_hours(720)));
    }
}

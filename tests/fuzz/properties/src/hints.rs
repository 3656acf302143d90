//! Retry hints and rate limits: no panic, and no wait beyond thirty days, whatever the headers hold.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue};
use llm_wire::{RetryHint, google_retry_delay, rate_limits};

const NAMES: [&str; 7] = [
    "date",
    "retry-after",
    "retry-after-ms",
    "x-ratelimit-reset-requests",
    "x-ratelimit-remaining-requests",
    "anthropic-ratelimit-tokens-reset",
    "x-should-retry",
];
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// One header a line, in the order of `NAMES`; the whole as Google's delay.
pub fn check(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for (name, value) in NAMES.iter().zip(data.split(|byte| *byte == b'\n')) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(*name, value);
        }
    }
    for received_at in [None, Some(SystemTime::UNIX_EPOCH), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 31))]
    {
        let hint = RetryHint::read(429, &headers, received_at);
        assert!(hint.retry_after.is_none_or(|wait| !wait.is_zero() && wait <= LONGEST), "{hint:?}");
        let limits = rate_limits(&headers, received_at);
        for window in [limits.requests, limits.tokens] {
            assert!(window.reset.is_none_or(|reset| reset <= LONGEST), "{window:?}");
        }
    }
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(google_retry_delay(text).is_none_or(|wait| wait <= LONGEST), "{text}");
    }
}

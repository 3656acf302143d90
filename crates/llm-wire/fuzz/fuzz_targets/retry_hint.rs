//! Retry hints and rate limits: no panic, and no wait beyond thirty days, whatever the headers hold.
#![no_main]

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
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

fuzz_target!(|input: &[u8]| {
    // One header a line.
    let mut headers = HeaderMap::new();
    for (name, value) in NAMES.iter().zip(input.split(|byte| *byte == b'\n')) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(*name, value);
        }
    }
    let longest = Duration::from_hours(30 * 24);
    for received_at in [None, Some(SystemTime::UNIX_EPOCH), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 31))] {
        let hint = RetryHint::read(429, &headers, received_at);
        assert!(hint.retry_after.is_none_or(|wait| !wait.is_zero() && wait <= longest));
        let limits = rate_limits(&headers, received_at);
        for window in [limits.requests, limits.tokens] {
            assert!(window.reset.is_none_or(|reset| reset <= longest));
        }
    }
    if let Ok(text) = std::str::from_utf8(input) {
        assert!(google_retry_delay(text).is_none_or(|wait| wait <= longest));
    }
});

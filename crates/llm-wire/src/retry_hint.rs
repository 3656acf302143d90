//! What a server says about trying again, read from the headers of its answer.
//!
//! Pure functions: the only clock is the response's own `Date` header, or the moment the caller says it was received.
//! Values that are negative, not a number or longer than 30 days are ignored and counted; so is zero, which orders
//! nothing (Azure sends `retry-after-ms: 0` beside `retry-after: 1`).

use std::time::{Duration, SystemTime};

use http::HeaderMap;

use crate::rate_limit;
use crate::timestamp;

/// The hints of one response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryHint {
    /// How long to wait before the next try.
    pub retry_after: Option<Duration>,
    /// `x-should-retry`: the server permits or forbids a retry, whatever the status says.
    pub should_retry: Option<bool>,
    /// How many headers held a wait that makes no sense.
    pub ignored: u32,
}

impl RetryHint {
    /// Reads the hints of a response.
    ///
    /// - Below 400: none. Anthropic, Together and `HuggingFace` put `retry-after` on good answers; it orders nothing there
    ///   (rate limits of good answers come from [`rate_limits`](rate_limit::rate_limits)).
    /// - Any error: `retry-after-ms`, else `retry-after`, and `x-should-retry`.
    /// - 429, 503, 529 without those: the longest reset among the exhausted rate limits.
    ///
    /// Google's hint is in the body: [`google_retry_delay`] goes before this one.
    pub fn read(status: u16, headers: &HeaderMap, received_at: Option<SystemTime>) -> Self {
        if status < 400 {
            return Self::default();
        }
        let (mut wait, ignored) = explicit(headers, received_at);
        if wait.is_none() && matches!(status, 429 | 503 | 529) {
            wait = rate_limit::exhausted_wait(headers, received_at);
        }
        Self { retry_after: wait, should_retry: should_retry(headers), ignored }
    }
}

/// The wait that `retry-after-ms` or, failing that, `retry-after` orders, whatever the status of the response.
///
/// `retry-after` may be a number of seconds or an HTTP date; a date counts from the response's `Date` header, else from
/// `received_at`, and is ignored without both.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header::RETRY_AFTER};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(RETRY_AFTER, HeaderValue::from_static("1.5"));
/// assert_eq!(llm_wire::retry_after(&headers, None), Some(std::time::Duration::from_millis(1500)));
/// ```
pub fn retry_after(headers: &HeaderMap, received_at: Option<SystemTime>) -> Option<Duration> {
    explicit(headers, received_at).0
}

/// The delay of Google's `RetryInfo` (`error.details[].retryDelay`), a protobuf duration in JSON: `22s`, `34.4s`.
///
/// Whether a daily quota stands beside it, which makes the delay a lie, is for the caller to see.
pub fn google_retry_delay(text: &str) -> Option<Duration> {
    timestamp::seconds(text.trim().strip_suffix('s')?).filter(|wait| !wait.is_zero())
}

fn should_retry(headers: &HeaderMap) -> Option<bool> {
    let value = headers.get("x-should-retry").and_then(timestamp::text)?;
    if value.eq_ignore_ascii_case("true") {
        Some(true)
    } else if value.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// The explicit wait, and how many headers held nonsense before it was found.
fn explicit(headers: &HeaderMap, received_at: Option<SystemTime>) -> (Option<Duration>, u32) {
    let mut ignored = 0;
    for name in ["retry-after-ms", "retry-after"] {
        for value in headers.get_all(name) {
            let wait = timestamp::text(value).and_then(|text| {
                if name == "retry-after-ms" {
                    return timestamp::milliseconds(text);
                }
                timestamp::seconds(text).or_else(|| timestamp::http_date(text, timestamp::moment(headers, received_at)))
            });
            match wait {
                Some(wait) if !wait.is_zero() => return (Some(wait), ignored),
                Some(_) => {}
                None => ignored += 1,
            }
        }
    }
    (None, ignored)
}

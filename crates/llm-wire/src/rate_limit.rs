//! The rate limits that a server reports in the headers of every answer.
//!
//! Names seen in recorded traffic (2026-11): `x-ratelimit-{limit,remaining,reset}` alone (Together, OpenRouter) or with a
//! dimension behind (`-requests`, `-tokens`, Mistral's `-req-minute` and `-tokens-month`), the same without `x-` or with
//! `ratelimitbysize` (Mistral), and `anthropic-ratelimit-DIMENSION-{limit,remaining,reset}`.
//! Resets come as `7m12s`, bare seconds, seconds or milliseconds since 1970, and RFC 3339.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use llm_core::RateLimits;

use crate::timestamp;

/// Windows beyond this many are not read; the most in one recorded answer is five.
const MOST_WINDOWS: usize = 16;

/// One limit: how much is allowed, how much is left, and when it is full again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitWindow {
    /// How much the window allows.
    pub limit: Option<u64>,
    /// How much is left.
    pub remaining: Option<u64>,
    /// When the window is full again, counted from the response.
    pub reset: Option<Duration>,
}

/// The limits of one response by what they count. Of several windows (a minute, a day) the one with the least left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitReading {
    /// Requests.
    pub requests: RateLimitWindow,
    /// Tokens of either kind.
    pub tokens: RateLimitWindow,
    /// Input tokens, where they are limited apart.
    pub input_tokens: RateLimitWindow,
    /// Output tokens, where they are limited apart.
    pub output_tokens: RateLimitWindow,
}

/// Reads the rate limits of a response of any status.
pub fn rate_limits(headers: &HeaderMap, received_at: Option<SystemTime>) -> RateLimitReading {
    let mut reading = RateLimitReading::default();
    for found in windows(headers, received_at).iter().flatten() {
        let slot = match found.counts() {
            Counts::Requests => &mut reading.requests,
            Counts::Tokens => &mut reading.tokens,
            Counts::InputTokens => &mut reading.input_tokens,
            Counts::OutputTokens => &mut reading.output_tokens,
            Counts::Other => continue,
        };
        if slot.tightness() > found.window.tightness() {
            *slot = found.window;
        }
    }
    reading
}

/// The longest reset among the windows with nothing left: before that, the same call cannot succeed.
///
/// This is a fallback for answers that refuse a call without saying when to come back; it means nothing on good answers.
pub fn exhausted_wait(headers: &HeaderMap, received_at: Option<SystemTime>) -> Option<Duration> {
    let windows = windows(headers, received_at);
    let exhausted = windows.iter().flatten().filter(|found| found.window.remaining == Some(0));
    exhausted.filter_map(|found| found.window.reset).max().filter(|wait| !wait.is_zero())
}

impl RateLimitReading {
    /// The reading in Loquat's words; `None` if the response said nothing.
    pub fn summary(&self) -> Option<RateLimits> {
        let mut summary = RateLimits::default();
        (summary.requests_limit, summary.requests_remaining, summary.requests_reset) = self.requests.parts();
        (summary.tokens_limit, summary.tokens_remaining, summary.tokens_reset) = self.tokens.parts();
        (summary.input_tokens_limit, summary.input_tokens_remaining, summary.input_tokens_reset) =
            self.input_tokens.parts();
        (summary.output_tokens_limit, summary.output_tokens_remaining, summary.output_tokens_reset) =
            self.output_tokens.parts();
        (summary != RateLimits::default()).then_some(summary)
    }
}

impl RateLimitWindow {
    fn parts(&self) -> (Option<u64>, Option<u64>, Option<Duration>) {
        (self.limit, self.remaining, self.reset)
    }

    /// Smaller is tighter; windows that do not say what is left come last.
    fn tightness(&self) -> (bool, u64, bool) {
        (self.remaining.is_none(), self.remaining.unwrap_or(u64::MAX), *self == Self::default())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Limit,
    Remaining,
    Reset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    Requests,
    Tokens,
    InputTokens,
    OutputTokens,
    Other,
}

/// The headers of one family and dimension, taken together.
#[derive(Clone, Copy, Debug)]
struct Found<'h> {
    family: &'static str,
    dimension: &'h str,
    window: RateLimitWindow,
}

impl Found<'_> {
    fn counts(&self) -> Counts {
        let dimension = self.dimension;
        if dimension.starts_with("input-tokens") {
            Counts::InputTokens
        } else if dimension.starts_with("output-tokens") {
            Counts::OutputTokens
        } else if dimension.starts_with("tokens") || self.family.ends_with("bysize-") {
            Counts::Tokens
        } else if dimension.starts_with("req") || matches!(dimension, "" | "minute" | "hour" | "day") {
            Counts::Requests
        } else {
            // Images, pages, seconds of audio: limits of calls that carry them.
            Counts::Other
        }
    }
}

fn windows(headers: &HeaderMap, received_at: Option<SystemTime>) -> [Option<Found<'_>>; MOST_WINDOWS] {
    let mut windows = [None; MOST_WINDOWS];
    let mut now = None;
    for (name, value) in headers {
        let Some((family, field, dimension)) = parse(name.as_str()) else { continue };
        let Some(text) = timestamp::text(value) else { continue };
        let same = |found: &Found<'_>| found.family == family && found.dimension == dimension;
        let Some(slot) = windows.iter_mut().find(|slot| slot.as_ref().is_none_or(same)) else { continue };
        let found = slot.get_or_insert(Found { family, dimension, window: RateLimitWindow::default() });
        match field {
            Field::Limit => found.window.limit = text.parse().ok(),
            Field::Remaining => found.window.remaining = text.parse().ok(),
            Field::Reset => {
                let now = *now.get_or_insert_with(|| timestamp::moment(headers, received_at));
                found.window.reset = timestamp::reset(text, now);
            }
        }
    }
    windows
}

/// Splits a header name into family, field and dimension.
fn parse(name: &str) -> Option<(&'static str, Field, &str)> {
    const FAMILIES: [&str; 5] =
        ["x-ratelimit-", "anthropic-ratelimit-", "ratelimit-", "x-ratelimitbysize-", "ratelimitbysize-"];
    const FIELDS: [(&str, Field); 3] =
        [("limit", Field::Limit), ("remaining", Field::Remaining), ("reset", Field::Reset)];
    let (family, rest) = FAMILIES.iter().find_map(|family| Some((*family, name.strip_prefix(family)?)))?;
    FIELDS.iter().find_map(|(word, field)| {
        let dimension = match rest.strip_prefix(word) {
            Some("") => Some(""),
            Some(behind) => behind.strip_prefix('-'),
            None => rest.strip_suffix(word).and_then(|before| before.strip_suffix('-')),
        };
        Some((family, *field, dimension?))
    })
}

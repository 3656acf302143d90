//! The vendor's rate limits, as an answer carries them.

use std::time::SystemTime;

use http::HeaderMap;
use llm_core::RateLimits;

/// What the headers of a good answer say; `None` when they say nothing.
pub(crate) fn rate_limits(headers: &HeaderMap, received_at: Option<SystemTime>) -> Option<RateLimits> {
    let reading = llm_wire::rate_limits(headers, received_at);
    let limits = RateLimits {
        requests_remaining: reading.requests.remaining,
        tokens_remaining: reading.tokens.remaining,
        requests_reset: reading.requests.reset,
        tokens_reset: reading.tokens.reset,
    };
    (limits != RateLimits::default()).then_some(limits)
}

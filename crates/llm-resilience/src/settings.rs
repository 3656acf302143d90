//! How the requests of a route are driven: everything about retries, fallback, times, streams and hedges in one place.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::attempt::{FallbackPolicy, StreamPolicy};
use crate::hedge::HedgePolicy;
use crate::quality::QualityGate;
use crate::retry::RetryPolicy;
use crate::timeout::TimeoutPolicy;

/// How the requests of a route are driven.
///
/// A driver has one for all requests, and one for each route that wants others
/// ([`Builder::route_settings`](crate::Builder::route_settings)).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// When the same target is asked again.
    pub retry: RetryPolicy,
    /// When another target is asked.
    pub fallback: FallbackPolicy,
    /// How long a request and its attempts may take.
    pub timeouts: TimeoutPolicy,
    /// From where on a caller sees a stream, and what happens when it breaks.
    pub stream: StreamPolicy,
    /// When a second target is asked beside a slow one. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hedge: Option<HedgePolicy>,
    /// What is answered when every target failed, instead of an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canned: Option<Arc<str>>,
    /// Which answers are good enough. Default: all. It holds code, so it is no part of a configuration.
    #[serde(skip)]
    pub quality: Option<QualityGate>,
}

impl Settings {
    /// With other rules of retrying.
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// With other rules of falling over.
    pub fn with_fallback(mut self, fallback: FallbackPolicy) -> Self {
        self.fallback = fallback;
        self
    }

    /// With other times for requests and attempts.
    pub fn with_timeouts(mut self, timeouts: TimeoutPolicy) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// With other rules of streams.
    pub fn with_stream(mut self, stream: StreamPolicy) -> Self {
        self.stream = stream;
        self
    }

    /// With hedges.
    pub fn with_hedge(mut self, hedge: HedgePolicy) -> Self {
        self.hedge = Some(hedge);
        self
    }

    /// With a text that is answered when every target failed, instead of an error.
    ///
    /// It stands in for failures of vendors, not for those of the request itself, its budget or its caller.
    /// The answer says in its warnings and its origin (`canned`) what it is; observers still see the error.
    pub fn with_canned_answer(mut self, text: impl Into<Arc<str>>) -> Self {
        self.canned = Some(text.into());
        self
    }

    /// With a floor under the quality of answers.
    pub fn with_quality(mut self, quality: QualityGate) -> Self {
        self.quality = Some(quality);
        self
    }
}

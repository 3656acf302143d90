//! What holds for every route that says nothing else.

use std::time::Duration;

use llm_core::{Secret, duration_text};
use llm_resilience::{BreakerPolicy, FallbackPolicy, HedgePolicy, RetryPolicy, StreamPolicy, TimeoutProfile};
use serde::Deserialize;

use super::HealthConfig;

/// Settings of every route that says nothing else.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Defaults {
    /// The model that answers when a request names none: a route, `provider/model`, or a provider (its default model).
    pub model: Option<String>,
    /// Who answers when that one cannot, in order.
    pub fallback: Vec<String>,
    /// Longest time for a whole request, all attempts included. Default 600 s.
    #[serde(with = "duration_text::option")]
    pub timeout: Option<Duration>,
    /// Longest time of one attempt until its answer or the first content of its stream; then the next one is made.
    /// Default: what the timers for the first byte (60 s) and the first content (120 s) leave.
    #[serde(with = "duration_text::option")]
    pub attempt_timeout: Option<Duration>,
    /// Longest time until the first content of a stream, per attempt. Default 120 s.
    #[serde(with = "duration_text::option")]
    pub first_token_timeout: Option<Duration>,
    /// Longest silence of a stream. Default 30 s.
    #[serde(with = "duration_text::option")]
    pub idle_timeout: Option<Duration>,
    /// Which of these timers hold where nobody set them: `"auto"` (those for reasoning, 15 minutes to the first content,
    /// where the request asks for reasoning or the model always reasons), `"interactive"` or `"reasoning"`.
    pub timeout_profile: Option<TimeoutProfile>,
    /// Retries and attempts: a preset (`"default"`, `"classic"`, `"none"`), or a table that changes single values of one.
    pub retry: Option<RetryPolicy>,
    /// When a target that fails is left alone: a preset (`"default"`, `"classic"`, `"off"`), or a table that changes single
    /// values of one.
    pub breaker: Option<BreakerPolicy>,
    /// From where on callers see a stream, and what happens when it breaks after that.
    pub stream: Option<StreamPolicy>,
    /// When a second target is asked beside a slow one. Default: never.
    pub hedge: Option<HedgePolicy>,
    /// How many targets a request may try, and whether a refusal by a content filter goes on to the next.
    pub fall_over: Option<FallbackPolicy>,
    /// Whether targets are asked how they are. Default: not.
    pub health: Option<HealthConfig>,
    /// What is answered when every target failed, instead of an error.
    pub canned_answer: Option<String>,
    /// The proxy: a URL, or `"environment"` for what the conventional variables (`https_proxy`, …) say. Default none:
    /// a variable that happens to be set does not reroute prompts and keys.
    pub proxy: Option<Secret>,
}

impl Defaults {
    /// These, with `other` where they say nothing.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            model: self.model.or(other.model),
            fallback: if self.fallback.is_empty() { other.fallback } else { self.fallback },
            timeout: self.timeout.or(other.timeout),
            attempt_timeout: self.attempt_timeout.or(other.attempt_timeout),
            first_token_timeout: self.first_token_timeout.or(other.first_token_timeout),
            idle_timeout: self.idle_timeout.or(other.idle_timeout),
            timeout_profile: self.timeout_profile.or(other.timeout_profile),
            retry: self.retry.or(other.retry),
            breaker: self.breaker.or(other.breaker),
            stream: self.stream.or(other.stream),
            hedge: self.hedge.or(other.hedge),
            fall_over: self.fall_over.or(other.fall_over),
            health: self.health.or(other.health),
            canned_answer: self.canned_answer.or(other.canned_answer),
            proxy: self.proxy.or(other.proxy),
        }
    }
}

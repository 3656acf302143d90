//! The statistics of a target for people, dashboards and JSON.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use llm_core::Target;
use serde::{Serialize, Serializer};

use super::entry::{Entry, health};
use super::track::{Latencies, Track};
use crate::health::Health;

#[allow(clippy::trivially_copy_pass_by_ref, clippy::ref_option)] // the form that serde asks for
fn seconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_secs_f64()).serialize(serializer)
}

fn bare_seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// Recent latencies. In JSON all durations are seconds. Percentiles are off by at most 3.2 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LatencyStats {
    /// Their mean.
    #[serde(serialize_with = "bare_seconds")]
    pub mean: Duration,
    /// Half of them were no longer.
    #[serde(serialize_with = "bare_seconds")]
    pub p50: Duration,
    /// 90 of 100 were no longer.
    #[serde(serialize_with = "bare_seconds")]
    pub p90: Duration,
    /// 95 of 100 were no longer.
    #[serde(serialize_with = "bare_seconds")]
    pub p95: Duration,
    /// 99 of 100 were no longer.
    #[serde(serialize_with = "bare_seconds")]
    pub p99: Duration,
}

impl LatencyStats {
    fn of(latencies: &Latencies) -> Option<Self> {
        let [p50, p90, p95, p99] = latencies.histogram.percentiles([0.5, 0.9, 0.95, 0.99])?;
        let mean = Duration::from_secs_f64(latencies.mean.mean()?.max(0.0));
        Some(Self { mean, p50, p90, p95, p99 })
    }
}

/// Failures of one class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FailureStats {
    /// All of them.
    pub total: u64,
    /// Their share of the recent calls.
    pub recent_rate: f64,
}

/// Scores of a target.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct QualityStats {
    /// Mean of the scores, the recent ones more than the old ones.
    pub mean: f64,
    /// How many there were.
    pub count: u64,
    /// The same by the label that the scores were given under (`satisfaction`, `task_completion`).
    pub labels: BTreeMap<String, LabelStats>,
}

/// Scores under one label.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LabelStats {
    /// Their mean.
    pub mean: f64,
    /// How many there were.
    pub count: u64,
}

/// Calls for comparison only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ShadowStats {
    /// All of them.
    pub calls: u64,
    /// Those that failed.
    pub failures: u64,
    /// How long the others took, smoothed.
    #[serde(serialize_with = "seconds")]
    pub duration: Option<Duration>,
}

/// What was seen of one target. Totals count since the start; rates, latencies and scores are recent. Shadows count
/// nowhere but in `shadows`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TargetStats {
    /// Which target.
    pub target: Target,
    /// How it is.
    pub health: Health,
    /// Until it is tried again, while it is unavailable.
    #[serde(serialize_with = "seconds")]
    pub available_in: Option<Duration>,
    /// Failures since it last answered.
    pub failures_in_a_row: u32,
    /// Calls.
    pub calls: u64,
    /// Calls that were answered to the end.
    pub successes: u64,
    /// Calls that failed.
    pub failures: u64,
    /// The same by class.
    pub failures_by_class: BTreeMap<&'static str, FailureStats>,
    /// Calls that were given up, by their caller or because another call was faster.
    pub cancelled: u64,
    /// Of the calls: repeated ones.
    pub retries: u64,
    /// Of the calls: made beside another one that took long.
    pub hedges: u64,
    /// Of those: faster than the other one.
    pub hedges_won: u64,
    /// How often which target stepped in for this one.
    pub fallbacks: BTreeMap<String, u64>,
    /// Calls at work.
    pub in_flight: u32,
    /// Share of recent calls that it answered; what the caller spoilt or gave up does not count.
    pub success_rate: Option<f64>,
    /// Calls per second.
    pub calls_per_second: f64,
    /// Time to the first content of streams.
    pub first_token: Option<LatencyStats>,
    /// Time to the end of answers.
    pub total: Option<LatencyStats>,
    /// Output tokens per second within an answer.
    pub tokens_per_second: Option<f64>,
    /// Output tokens per second of all answers together.
    pub output_per_second: f64,
    /// Input tokens.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Cost in nano-dollars, as far as prices are known.
    pub cost_nano_usd: u64,
    /// Scores.
    pub quality: Option<QualityStats>,
    /// Since it was last called.
    #[serde(serialize_with = "seconds")]
    pub last_used_ago: Option<Duration>,
    /// Class of the last failure.
    pub last_error: Option<&'static str>,
    /// Since that failure.
    #[serde(serialize_with = "seconds")]
    pub last_error_ago: Option<Duration>,
    /// Calls for comparison only.
    pub shadows: ShadowStats,
}

/// The short form: what became of a model's calls.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ModelStats {
    /// Which model of which provider.
    pub target: Target,
    /// Calls that were answered to the end.
    pub success: u64,
    /// Calls that failed.
    pub failure: u64,
    /// Time to the end of an answer, on average over the recent ones.
    #[serde(serialize_with = "seconds")]
    pub average_latency: Option<Duration>,
    /// Since it was last called.
    #[serde(serialize_with = "seconds")]
    pub last_used_ago: Option<Duration>,
}

fn ago(at: Option<Instant>, now: Instant) -> Option<Duration> {
    at.map(|at| now.saturating_duration_since(at))
}

fn total_failures(track: &Track) -> u64 {
    track.failures.iter().map(|class| class.total).sum()
}

pub(super) fn model_stats(entry: &Entry, now: Instant) -> ModelStats {
    let track = entry.track();
    ModelStats {
        target: entry.target.clone(),
        success: track.successes,
        failure: total_failures(&track),
        average_latency: track.total.mean.mean().map(|mean| Duration::from_secs_f64(mean.max(0.0))),
        last_used_ago: ago(track.last_used, now),
    }
}

pub(super) fn target_stats(entry: &Entry, now: Instant) -> TargetStats {
    let settings = &*entry.settings;
    let half_life = settings.half_life;
    let track = entry.track();
    let rate = track.success_rate(settings, now);
    let recent_calls = track.recent_calls.value(half_life, now);
    let mut failures_by_class: BTreeMap<&'static str, FailureStats> = BTreeMap::new();
    for class in &track.failures {
        let stats = failures_by_class.entry(class.kind.as_str()).or_insert(FailureStats { total: 0, recent_rate: 0.0 });
        stats.total += class.total;
        if recent_calls > 0.01 {
            stats.recent_rate += class.recent.value(half_life, now) / recent_calls;
        }
    }
    let mut fallbacks: BTreeMap<String, u64> =
        track.fallbacks.iter().map(|(to, count)| (to.to_string(), *count)).collect();
    if track.other_fallbacks > 0 {
        fallbacks.insert("other".to_owned(), track.other_fallbacks);
    }
    let labels = track.labels.iter().filter_map(|label| {
        Some((label.label.to_string(), LabelStats { mean: label.mean.mean()?, count: label.count }))
    });
    let until = track.health.until(&settings.health).filter(|until| *until > now);
    TargetStats {
        target: entry.target.clone(),
        health: health(&track, &settings.health, rate, now),
        available_in: until.map(|until| until - now),
        failures_in_a_row: track.health.failures_in_a_row(),
        calls: track.calls,
        successes: track.successes,
        failures: total_failures(&track),
        failures_by_class,
        cancelled: track.cancelled,
        retries: track.retries,
        hedges: track.hedges,
        hedges_won: track.hedges_won,
        fallbacks,
        in_flight: entry.in_flight.load(Ordering::Relaxed),
        success_rate: rate.0,
        calls_per_second: track.recent_calls.per_second(half_life, now),
        first_token: LatencyStats::of(&track.first_token),
        total: LatencyStats::of(&track.total),
        tokens_per_second: track.tokens_per_second.value(),
        output_per_second: track.recent_output.per_second(half_life, now),
        input_tokens: track.input_tokens,
        output_tokens: track.output_tokens,
        cost_nano_usd: track.cost_total,
        quality: track.quality.mean().map(|mean| QualityStats {
            mean,
            count: track.quality_count,
            labels: labels.collect(),
        }),
        last_used_ago: ago(track.last_used, now),
        last_error: track.last_error.map(|(kind, _)| kind.as_str()),
        last_error_ago: ago(track.last_error.map(|(_, at)| at), now),
        shadows: ShadowStats {
            calls: track.shadows.calls,
            failures: track.shadows.failures,
            duration: track.shadows.duration.value().map(Duration::from_secs_f64),
        },
    }
}

//! The record of one target: a pure state that is told what happened and when.

use std::time::{Duration, Instant};

use llm_core::{AttemptReason, ErrorKind, Target, Usage};

use super::decay::{Decayed, DecayedMean, Ewma, PeakEwma};
use super::histogram::Histogram;
use super::settings::StatsSettings;
use crate::health::HealthState;

/// Names of scores that a target keeps apart; further ones count for its quality only.
const MAX_LABELS: usize = 16;
/// Targets to which fallbacks are counted one by one; further ones count together.
const MAX_FALLBACKS: usize = 32;

/// Failures of one class.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClassCount {
    pub(super) kind: ErrorKind,
    pub(super) total: u64,
    pub(super) recent: Decayed,
}

/// Latencies of one kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Latencies {
    pub(super) histogram: Histogram,
    pub(super) ewma: Ewma,
    pub(super) peak: PeakEwma,
    pub(super) mean: DecayedMean,
    p95: Option<Duration>,
    p95_at: Option<Instant>,
    count: u64,
}

/// A percentile that plans read is made again after this time, and after each of the first observations.
const P95_EVERY: Duration = Duration::from_secs(1);
const P95_ALWAYS_UNDER: u64 = 64;

impl Latencies {
    fn add(&mut self, duration: Duration, half_life: Duration, now: Instant) {
        let seconds = duration.as_secs_f64();
        self.histogram.add(duration, half_life, now);
        self.ewma.add(seconds);
        self.peak.add(seconds, now);
        self.mean.add(seconds, half_life, now);
        self.count += 1;
        if self.count < P95_ALWAYS_UNDER || self.p95_at.is_none_or(|at| now.saturating_duration_since(at) >= P95_EVERY)
        {
            self.p95 = self.histogram.percentiles([0.95]).map(|[p95]| p95);
            self.p95_at = Some(now);
        }
    }

    /// 95 of 100 took no longer, as of at most a second ago.
    pub(super) fn p95(&self) -> Option<Duration> {
        self.p95
    }
}

/// Scores under one name.
#[derive(Clone, Debug)]
pub(super) struct LabelScores {
    pub(super) label: Box<str>,
    pub(super) count: u64,
    pub(super) mean: DecayedMean,
}

/// Calls for comparison only, which count nowhere else.
#[derive(Clone, Debug, Default)]
pub(super) struct Shadows {
    pub(super) calls: u64,
    pub(super) failures: u64,
    pub(super) duration: Ewma,
}

/// How a call went that the target answered to the end.
pub(super) struct Finished<'a> {
    pub(super) first_token: Option<Duration>,
    pub(super) total: Duration,
    pub(super) usage: &'a Usage,
    pub(super) cost: Option<u64>,
    pub(super) reason: AttemptReason,
}

/// What was seen of one target.
#[derive(Clone, Debug, Default)]
pub(super) struct Track {
    pub(super) calls: u64,
    pub(super) retries: u64,
    pub(super) successes: u64,
    pub(super) cancelled: u64,
    pub(super) failures: Vec<ClassCount>,
    pub(super) recent_calls: Decayed,
    pub(super) recent_answered: Decayed,
    pub(super) recent_failed: Decayed,
    pub(super) first_token: Latencies,
    pub(super) total: Latencies,
    pub(super) tokens_per_second: Ewma,
    pub(super) recent_output: Decayed,
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
    pub(super) cost: Ewma,
    pub(super) cost_total: u64,
    pub(super) quality: DecayedMean,
    pub(super) quality_count: u64,
    pub(super) labels: Vec<LabelScores>,
    pub(super) hedges: u64,
    pub(super) hedges_won: u64,
    pub(super) fallbacks: Vec<(Target, u64)>,
    pub(super) other_fallbacks: u64,
    pub(super) shadows: Shadows,
    pub(super) health: HealthState,
    pub(super) last_used: Option<Instant>,
    pub(super) last_error: Option<(ErrorKind, Instant)>,
}

/// Whether a failure says something about the target: the caller's mistakes and our own refusals do not.
pub(crate) fn is_evidence(kind: ErrorKind) -> bool {
    use ErrorKind as K;
    kind.policy().breaker
        || matches!(
            kind,
            K::Auth | K::Permission | K::NotFound | K::RateLimited | K::QuotaExhausted | K::ModelOutput | K::Config
        )
}

impl Track {
    /// A call begins.
    pub(super) fn started(&mut self, reason: AttemptReason, settings: &StatsSettings, now: Instant) {
        self.last_used = Some(now);
        match reason {
            AttemptReason::Shadow => {
                self.shadows.calls += 1;
                return;
            }
            AttemptReason::Retry => self.retries += 1,
            AttemptReason::Hedge => self.hedges += 1,
            _ => {}
        }
        self.calls += 1;
        self.recent_calls.add(1.0, settings.half_life, now);
    }

    /// A call of this target failed and another one steps in.
    pub(super) fn fell_back_to(&mut self, to: &Target) {
        if let Some((_, count)) = self.fallbacks.iter_mut().find(|(target, _)| target == to) {
            *count += 1;
        } else if self.fallbacks.len() < MAX_FALLBACKS {
            self.fallbacks.push((to.clone(), 1));
        } else {
            self.other_fallbacks += 1;
        }
    }

    /// A call came to a good verdict: the answer, or the first content of a stream.
    pub(super) fn answered(&mut self, settings: &StatsSettings, now: Instant) {
        self.health.answered();
        self.recent_answered.add(1.0, settings.half_life, now);
    }

    /// An answer broke after its first content; what had counted as an answer counts as a failure.
    pub(super) fn broke(&mut self, kind: ErrorKind, settings: &StatsSettings, now: Instant) {
        let taken_back = self.recent_answered.value(settings.half_life, now).min(1.0);
        self.recent_answered.add(-taken_back, settings.half_life, now);
        self.failed(kind, settings, now);
    }

    /// A call failed.
    pub(super) fn failed(&mut self, kind: ErrorKind, settings: &StatsSettings, now: Instant) {
        if kind == ErrorKind::Cancelled {
            self.cancelled += 1;
            return;
        }
        let place = self.failures.iter().position(|class| class.kind == kind).unwrap_or_else(|| {
            self.failures.push(ClassCount { kind, total: 0, recent: Decayed::default() });
            self.failures.len() - 1
        });
        self.failures[place].total += 1;
        self.failures[place].recent.add(1.0, settings.half_life, now);
        self.last_error = Some((kind, now));
        if is_evidence(kind) {
            self.health.failed(kind, &settings.health, now);
            self.recent_failed.add(1.0, settings.half_life, now);
        }
    }

    /// An answer is whole.
    pub(super) fn finished(&mut self, call: &Finished<'_>, settings: &StatsSettings, now: Instant) {
        self.successes += 1;
        if call.reason == AttemptReason::Hedge {
            self.hedges_won += 1;
        }
        if let Some(first_token) = call.first_token {
            self.first_token.add(first_token, settings.half_life, now);
        }
        self.total.add(call.total, settings.half_life, now);
        self.input_tokens = self.input_tokens.saturating_add(call.usage.input.unwrap_or(0));
        if let Some(output) = call.usage.output {
            self.output_tokens = self.output_tokens.saturating_add(output);
            #[allow(clippy::cast_precision_loss)] // a rate needs no 53 bits
            let output = output as f64;
            self.recent_output.add(output, settings.half_life, now);
            let making = call.total.saturating_sub(call.first_token.unwrap_or_default());
            // Too short to tell: a whole answer that came in one read would be made in no time.
            if making >= MIN_MAKING && output >= MIN_OUTPUT {
                self.tokens_per_second.add(output / making.as_secs_f64());
            }
        }
        if let Some(cost) = call.cost {
            self.cost_total = self.cost_total.saturating_add(cost);
            #[allow(clippy::cast_precision_loss)] // 2^53 nano-dollars are nine million dollars
            self.cost.add(cost as f64);
        }
    }

    /// A shadow came to its verdict.
    pub(super) fn shadowed(&mut self, failed: bool, duration: Duration) {
        if failed {
            self.shadows.failures += 1;
        } else {
            self.shadows.duration.add(duration.as_secs_f64());
        }
    }

    /// An answer got a score.
    pub(super) fn scored(&mut self, score: f64, label: Option<&str>, settings: &StatsSettings, now: Instant) {
        self.quality.add(score, settings.quality_half_life, now);
        self.quality_count += 1;
        let Some(label) = label else { return };
        let place = match self.labels.iter().position(|known| &*known.label == label) {
            Some(place) => place,
            None if self.labels.len() < MAX_LABELS => {
                self.labels.push(LabelScores { label: label.into(), count: 0, mean: DecayedMean::default() });
                self.labels.len() - 1
            }
            None => return,
        };
        self.labels[place].count += 1;
        self.labels[place].mean.add(score, settings.quality_half_life, now);
    }

    /// Share of recent calls that the target answered, and of how many.
    pub(super) fn success_rate(&self, settings: &StatsSettings, now: Instant) -> (Option<f64>, f64) {
        let answered = self.recent_answered.value(settings.half_life, now);
        let all = answered + self.recent_failed.value(settings.half_life, now);
        // What has faded to less than a hundredth of a call says nothing any more.
        ((all > 0.01).then(|| (answered / all).clamp(0.0, 1.0)), all)
    }
}

const MIN_MAKING: Duration = Duration::from_millis(20);
const MIN_OUTPUT: f64 = 4.0;

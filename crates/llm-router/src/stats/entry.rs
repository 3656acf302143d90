//! One target's place in the statistics: its record, its gauge, and the quick view of both.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use llm_core::Target;

use super::settings::StatsSettings;
use super::track::Track;
use super::view::{Pulse, TargetRecord};
use crate::health::{Health, HealthPolicy};

pub(super) struct Entry {
    pub(super) target: Target,
    pub(super) settings: Arc<StatsSettings>,
    pub(super) in_flight: AtomicU32,
    /// Number of the last use of any target when this one was used last.
    pub(super) used: AtomicU64,
    track: Mutex<Track>,
}

impl Entry {
    pub(super) fn new(target: Target, settings: Arc<StatsSettings>) -> Self {
        Self { target, settings, in_flight: AtomicU32::new(0), used: AtomicU64::new(0), track: Mutex::default() }
    }

    /// The record. Nothing panics while it is held, and what it holds is whole after each step.
    pub(super) fn track(&self) -> MutexGuard<'_, Track> {
        self.track.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        // Never below nothing, even if events come twice.
        let _ = self.in_flight.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |calls| calls.checked_sub(1));
    }
}

pub(super) fn health(track: &Track, policy: &HealthPolicy, rate: (Option<f64>, f64), now: Instant) -> Health {
    let recent = rate.0.map(|success| (1.0 - success, rate.1));
    track.health.health(policy, recent, now)
}

impl TargetRecord for Entry {
    fn pulse(&self, now: Instant) -> Pulse {
        let settings = &*self.settings;
        let in_flight = self.in_flight.load(Ordering::Relaxed);
        let track = self.track();
        let rate = track.success_rate(settings, now);
        let seconds = |value: Option<f64>| value.map(Duration::from_secs_f64);
        let first = &track.first_token;
        let total = &track.total;
        Pulse {
            samples: rate.1,
            success_rate: rate.0,
            first_token: seconds(first.ewma.value().or(total.ewma.value())),
            first_token_peak: seconds(first.peak.value().or(total.peak.value())),
            first_token_p95: first.p95().or(total.p95()),
            total: seconds(total.ewma.value()),
            total_p95: total.p95(),
            tokens_per_second: track.tokens_per_second.value(),
            cost: track.cost.value(),
            quality: track.quality.mean(),
            quality_samples: track.quality.weight(settings.quality_half_life, now),
            in_flight,
            health: health(&track, &settings.health, rate, now),
        }
    }
}

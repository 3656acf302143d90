//! The handle: an observer that sorts events to the records of their targets, and answers questions about them.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use llm_core::{Attempt, AttemptReason, Error, ErrorKind, Observed, Observer, RequestInfo, Target, Usage};

use super::cost::CostModel;
use super::entry::Entry;
use super::open::{OpenCall, OpenRequests};
use super::settings::StatsSettings;
use super::snapshot::{ModelStats, TargetStats, model_stats, target_stats};
use super::track::Finished;
use super::view::{StatsView, TargetRecord};
use crate::health::Health;

/// What was seen of each target. Cheap to clone; all clones are one, and outlive the clients that they observe.
///
/// Give it to a client as its observer, and to a router as its [`StatsView`].
#[derive(Clone)]
pub struct Stats(Arc<Inner>);

struct Inner {
    settings: Arc<StatsSettings>,
    cost: Option<Arc<dyn CostModel>>,
    targets: Mutex<HashMap<Target, Arc<Entry>>>,
    open: Mutex<OpenRequests>,
    uses: AtomicU64,
}

impl Default for Stats {
    fn default() -> Self {
        Self::new(StatsSettings::default())
    }
}

impl Stats {
    /// Empty statistics.
    pub fn new(settings: StatsSettings) -> Self {
        Self::build(settings, None)
    }

    /// Empty statistics that also know what answers cost.
    pub fn with_cost(settings: StatsSettings, cost: Arc<dyn CostModel>) -> Self {
        Self::build(settings, Some(cost))
    }

    fn build(settings: StatsSettings, cost: Option<Arc<dyn CostModel>>) -> Self {
        Self(Arc::new(Inner {
            settings: Arc::new(settings),
            cost,
            targets: Mutex::default(),
            open: Mutex::default(),
            uses: AtomicU64::new(0),
        }))
    }

    /// The statistics of every target that is kept, by name.
    pub fn targets(&self, now: Instant) -> Vec<TargetStats> {
        let entries: Vec<Arc<Entry>> = lock(&self.0.targets).values().cloned().collect();
        let mut stats: Vec<TargetStats> = entries.iter().map(|entry| target_stats(entry, now)).collect();
        stats.sort_by(|a, b| a.target.cmp(&b.target));
        stats
    }

    /// The statistics of one target; `None` when it was never called, or forgotten.
    pub fn target(&self, target: &Target, now: Instant) -> Option<TargetStats> {
        self.known(target).map(|entry| target_stats(&entry, now))
    }

    /// What became of a model's calls: successes, failures, average latency, last use. `None` as for
    /// [`target`](Self::target).
    pub fn model_info(&self, target: &Target, now: Instant) -> Option<ModelStats> {
        self.known(target).map(|entry| model_stats(&entry, now))
    }

    /// How a target is. One that was never called is well, as far as it is known.
    pub fn health(&self, target: &Target, now: Instant) -> Health {
        self.known(target).map(|entry| entry.pulse(now).health).unwrap_or_default()
    }

    /// A probe of a target came to this.
    pub fn probed(&self, target: &Target, failure: Option<ErrorKind>, now: Instant) {
        let entry = self.entry(target);
        let mut track = entry.track();
        match failure {
            None => track.health.answered(),
            Some(kind) => track.health.failed(kind, &self.0.settings.health, now),
        }
    }

    /// An answer of a target got a score from 0 to 1, under a label if it has one.
    pub fn scored(&self, target: &Target, score: f64, label: Option<&str>, now: Instant) {
        self.entry(target).track().scored(score, label, &self.0.settings, now);
    }

    /// Requests that are at work.
    pub fn open_requests(&self) -> usize {
        lock(&self.0.open).len()
    }

    /// What happened, and when. [`Observer::on`] is this with the time of now.
    pub fn observe(&self, event: &Observed, now: Instant) {
        match event {
            Observed::AttemptStarted { request, target, number, reason } => {
                self.started(request, target, *number, *reason, now);
            }
            Observed::AttemptDone { request, attempt, .. } => self.done(request, attempt, now),
            Observed::Completed { request, target, usage, error, .. } => {
                self.completed(request, target.as_ref(), usage, error.as_ref(), now);
            }
            _ => {}
        }
    }

    fn started(&self, request: &Arc<RequestInfo>, target: &Target, number: u32, reason: AttemptReason, now: Instant) {
        let entry = self.entry(target);
        if reason == AttemptReason::Shadow {
            entry.track().started(reason, &self.0.settings, now);
            return;
        }
        let call = OpenCall { number, reason, entry: entry.clone(), answered: None };
        let mut open = lock(&self.0.open);
        let broken = if reason == AttemptReason::Resume { open.broken(request) } else { None };
        let Ok(before) = open.start(request, call, self.0.settings.max_open) else { return };
        drop(open);
        entry.begin();
        entry.track().started(reason, &self.0.settings, now);
        if let Some(OpenCall { entry, .. }) = broken {
            entry.end();
            entry.track().broke(ErrorKind::Truncated, &self.0.settings, now);
        }
        if matches!(reason, AttemptReason::Fallback | AttemptReason::Resume)
            && let Some(before) = before.filter(|before| before.target != *target)
        {
            before.track().fell_back_to(target);
        }
    }

    fn done(&self, request: &Arc<RequestInfo>, attempt: &Attempt, now: Instant) {
        let settings = &self.0.settings;
        if attempt.reason == AttemptReason::Shadow {
            self.entry(&attempt.target).track().shadowed(attempt.failure.is_some(), attempt.duration);
            return;
        }
        let mut open = lock(&self.0.open);
        if let Some(failure) = &attempt.failure {
            let call = open.fail(request, attempt.number);
            drop(open);
            if let Some(OpenCall { entry, .. }) = call {
                entry.end();
                entry.track().failed(failure.kind, settings, now);
            }
            return;
        }
        let answered = open.answer(request, attempt.number, attempt.duration, now);
        drop(open);
        if let Some((entry, over)) = answered {
            entry.track().answered(settings, now);
            if over.is_some() {
                entry.end();
            }
        }
    }

    fn completed(
        &self,
        request: &Arc<RequestInfo>,
        target: Option<&Target>,
        usage: &Usage,
        error: Option<&Error>,
        now: Instant,
    ) {
        let settings = &self.0.settings;
        lock(&self.0.open).complete(request, |call| {
            let OpenCall { reason, entry, answered, .. } = call;
            entry.end();
            let Some((started, first)) = answered else { return };
            let mine = target.is_none_or(|target| *target == entry.target);
            match error {
                None if mine => {
                    let cost = self.0.cost.as_ref().and_then(|cost| cost.cost(&entry.target, usage));
                    let first_token = (request.operation == "chat_stream").then_some(first);
                    let total = now.saturating_duration_since(started);
                    let finished = Finished { first_token, total, usage, cost, reason };
                    entry.track().finished(&finished, settings, now);
                }
                // Another one answered in the end: this one was given up.
                None => entry.track().cancelled += 1,
                Some(error) if error.kind() == ErrorKind::Cancelled => entry.track().cancelled += 1,
                Some(error) => entry.track().broke(error.kind(), settings, now),
            }
        });
    }

    fn known(&self, target: &Target) -> Option<Arc<Entry>> {
        lock(&self.0.targets).get(target).cloned()
    }

    fn entry(&self, target: &Target) -> Arc<Entry> {
        let use_number = self.0.uses.fetch_add(1, Ordering::Relaxed);
        let mut targets = lock(&self.0.targets);
        if let Some(entry) = targets.get(target) {
            entry.used.store(use_number, Ordering::Relaxed);
            return entry.clone();
        }
        if targets.len() >= self.0.settings.max_targets {
            // One that only this table holds: no call at work, no plan that keeps asking it.
            let idle = targets.values().filter(|entry| Arc::strong_count(entry) == 1);
            let oldest = idle.min_by_key(|entry| entry.used.load(Ordering::Relaxed));
            if let Some(oldest) = oldest.map(|entry| entry.target.clone()) {
                targets.remove(&oldest);
            }
        }
        let entry = Arc::new(Entry::new(target.clone(), self.0.settings.clone()));
        entry.used.store(use_number, Ordering::Relaxed);
        targets.insert(target.clone(), entry.clone());
        entry
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Observer for Stats {
    fn on(&self, event: &Observed) {
        self.observe(event, tokio::time::Instant::now().into_std());
    }
}

impl StatsView for Stats {
    fn record(&self, target: &Target) -> Arc<dyn TargetRecord> {
        self.entry(target)
    }
}

impl fmt::Debug for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stats").field("targets", &lock(&self.0.targets).len()).finish_non_exhaustive()
    }
}

//! One experiment at work: its definition, what was counted, and whether it has ended.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::definition::Experiment;
use super::results::{ExperimentResults, results};
use super::stop::{ExperimentStatus, StopReason, check};
use super::tally::{Ended, Tally};

/// What must survive a restart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Counted {
    pub(super) arms: Vec<Tally>,
    pub(super) looks: u32,
    pub(super) elapsed: Duration,
    pub(super) status: ExperimentStatus,
}

pub(super) struct Running {
    pub(super) definition: Experiment,
    state: Mutex<State>,
}

struct State {
    counted: Counted,
    /// Since when `counted.elapsed` does not count; `None` when it has ended.
    since: Option<Instant>,
}

impl State {
    fn elapsed(&self, now: Instant) -> Duration {
        self.counted.elapsed + self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    fn end(&mut self, status: ExperimentStatus, now: Instant) {
        self.counted.elapsed = self.elapsed(now);
        self.since = None;
        self.counted.status = status;
    }
}

impl Running {
    pub(super) fn new(definition: Experiment, counted: Option<Counted>, now: Instant) -> Self {
        let mut counted = counted.unwrap_or_default();
        counted.arms.resize(definition.arms.len(), Tally::default());
        let since = (counted.status == ExperimentStatus::Running).then_some(now);
        Self { definition, state: Mutex::new(State { counted, since }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The status; time may have ended it.
    pub(super) fn status(&self, now: Instant) -> ExperimentStatus {
        let mut state = self.state();
        if state.counted.status == ExperimentStatus::Running
            && self.definition.stop.max_duration.is_some_and(|longest| state.elapsed(now) >= longest)
        {
            self.check(&mut state, now);
        }
        state.counted.status.clone()
    }

    fn check(&self, state: &mut State, now: Instant) {
        let elapsed = state.elapsed(now);
        let Counted { arms, looks, .. } = &mut state.counted;
        if let Some(status) = check(&self.definition, arms, looks, elapsed) {
            state.end(status, now);
        }
    }

    /// Changes an arm's tally while the experiment runs. What comes later belongs to no decision and is not counted.
    fn count(&self, arm: &str, now: Instant, change: impl FnOnce(&mut Tally)) {
        let Some(place) = self.definition.arms.iter().position(|known| &*known.name == arm) else { return };
        let mut state = self.state();
        if state.counted.status == ExperimentStatus::Running {
            change(&mut state.counted.arms[place]);
            self.check(&mut state, now);
        }
    }

    pub(super) fn ended(&self, arm: &str, ended: &Ended, now: Instant) {
        self.count(arm, now, |tally| tally.ended(ended));
    }

    pub(super) fn scored(&self, arm: &str, score: f64, now: Instant) {
        self.count(arm, now, |tally| tally.scored(score));
    }

    /// Ends it by hand.
    pub(super) fn stop(&self, winner: Option<&str>, now: Instant) {
        let winner = winner.map(Into::into);
        self.state().end(ExperimentStatus::Stopped { winner, why: StopReason::Manual }, now);
    }

    pub(super) fn results(&self, now: Instant) -> ExperimentResults {
        let state = self.state();
        results(&self.definition, &state.counted.arms, state.counted.status.clone(), state.elapsed(now))
    }

    pub(super) fn counted(&self, now: Instant) -> Counted {
        let state = self.state();
        Counted { elapsed: state.elapsed(now), ..state.counted.clone() }
    }
}

//! The handle: assigns requests to arms, counts how they end, and ends experiments.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

use llm_core::{Arm, Cx, Error, ErrorKind, Observed, Observer, Target};
use serde::{Deserialize, Serialize};

use super::assign::{assign, sampled};
use super::definition::{AfterStop, Experiment, StickyBy, WithoutKey};
use super::results::ExperimentResults;
use super::running::{Counted, Running};
use super::shadow::Shadow;
use super::stop::ExperimentStatus;
use super::tally::Ended;
use crate::quality::{Learner, Scored};
use crate::stats::CostModel;

/// The experiments and shadows of all routes. Cheap to clone; all clones are one, and outlive the routers that ask them.
///
/// Give it to a router, which asks it for each request, and to the client as an observer, so that it counts.
#[derive(Clone, Default)]
pub struct Experiments(Arc<Inner>);

#[derive(Default)]
struct Inner {
    cost: Option<Arc<dyn CostModel>>,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    /// By name.
    running: BTreeMap<Arc<str>, Arc<Running>>,
    shadows: Vec<Shadow>,
}

/// What an experiment says of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Assignment {
    /// The arm that it counts for; `None` when the experiment has ended and only its outcome is used.
    pub arm: Option<Arm>,
    /// The target that is asked first, as the operator wrote it.
    pub target: String,
}

/// The target that an experiment puts first for one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    /// The arm that the request counts for; `None` when the experiment has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<Arm>,
    /// Its target.
    pub target: Target,
}

impl fmt::Display for Assigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.arm {
            Some(Arm { experiment, arm }) => write!(f, "the arm {arm} of the experiment {experiment}"),
            None => f.write_str("the outcome of an experiment"),
        }
    }
}

/// What experiments came to so far, to be kept over a restart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SavedExperiments(BTreeMap<Arc<str>, SavedExperiment>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SavedExperiment {
    definition: Experiment,
    counted: Counted,
}

impl Experiments {
    /// No experiment, and costs as this model knows them.
    pub fn with_cost(cost: Arc<dyn CostModel>) -> Self {
        Self(Arc::new(Inner { cost: Some(cost), state: RwLock::default() }))
    }

    /// Puts these experiments and shadows in the place of all before. One of the same name, route, key and arms keeps
    /// what it counted; changed shares and stop rules hold from now on. All problems are found at once.
    pub fn configure(&self, experiments: Vec<Experiment>, shadows: Vec<Shadow>, now: Instant) -> Result<(), Error> {
        let mut problems: Vec<String> = experiments.iter().flat_map(Experiment::problems).collect();
        problems.extend(shadows.iter().flat_map(Shadow::problems));
        for (place, one) in experiments.iter().enumerate() {
            for other in &experiments[..place] {
                if one.name == other.name {
                    problems.push(format!("two experiments have the name {:?}: rename one of them", one.name));
                } else if one.on_model == other.on_model {
                    problems.push(format!(
                        "the experiments {:?} and {:?} are on the same route {:?}: run one after the other",
                        other.name, one.name, one.on_model
                    ));
                }
            }
        }
        if !problems.is_empty() {
            return Err(Error::new(ErrorKind::Config, problems.join("; ")));
        }
        let mut state = self.write();
        let before = std::mem::take(&mut state.running);
        for definition in experiments {
            let counted = before
                .get(&definition.name)
                .filter(|old| is_same(&old.definition, &definition))
                .map(|old| old.counted(now));
            state.running.insert(definition.name.clone(), Arc::new(Running::new(definition, counted, now)));
        }
        state.shadows = shadows;
        Ok(())
    }

    /// Which arm's target comes first for a request on a route; `None` when no experiment has a say.
    ///
    /// A pure function of names, shares and the request's key while the experiment runs.
    pub fn assign(&self, route: &str, cx: &Cx, now: Instant) -> Option<Assignment> {
        let running = {
            let state = self.read();
            state.running.values().find(|running| &*running.definition.on_model == route)?.clone()
        };
        let experiment = &running.definition;
        if let ExperimentStatus::Stopped { winner, .. } = running.status(now) {
            let winner = winner.filter(|_| experiment.after == AfterStop::Winner);
            let arm = winner.and_then(|name| experiment.arms.iter().find(|arm| arm.name == name));
            let arm = arm.or(experiment.arms.first())?;
            return Some(Assignment { arm: None, target: arm.target.clone() });
        }
        let key = match (experiment.sticky_by.key(cx), experiment.without_key) {
            (Some(key), _) => key,
            (None, WithoutKey::Random) => StickyBy::Request.key(cx)?,
            (None, WithoutKey::Exclude) => return None,
        };
        let shares = experiment.arms.iter().map(|arm| (&*arm.name, arm.share));
        let arm = &experiment.arms[assign(&experiment.name, key, shares)?];
        let named = Arm { experiment: experiment.name.clone(), arm: arm.name.clone() };
        Some(Assignment { arm: Some(named), target: arm.target.clone() })
    }

    /// The target that is asked beside a request on a route, for comparison only; `None` when the request is not in the
    /// sample. Without a request id nothing is sampled.
    pub fn shadow(&self, route: &str, cx: &Cx) -> Option<String> {
        let request = cx.request_id.as_deref()?;
        let state = self.read();
        let shadow = state.shadows.iter().find(|shadow| &*shadow.on_model == route)?;
        sampled(&shadow.on_model, request, shadow.share).then(|| shadow.target.clone())
    }

    /// The targets of the arms on a route, as the operator wrote them.
    pub fn arm_targets(&self, route: &str) -> Vec<String> {
        let state = self.read();
        let running = state.running.values().map(|running| &running.definition);
        let arms = running.filter(|experiment| &*experiment.on_model == route).flat_map(|experiment| &experiment.arms);
        arms.map(|arm| arm.target.clone()).collect()
    }

    /// What one experiment came to so far.
    pub fn results(&self, name: &str, now: Instant) -> Option<ExperimentResults> {
        let running = self.read().running.get(name)?.clone();
        Some(running.results(now))
    }

    /// What all experiments came to so far.
    pub fn all_results(&self, now: Instant) -> Vec<ExperimentResults> {
        let running: Vec<Arc<Running>> = self.read().running.values().cloned().collect();
        running.iter().map(|running| running.results(now)).collect()
    }

    /// Ends an experiment by hand, for this arm or for none.
    pub fn stop(&self, name: &str, winner: Option<&str>, now: Instant) -> Result<(), Error> {
        let running = self.read().running.get(name).cloned();
        let Some(running) = running else {
            return Err(Error::new(ErrorKind::NotFound, format!("no experiment is named {name:?}")));
        };
        if let Some(winner) = winner
            && !running.definition.arms.iter().any(|arm| &*arm.name == winner)
        {
            let message = format!("the experiment {name:?} has no arm {winner:?}");
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        running.stop(winner, now);
        Ok(())
    }

    /// What all experiments came to so far, to be kept over a restart.
    pub fn save(&self, now: Instant) -> SavedExperiments {
        let state = self.read();
        let saved = state.running.iter().map(|(name, running)| {
            (name.clone(), SavedExperiment { definition: running.definition.clone(), counted: running.counted(now) })
        });
        SavedExperiments(saved.collect())
    }

    /// Goes on from what was kept. Experiments that are not configured any more, or otherwise, are left out.
    pub fn restore(&self, saved: SavedExperiments, now: Instant) {
        let mut state = self.write();
        for (name, SavedExperiment { definition, counted }) in saved.0 {
            if let Some(running) = state.running.get_mut(&name)
                && is_same(&running.definition, &definition)
            {
                *running = Arc::new(Running::new(running.definition.clone(), Some(counted), now));
            }
        }
    }

    /// What happened, and when. [`Observer::on`] is this with the time of now.
    pub fn observe(&self, event: &Observed, now: Instant) {
        let Observed::Completed { request, target, usage, timing, error, .. } = event else { return };
        let Some(Arm { experiment, arm }) = &request.arm else { return };
        let Some(running) = self.read().running.get(experiment).cloned() else { return };
        let ended = match error {
            Some(error) if error.kind() == ErrorKind::Cancelled => Ended::Cancelled,
            Some(_) => Ended::Failed,
            None => {
                let cost = target.as_ref().zip(self.0.cost.as_ref());
                let wanted = running.definition.arms.iter().find(|known| known.name == *arm);
                let by_arm = target.as_ref().zip(wanted).is_none_or(|(target, wanted)| {
                    // A target without a slash is a provider with its default model.
                    wanted.target.split_once('/').map_or(*wanted.target == *target.provider, |(provider, model)| {
                        provider == &*target.provider && model == &*target.model
                    })
                });
                Ended::Well {
                    first_token: timing.first_content.filter(|_| request.operation == "chat_stream"),
                    total: timing.total,
                    cost: cost.and_then(|(target, cost)| cost.cost(target, usage)),
                    by_arm,
                }
            }
        };
        running.ended(arm, &ended, now);
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether what was counted for one still means something for the other.
fn is_same(old: &Experiment, new: &Experiment) -> bool {
    old.on_model == new.on_model
        && old.sticky_by == new.sticky_by
        && old.goal == new.goal
        && old.arms.len() == new.arms.len()
        && old.arms.iter().zip(&new.arms).all(|(old, new)| old.name == new.name && old.target == new.target)
}

impl Observer for Experiments {
    fn on(&self, event: &Observed) {
        self.observe(event, tokio::time::Instant::now().into_std());
    }
}

impl Learner for Experiments {
    fn scored(&self, scored: &Scored<'_>, now: Instant) {
        let Some(Arm { experiment, arm }) = &scored.request.arm else { return };
        if let Some(running) = self.read().running.get(experiment).cloned() {
            running.scored(arm, scored.score, now);
        }
    }
}

impl fmt::Debug for Experiments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Experiments").field("running", &self.read().running.keys()).finish_non_exhaustive()
    }
}

//! The handle that learns: an observer of requests and a learner from scores, asked for beliefs when plans are made.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use llm_core::{AttemptReason, ErrorKind, Observed, Observer, Target};

use super::belief::{Belief, Fading, Lesson};
use crate::quality::{Learner, Scored};
use crate::stats::{CostModel, is_evidence};

/// Knows what is believed of targets. Asked on every plan of an adaptive route: must be fast and must not block.
pub trait Beliefs: Send + Sync + 'static {
    /// What is believed of a target for this kind of request.
    fn belief(&self, kind: &str, target: &Target, now: Instant) -> Belief;
}

/// How fast is learned and forgotten.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LearningSettings {
    /// What was seen counts half as much after this time. Default an hour. That the best target turned bad is noticed
    /// within some hundred requests; that another one turned better, without anything wrong at the best, only as what
    /// was seen of it fades: within about six half-lives.
    pub half_life: Duration,
    /// No more observations than this ever count, so that a change is noticed soon under much traffic. Default 200.
    pub memory: f64,
    /// The weight of what is known of a target for all kinds of requests, in observations. Default 10.
    pub general: f64,
    /// Most pairs of a kind and a target that are kept; the ones that were not seen for longest give way. Default 4,096.
    pub max_pairs: usize,
}

impl Default for LearningSettings {
    fn default() -> Self {
        Self { half_life: Duration::from_secs(3_600), memory: 200.0, general: 10.0, max_pairs: 4_096 }
    }
}

/// What was learned of the targets. Cheap to clone; all clones are one, and outlive the routers that ask them.
///
/// Give it to a router, and to the client as an observer; scores come through [`Quality`](crate::Quality). Shadows teach
/// as calls do: so a new target is known before the first caller meets it.
#[derive(Clone)]
pub struct Learning(Arc<Inner>);

struct Inner {
    settings: LearningSettings,
    cost: Option<Arc<dyn CostModel>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By target, for all kinds together under the empty name and for each.
    targets: HashMap<Target, HashMap<Arc<str>, Fading>>,
    pairs: usize,
}

impl Default for Learning {
    fn default() -> Self {
        Self::new(LearningSettings::default(), None)
    }
}

impl Learning {
    /// Knows nothing yet. Without a model of costs, those of plans are taken.
    pub fn new(settings: LearningSettings, cost: Option<Arc<dyn CostModel>>) -> Self {
        Self(Arc::new(Inner { settings, cost, state: Mutex::default() }))
    }

    /// What happened, and when. [`Observer::on`] is this with the time of now.
    pub fn observe(&self, event: &Observed, now: Instant) {
        match event {
            Observed::AttemptDone { request, attempt, .. } => {
                let kind = request.kind.as_ref();
                match &attempt.failure {
                    None => {
                        let lessons = [Lesson::Success(true), Lesson::Latency(attempt.duration)];
                        self.learn(kind, &attempt.target, &lessons, now);
                    }
                    Some(failure) if is_evidence(failure.kind) => {
                        self.learn(kind, &attempt.target, &[Lesson::Success(false)], now);
                    }
                    // The caller spoilt it or gave it up, except where it gave up a target for being slow.
                    Some(failure) if failure.kind == ErrorKind::Cancelled && attempt.reason == AttemptReason::First => {
                        self.learn_slowness(kind, &attempt.target, attempt.duration, now);
                    }
                    Some(_) => {}
                }
            }
            Observed::Completed { request, target: Some(target), usage, error, .. } => match error {
                None => {
                    if let Some(cost) = self.0.cost.as_ref().and_then(|cost| cost.cost(target, usage)) {
                        self.learn(request.kind.as_ref(), target, &[Lesson::Cost(cost)], now);
                    }
                }
                Some(error) if is_evidence(error.kind()) => {
                    self.learn(request.kind.as_ref(), target, &[Lesson::Success(false)], now);
                }
                Some(_) => {}
            },
            _ => {}
        }
    }

    /// A call that was given up took so long at least: it teaches only where that is longer than was thought.
    fn learn_slowness(&self, kind: Option<&Arc<str>>, target: &Target, took: Duration, now: Instant) {
        let known = self.belief(kind.map_or("", |kind| kind), target, now).latency;
        if known.n > 0.0 && took.as_secs_f64().max(1e-6).ln() > known.mean {
            self.learn(kind, target, &[Lesson::Latency(took)], now);
        }
    }

    fn learn(&self, kind: Option<&Arc<str>>, target: &Target, lessons: &[Lesson], now: Instant) {
        let LearningSettings { half_life, memory, max_pairs, .. } = self.0.settings;
        let mut state = self.state();
        let general: Arc<str> = Arc::default();
        for kind in std::iter::once(&general).chain(kind.filter(|kind| !kind.is_empty())) {
            let state = &mut *state;
            if state.targets.get(target).is_none_or(|kinds| !kinds.contains_key(kind)) {
                if state.pairs >= max_pairs {
                    state.forget_oldest();
                }
                state.pairs += 1;
            }
            let kinds = state.targets.entry(target.clone()).or_default();
            let fading = kinds.entry(kind.clone()).or_insert_with(|| Fading::new(now));
            for lesson in lessons {
                fading.learn(*lesson, half_life, memory.max(2.0), now);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn forget_oldest(&mut self) {
        let pairs = self.targets.iter().flat_map(|(target, kinds)| kinds.iter().map(move |pair| (target, pair)));
        let oldest = pairs.min_by_key(|(_, (_, fading))| fading.at);
        let Some((target, kind)) = oldest.map(|(target, (kind, _))| (target.clone(), kind.clone())) else { return };
        if let Some(kinds) = self.targets.get_mut(&target) {
            kinds.remove(&kind);
            self.pairs -= 1;
            if kinds.is_empty() {
                self.targets.remove(&target);
            }
        }
    }
}

impl Beliefs for Learning {
    fn belief(&self, kind: &str, target: &Target, now: Instant) -> Belief {
        let LearningSettings { half_life, general, .. } = self.0.settings;
        let state = self.state();
        let Some(kinds) = state.targets.get(target) else { return Belief::default() };
        let of = |kind: &str| kinds.get(kind).map(|fading| fading.now(half_life, now)).unwrap_or_default();
        if kind.is_empty() { of("") } else { of(kind).leaning_on(&of(""), general) }
    }
}

impl Observer for Learning {
    fn on(&self, event: &Observed) {
        self.observe(event, tokio::time::Instant::now().into_std());
    }
}

impl Learner for Learning {
    fn scored(&self, scored: &Scored<'_>, now: Instant) {
        self.learn(scored.request.kind.as_ref(), scored.target, &[Lesson::Quality(scored.score)], now);
    }
}

impl fmt::Debug for Learning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Learning").field("pairs", &self.state().pairs).finish_non_exhaustive()
    }
}

//! Active probes: asks targets whether they answer, once or again and again.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use llm_core::{
    Availability, ChatRequest, Cx, Error, ErrorKind, PlanTarget, Request, Target, TargetStates, TimeoutStage,
};
use serde::{Deserialize, Serialize, Serializer};
use tokio::time::{sleep_until, timeout};

use super::bounded::{Boxed, bounded};
use super::schedule::Schedule;
use super::state::Health;
use crate::stats::{Stats, is_evidence};

/// How targets are probed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProbeKind {
    /// Not at all: what calls come to is all that is known.
    #[default]
    #[serde(alias = "passive")]
    None,
    /// The provider is asked for its list of models. Free at all vendors, but says nothing of a single model.
    Models,
    /// The model is asked for a few tokens. **Every probe costs money.**
    Chat,
}

/// When and how targets are probed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ProbePolicy {
    /// How. Default not at all.
    pub kind: ProbeKind,
    /// How often each target. Default 30 s.
    pub interval: Duration,
    /// By how much of the interval a probe may come sooner or later. Default 0.2.
    pub jitter: f64,
    /// Longest time of one probe. Default 10 s.
    pub timeout: Duration,
    /// Most probes at a time. Default 4.
    pub concurrency: usize,
    /// Whether the loop leaves targets alone that are healthy by their calls. Default false.
    pub only_unwell: bool,
}

impl Default for ProbePolicy {
    fn default() -> Self {
        Self {
            kind: ProbeKind::None,
            interval: Duration::from_secs(30),
            jitter: 0.2,
            timeout: Duration::from_secs(10),
            concurrency: 4,
            only_unwell: false,
        }
    }
}

/// How a target is, and how that is known. Nothing of an answer or an error's text is in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TargetHealth {
    /// Which.
    pub target: Target,
    /// How it is.
    pub status: Health,
    /// Why it is not healthy, in a few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How it was probed.
    pub probe: ProbeKind,
    /// How long the probe took. In JSON seconds.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "seconds")]
    pub latency: Option<Duration>,
    /// The class of the error that the probe came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
}

#[allow(clippy::ref_option)] // the form that serde asks for
fn seconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_secs_f64()).serialize(serializer)
}

/// What a probe of a target came to.
type Probed = (Duration, Result<(), ErrorKind>);

/// Told of every target that passed a probe.
type Passed = Arc<dyn Fn(&Target) + Send + Sync>;

/// Probes targets and keeps their health in the statistics.
///
/// Probes go to the providers themselves, past all breakers and limits, and count in no statistics of calls.
pub struct Prober {
    policy: ProbePolicy,
    targets: Vec<PlanTarget>,
    cx: Cx,
    stats: Stats,
    states: Option<Arc<dyn TargetStates>>,
    passed: Option<Passed>,
}

impl Prober {
    /// Probes these targets in this environment.
    pub fn new(policy: ProbePolicy, targets: Vec<PlanTarget>, mut cx: Cx, stats: Stats) -> Self {
        cx.observer = None;
        Self { policy, targets, cx, stats, states: None, passed: None }
    }

    /// With the states of targets (breakers, cool-downs): a shut one is unavailable, whatever its past.
    pub fn with_states(mut self, states: Arc<dyn TargetStates>) -> Self {
        self.states = Some(states);
        self
    }

    /// With who is told of every target that passed a probe, to let its breaker try it.
    pub fn on_passed(mut self, passed: impl Fn(&Target) + Send + Sync + 'static) -> Self {
        self.passed = Some(Arc::new(passed));
        self
    }

    /// How all targets are by their calls, without asking any.
    pub fn report(&self, now: Instant) -> Vec<TargetHealth> {
        self.targets.iter().map(|place| self.health(&place.target, ProbeKind::None, None, now)).collect()
    }

    /// Probes all targets once, in the configured way, and says how they are.
    pub async fn check(&self) -> Vec<TargetHealth> {
        self.check_by(self.policy.kind).await
    }

    /// Probes all targets once in this way, and says how they are.
    pub async fn check_by(&self, kind: ProbeKind) -> Vec<TargetHealth> {
        let all: Vec<usize> = (0..self.targets.len()).collect();
        let probed = self.probe(kind, &all).await;
        let now = now();
        let places = self.targets.iter().zip(probed);
        places.map(|(place, probed)| self.health(&place.target, kind, probed, now)).collect()
    }

    /// Probes again and again, each target in its interval. Never ends; dropping it ends it. Without a kind of probe it
    /// does nothing. `draw` gives 64 random bits.
    pub async fn run(&self, mut draw: impl FnMut() -> u64) {
        if self.policy.kind == ProbeKind::None || self.targets.is_empty() {
            return std::future::pending().await;
        }
        let Self { policy, .. } = self;
        let mut schedule = Schedule::new(self.targets.len(), policy.interval, policy.jitter, now(), &mut draw);
        while let Some(next) = schedule.next_at() {
            sleep_until(next.into()).await;
            let now = now();
            let mut due = schedule.take_due(now, &mut draw);
            if policy.only_unwell {
                due.retain(|place| self.stats.health(&self.targets[*place].target, now) != Health::Healthy);
            }
            self.probe(policy.kind, &due).await;
        }
    }

    /// Probes the targets at these places and learns from it.
    async fn probe(&self, kind: ProbeKind, places: &[usize]) -> Vec<Option<Probed>> {
        // The list of models is the provider's: it is asked once, for all of its targets.
        let mut asked: Vec<usize> = Vec::new();
        let mut answer_of = Vec::with_capacity(places.len());
        for &place in places {
            let same = |other: &usize| self.targets[*other].target.provider == self.targets[place].target.provider;
            let known = if kind == ProbeKind::Models { asked.iter().position(same) } else { None };
            answer_of.push(known.unwrap_or_else(|| {
                asked.push(place);
                asked.len() - 1
            }));
        }
        let calls = asked.iter().map(|place| Box::pin(self.ask(kind, &self.targets[*place])) as Boxed<'_, _>);
        let answers = bounded(self.policy.concurrency, calls.collect()).await;
        let now = now();
        let mut probed = Vec::with_capacity(places.len());
        for (&place, answer) in places.iter().zip(answer_of) {
            let answer = answers.get(answer).copied().flatten();
            let target = &self.targets[place].target;
            match answer {
                Some((_, Ok(()))) => {
                    self.stats.probed(target, None, now);
                    if let Some(passed) = &self.passed {
                        passed(target);
                    }
                }
                Some((_, Err(kind))) if is_evidence(kind) => self.stats.probed(target, Some(kind), now),
                _ => {}
            }
            probed.push(answer);
        }
        probed
    }

    async fn ask(&self, kind: ProbeKind, place: &PlanTarget) -> Option<Probed> {
        let request = match kind {
            ProbeKind::None => return None,
            ProbeKind::Models => Request::Models,
            ProbeKind::Chat => Request::Chat(Arc::new(chat(&place.target.model))),
        };
        let started = now();
        let cx = self.cx.clone().with_deadline(started + self.policy.timeout);
        let answer = match timeout(self.policy.timeout, place.provider.call(&cx, request)).await {
            Ok(answer) => answer.map(drop).map_err(|error: Error| error.kind()),
            Err(_) => Err(ErrorKind::Timeout(TimeoutStage::Attempt)),
        };
        Some((now().saturating_duration_since(started), answer))
    }

    fn health(&self, target: &Target, probe: ProbeKind, probed: Option<Probed>, now: Instant) -> TargetHealth {
        let past = self.stats.target(target, now);
        let mut status = past.as_ref().map(|past| past.health).unwrap_or_default();
        let mut reason = past.as_ref().filter(|past| past.health != Health::Healthy).map(|past| {
            let last = past.last_error.map(|class| format!(", the last one {class}")).unwrap_or_default();
            match past.failures_in_a_row {
                0 => format!("{:.0} % of recent calls failed{last}", (1.0 - past.success_rate.unwrap_or(1.0)) * 100.0),
                failures => format!("{failures} failures in a row{last}"),
            }
        });
        let failed = probed.and_then(|(_, answer)| answer.err()).filter(|kind| is_evidence(*kind));
        if let Some(kind) = failed {
            status = Health::Unavailable;
            reason = Some(format!("the probe came to {kind}"));
        }
        let shut = self.states.as_ref().map(|states| states.state(target).availability(now));
        if failed.is_none() && matches!(shut, Some(Availability::Shut { .. })) {
            status = Health::Unavailable;
            reason = Some("it takes no calls now".to_owned());
        }
        let latency = probed.map(|(took, _)| took);
        let error = probed.and_then(|(_, answer)| answer.err()).map(ErrorKind::as_str);
        TargetHealth { target: target.clone(), status, reason, probe, latency, error }
    }
}

/// Few tokens, but not one: reasoning models of OpenAI refuse fewer than 16 (its API reference, 2026).
const PROBE_TOKENS: u32 = 16;

fn chat(model: &str) -> ChatRequest {
    let mut chat = ChatRequest::new(model).with_user("ping");
    chat.sampling.max_output_tokens = Some(PROBE_TOKENS);
    chat
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl fmt::Debug for Prober {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prober").field("policy", &self.policy).field("targets", &self.targets).finish_non_exhaustive()
    }
}

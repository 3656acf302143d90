//! The results of an experiment for people, dashboards and JSON.

use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::definition::{Experiment, Goal};
use super::significance::{Moments, wilson};
use super::stop::ExperimentStatus;
use super::tally::{Tally, comparisons, is_better, p_value};

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// What an experiment came to so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ExperimentResults {
    /// Which.
    pub experiment: Arc<str>,
    /// The route whose requests take part.
    pub on_model: Arc<str>,
    /// What decides.
    pub goal: Goal,
    /// Whether it runs.
    pub status: ExperimentStatus,
    /// How long it ran. In JSON seconds.
    #[serde(serialize_with = "seconds")]
    pub elapsed: Duration,
    /// The arms; the first one is the control.
    pub arms: Vec<ArmResults>,
    /// Each two arms by each goal, where enough is known.
    pub comparisons: Vec<Comparison>,
}

/// What one arm came to. Times are in seconds, costs in dollars.
///
/// Requests count for the arm that they were assigned to, also when another target stepped in for its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ArmResults {
    /// Which.
    pub arm: Arc<str>,
    /// Its target, as the operator wrote it.
    pub target: String,
    /// Its share.
    pub share: u32,
    /// Requests that came to an end of their own.
    pub samples: u64,
    /// Requests that their caller gave up; they count for nothing else.
    pub cancelled: u64,
    /// Of the answered requests: those that another target answered.
    pub fell_back: u64,
    /// Share of the requests that ended well.
    pub success: Option<Estimate>,
    /// Time to the first content of streams.
    pub first_token: Option<Estimate>,
    /// Time to the end of answers.
    pub latency: Option<Estimate>,
    /// Cost of an answer, where prices are known.
    pub cost: Option<Estimate>,
    /// Scores.
    pub quality: Option<Estimate>,
    /// Cost of all answers.
    pub cost_total: f64,
}

/// A mean or a share, with the interval that holds the true one in 95 of 100 cases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Estimate {
    /// What it is.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
    /// Observations that it is made of.
    pub n: u64,
}

/// How two arms differ by one goal.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// By what.
    pub goal: Goal,
    /// One arm.
    pub a: Arc<str>,
    /// The other.
    pub b: Arc<str>,
    /// How much more `b` has than `a`.
    pub difference: f64,
    /// The better one of both as far as was seen, however uncertain.
    pub better: Arc<str>,
    /// The chance of such a difference between arms that do not differ: Welch's test for means, the pooled z test for
    /// shares, Fisher's exact test for small numbers. It is right for one look at a time that was chosen before; who
    /// looks again and again until it is small finds differences where there are none. The stop rules account for that.
    pub p_value: f64,
    /// The same, corrected for the number of comparisons between the arms (Bonferroni).
    pub p_corrected: f64,
}

fn estimate(moments: &Moments) -> Option<Estimate> {
    let (low, high) = moments.interval();
    (moments.n > 0).then_some(Estimate { value: moments.mean, low, high, n: moments.n })
}

#[allow(clippy::cast_precision_loss)] // 2^53 nano-dollars are nine million dollars
fn arm_results(name: &Arc<str>, target: &str, share: u32, tally: &Tally) -> ArmResults {
    let (low, high) = wilson(tally.successes, tally.requests());
    let success = tally.value(Goal::Success).map(|value| Estimate { value, low, high, n: tally.requests() });
    ArmResults {
        arm: name.clone(),
        target: target.to_owned(),
        share,
        samples: tally.requests(),
        cancelled: tally.cancelled,
        fell_back: tally.fell_back,
        success,
        first_token: estimate(&tally.first_token),
        latency: estimate(&tally.latency),
        cost: estimate(&tally.cost),
        quality: estimate(&tally.quality),
        cost_total: tally.cost_total as f64 / 1e9,
    }
}

pub(super) fn results(
    experiment: &Experiment,
    arms: &[Tally],
    status: ExperimentStatus,
    elapsed: Duration,
) -> ExperimentResults {
    let factor = comparisons(arms.len());
    let mut pairs = Vec::new();
    for goal in Goal::ALL {
        for a in 0..arms.len() {
            for b in a + 1..arms.len() {
                let (Some(value_a), Some(value_b)) = (arms[a].value(goal), arms[b].value(goal)) else { continue };
                let Some(p_value) = p_value(goal, &arms[a], &arms[b]) else { continue };
                let (name_a, name_b) = (&experiment.arms[a].name, &experiment.arms[b].name);
                pairs.push(Comparison {
                    goal,
                    a: name_a.clone(),
                    b: name_b.clone(),
                    difference: value_b - value_a,
                    better: if is_better(goal, value_b, value_a) { name_b.clone() } else { name_a.clone() },
                    p_value,
                    p_corrected: (p_value * factor).min(1.0),
                });
            }
        }
    }
    ExperimentResults {
        experiment: experiment.name.clone(),
        on_model: experiment.on_model.clone(),
        goal: experiment.goal,
        status,
        elapsed,
        arms: experiment
            .arms
            .iter()
            .zip(arms)
            .map(|(arm, tally)| arm_results(&arm.name, &arm.target, arm.share, tally))
            .collect(),
        comparisons: pairs,
    }
}

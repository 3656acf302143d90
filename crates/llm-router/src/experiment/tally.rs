//! What was counted for one arm, and how two arms compare.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::definition::Goal;
use super::significance::{Moments, proportions, welch};

/// What was counted for one arm. Requests that their caller gave up count for nothing but `cancelled`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(super) successes: u64,
    pub(super) failures: u64,
    pub(super) cancelled: u64,
    pub(super) fell_back: u64,
    pub(super) first_token: Moments,
    pub(super) latency: Moments,
    pub(super) cost: Moments,
    pub(super) quality: Moments,
    pub(super) cost_total: u64,
}

/// How a request of an arm ended.
pub(super) enum Ended {
    /// With an answer.
    Well { first_token: Option<Duration>, total: Option<Duration>, cost: Option<u64>, by_arm: bool },
    /// With an error.
    Failed,
    /// Given up by its caller.
    Cancelled,
}

impl Tally {
    pub(super) fn ended(&mut self, ended: &Ended) {
        match ended {
            Ended::Failed => self.failures += 1,
            Ended::Cancelled => self.cancelled += 1,
            Ended::Well { first_token, total, cost, by_arm } => {
                self.successes += 1;
                self.fell_back += u64::from(!by_arm);
                if let Some(first_token) = first_token {
                    self.first_token.add(first_token.as_secs_f64());
                }
                if let Some(total) = total {
                    self.latency.add(total.as_secs_f64());
                }
                if let Some(cost) = cost {
                    self.cost_total = self.cost_total.saturating_add(*cost);
                    #[allow(clippy::cast_precision_loss)] // 2^53 nano-dollars are nine million dollars
                    self.cost.add(*cost as f64 / 1e9);
                }
            }
        }
    }

    pub(super) fn scored(&mut self, score: f64) {
        self.quality.add(score);
    }

    /// Requests that came to an end of their own.
    pub(super) fn requests(&self) -> u64 {
        self.successes + self.failures
    }

    fn moments(&self, goal: Goal) -> Option<&Moments> {
        match goal {
            Goal::Quality => Some(&self.quality),
            Goal::Latency => Some(&self.latency),
            Goal::FirstToken => Some(&self.first_token),
            Goal::Cost => Some(&self.cost),
            Goal::Success => None,
        }
    }

    /// Observations of a goal.
    pub(super) fn samples(&self, goal: Goal) -> u64 {
        self.moments(goal).map_or_else(|| self.requests(), |moments| moments.n)
    }

    /// The value of a goal so far: a mean, or a share.
    pub(super) fn value(&self, goal: Goal) -> Option<f64> {
        #[allow(clippy::cast_precision_loss)] // counts of requests
        let share = || self.successes as f64 / self.requests() as f64;
        (self.samples(goal) > 0).then(|| self.moments(goal).map_or_else(share, |moments| moments.mean))
    }
}

/// Whether `a` is the better value of a goal.
pub(super) fn is_better(goal: Goal, a: f64, b: f64) -> bool {
    match goal {
        Goal::Quality | Goal::Success => a > b,
        Goal::Latency | Goal::FirstToken | Goal::Cost => a < b,
    }
}

/// How likely the difference of two arms is when there is none; `None` when too little is known.
pub(super) fn p_value(goal: Goal, a: &Tally, b: &Tally) -> Option<f64> {
    match (a.moments(goal), b.moments(goal)) {
        (Some(a), Some(b)) => welch(a, b),
        _ => proportions((a.successes, a.requests()), (b.successes, b.requests())),
    }
}

/// The place of the arm that is better than every other one at this level, all comparisons taken together (Bonferroni).
pub(super) fn winner(goal: Goal, arms: &[Tally], level: f64) -> Option<usize> {
    let comparisons = comparisons(arms.len());
    (0..arms.len()).find(|&place| {
        let beats = |other: usize| {
            let (Some(mine), Some(theirs)) = (arms[place].value(goal), arms[other].value(goal)) else { return false };
            let p = p_value(goal, &arms[place], &arms[other]);
            is_better(goal, mine, theirs) && p.is_some_and(|p| p * comparisons <= level)
        };
        arms.len() > 1 && (0..arms.len()).filter(|other| *other != place).all(beats)
    })
}

/// In how many ways two of so many arms can be compared.
pub(super) fn comparisons(arms: usize) -> f64 {
    #[allow(clippy::cast_precision_loss)] // a handful
    let arms = arms as f64;
    (arms * (arms - 1.0) / 2.0).max(1.0)
}

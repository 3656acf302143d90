//! When an experiment ends: a pure function of what was counted, and of how often it was looked at.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::definition::Experiment;
use super::tally::{Tally, winner};

/// Whether an experiment runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExperimentStatus {
    /// It does.
    #[default]
    Running,
    /// It has ended.
    Stopped {
        /// The arm that is better than every other one; `None` when no difference is certain enough.
        winner: Option<Arc<str>>,
        /// Why it ended.
        why: StopReason,
    },
}

/// Why an experiment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopReason {
    /// One arm is better than every other one.
    Significant,
    /// It cost as much as it may.
    MaxCost,
    /// It ran as long as it may.
    MaxDuration,
    /// An operator ended it.
    Manual,
}

/// The part of the error that the look of this number (0 is the first) may spend: a half, a quarter, an eighth. Their
/// sum never exceeds the whole, so however often is looked, a wrong winner is no likelier than the operator said.
fn spent_by(look: u32) -> f64 {
    0.5f64.powi(i32::try_from(look).unwrap_or(i32::MAX).saturating_add(1))
}

/// Whether it ends now, after `looks` looks at the difference, which this call may add to.
pub(super) fn check(
    experiment: &Experiment,
    arms: &[Tally],
    looks: &mut u32,
    elapsed: Duration,
) -> Option<ExperimentStatus> {
    let rules = &experiment.stop;
    let goal = experiment.goal;
    let name = |place: usize| experiment.arms.get(place).map(|arm| arm.name.clone());
    let stopped = |winner: Option<usize>, why| Some(ExperimentStatus::Stopped { winner: winner.and_then(name), why });
    // An arm that nobody is sent to is not waited for.
    let takes_part = |place: &usize| experiment.arms.get(*place).is_some_and(|arm| arm.share > 0);
    let least = (0..arms.len()).filter(takes_part).map(|place| arms[place].samples(goal)).min().unwrap_or(0);
    let best = |level: f64| {
        let places: Vec<usize> = (0..arms.len()).filter(takes_part).collect();
        let counted: Vec<Tally> = places.iter().map(|place| arms[*place].clone()).collect();
        winner(goal, &counted, level).map(|place| places[place])
    };

    if let (Some(level), Some(min_samples)) = (rules.p_value, rules.min_samples) {
        let due = |looks: u32| min_samples.saturating_mul(1 << looks.min(63)).max(1);
        while *looks < 60 && least >= due(*looks) {
            let level = level * spent_by(*looks);
            *looks += 1;
            if let Some(place) = best(level) {
                return stopped(Some(place), StopReason::Significant);
            }
        }
    }
    let why = match (rules.max_cost, rules.max_duration) {
        (Some(most), _) if arms.iter().map(|arm| arm.cost_total).sum::<u64>() >= most.nanos() => StopReason::MaxCost,
        (_, Some(longest)) if elapsed >= longest => StopReason::MaxDuration,
        _ => return None,
    };
    // The last look may spend all that is left, which is as much as the looks before have left over.
    let enough = rules.min_samples.is_none_or(|wanted| least >= wanted);
    let level = rules.p_value.filter(|_| enough).map(|level| level * 0.5f64.powi(i32::try_from(*looks).unwrap_or(60)));
    stopped(level.and_then(best), why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::unit;
    use crate::experiment::definition::{Goal, StopRules};
    use crate::experiment::hash::siphash;
    use crate::experiment::tally::Ended;

    /// Runs an experiment on the share of answers that end well, looking after every request. The winner, if one is found,
    /// and how many requests each arm had.
    fn run(seed: u64, shares: &[f64], most: u64, level: f64) -> (Option<String>, u64) {
        let names = ["A", "B", "C"];
        let mut experiment = Experiment::new("e", "m").with_goal(Goal::Success);
        for name in &names[..shares.len()] {
            experiment = experiment.with_arm(*name, "p/m", 1);
        }
        experiment.stop = StopRules::significant(level, 100);
        let mut arms = vec![Tally::default(); shares.len()];
        let mut looks = 0;
        for n in 0..most {
            for (place, share) in shares.iter().enumerate() {
                let draw = unit(siphash((seed, n), &[names[place]]));
                let well = Ended::Well { first_token: None, total: None, cost: None, by_arm: true };
                arms[place].ended(if draw < *share { &well } else { &Ended::Failed });
                if let Some(ExperimentStatus::Stopped { winner, .. }) =
                    check(&experiment, &arms, &mut looks, Duration::ZERO)
                {
                    return (winner.map(|winner| winner.to_string()), n + 1);
                }
            }
        }
        (None, most)
    }

    #[test]
    fn equal_arms_have_a_winner_no_more_often_than_was_said_though_every_request_is_looked_at() {
        for shares in [&[0.8, 0.8][..], &[0.8, 0.8, 0.8]] {
            let wrong = (0..120).filter(|seed| run(*seed, shares, 1_600, 0.05).0.is_some()).count();
            // At most 5 % of 120, with three standard deviations of luck.
            assert!(wrong <= 6 + 7, "{wrong} of 120");
        }
    }

    #[test]
    fn a_better_arm_is_found_and_never_the_worse_one() {
        let runs: Vec<_> = (0..50).map(|seed| run(seed, &[0.80, 0.88], 6_400, 0.05)).collect();
        let found = runs.iter().filter(|(winner, _)| winner.as_deref() == Some("B")).count();
        assert!(found >= 48, "{found}");
        assert!(runs.iter().all(|(winner, _)| winner.as_deref() != Some("A")));
        let mean = runs.iter().map(|(_, n)| n).sum::<u64>() / 50;
        assert!(mean < 1_600, "{mean} requests an arm on average");
    }

    #[test]
    fn looks_happen_at_doubled_sample_sizes_only() {
        let mut experiment = Experiment::new("e", "m").with_arm("A", "p/m", 1).with_arm("B", "p/n", 1);
        experiment = experiment.with_goal(Goal::Success).with_stop(StopRules::significant(0.05, 10));
        let mut looks = 0;
        let mut arms = vec![Tally::default(); 2];
        let mut seen = Vec::new();
        for n in 1..=100 {
            for arm in &mut arms {
                arm.ended(&Ended::Failed);
            }
            check(&experiment, &arms, &mut looks, Duration::ZERO);
            if seen.last().is_none_or(|(_, last)| *last != looks) {
                seen.push((n, looks));
            }
        }
        assert_eq!(seen, [(1, 0), (10, 1), (20, 2), (40, 3), (80, 4)]);
        assert!((0..60).map(spent_by).sum::<f64>() <= 1.0);
    }
}

//! The one that served such requests best so far, with a bounded share of trials of the others.

mod belief;
mod draws;
mod kind;
mod learning;
mod outlook;

use std::borrow::Cow;

use llm_core::Priority;
use serde::{Deserialize, Serialize};

pub use belief::{Belief, Chance, Guess};
pub use learning::{Beliefs, Learning, LearningSettings};

pub(crate) use kind::kind;

use self::draws::Draws;
use self::outlook::{Arms, Outlook};
use super::{Measure, Reads, Score, Strategy, lead};
use crate::contest::Contest;

/// Learns which target serves which kind of request best, by success, quality, latency and cost (a contextual bandit
/// with Thompson sampling).
///
/// The kind of a request is its task, or how hard it is; whether it is streamed; and its size. Most requests go to the
/// target that is thought best for their kind. A share of them, [`explore`](Self::explore), are trials: they go to a
/// target of which fewer than 32 calls are known, else to one drawn by how likely it is to be the best, which is mostly
/// the best one too. So others never get more than this share. A request of high priority is never used for a trial. Everything is drawn from the seed, so a decision can be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Adaptive {
    /// What a call that ends well is worth. Default 1.
    pub success: f64,
    /// What a good score is worth. Default 1. Without any score of any target it counts for nothing.
    pub feedback: f64,
    /// What being as fast as the fastest is worth. Default 0.5.
    pub latency: f64,
    /// What being as cheap as the cheapest is worth. Default 0.5.
    pub cost: f64,
    /// Most of the requests that may go to another than the best target, from 0 to 1. Default 0.1.
    pub explore: f64,
    /// Targets come last whose quality is known and not certain to be above this. Default none.
    pub floor: Option<f64>,
}

/// Calls from which on trials are drawn by likelihood. Before, one failure would shut a target out for long.
const TRIED: f64 = 32.0;

impl Default for Adaptive {
    fn default() -> Self {
        Self { success: 1.0, feedback: 1.0, latency: 0.5, cost: 0.5, explore: 0.1, floor: None }
    }
}

impl Adaptive {
    /// With what success, feedback, latency and cost are worth beside each other.
    pub fn with_objective(mut self, success: f64, feedback: f64, latency: f64, cost: f64) -> Self {
        (self.success, self.feedback, self.latency, self.cost) = (success, feedback, latency, cost);
        self
    }

    /// With another share of trials.
    pub fn with_explore(mut self, explore: f64) -> Self {
        self.explore = explore;
        self
    }

    /// With the least quality.
    pub fn with_floor(mut self, floor: f64) -> Self {
        self.floor = Some(floor);
        self
    }

    /// What is wrong with it.
    pub(crate) fn problem(&self) -> Option<String> {
        let is_worth = |value: f64| value.is_finite() && value >= 0.0;
        if ![self.success, self.feedback, self.latency, self.cost].into_iter().all(is_worth) {
            return Some("an adaptive strategy has a weight below 0: write 0 for what is worth nothing".to_owned());
        }
        if !(0.0..=1.0).contains(&self.explore) {
            return Some(format!("an adaptive strategy explores {}: write a share from 0 to 1", self.explore));
        }
        let floor = self.floor.filter(|floor| !(0.0..=1.0).contains(floor))?;
        Some(format!("an adaptive strategy has the floor {floor}: write a quality from 0 to 1"))
    }
}

impl Strategy for Adaptive {
    fn name(&self) -> &'static str {
        "adaptive"
    }

    fn reads(&self) -> Reads {
        Reads::BELIEFS.and(Reads::STATS).and(Reads::PRICES).and(Reads::COMPLEXITY)
    }

    fn rank(&self, contest: &Contest<'_>, order: &mut Vec<usize>) -> Cow<'static, str> {
        let arms = Arms::new(self, contest, order);
        let mut outlooks: Vec<Outlook> = order.iter().map(|place| arms.outlook(*place)).collect();
        // Stable: equals stay as listed.
        outlooks.sort_by(|a, b| a.is_low.cmp(&b.is_low).then(b.worth.total_cmp(&a.worth)));
        order.clear();
        order.extend(outlooks.iter().map(|outlook| outlook.place));

        let mut draws = Draws::new(contest.facts.session.unwrap_or(contest.seed));
        let is_trial = draws.unit() < self.explore && contest.facts.priority != Priority::High;
        if !is_trial {
            return Cow::Borrowed("the best as learned");
        }
        let open = || outlooks.iter().filter(|outlook| outlook.is_low == outlooks[0].is_low);
        // The best one is called anyway.
        let unknown = open().skip(1).filter(|outlook| outlook.samples < TRIED);
        let least_known = unknown.min_by(|a, b| a.samples.total_cmp(&b.samples)).map(|outlook| outlook.place);
        let chosen = least_known.or_else(|| {
            let chances = open().map(|outlook| (outlook.place, arms.drawn(outlook.place, &mut draws)));
            chances.max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(place, _)| place)
        });
        match chosen {
            Some(place) if Some(&place) != order.first() => {
                lead(order, place);
                Cow::Borrowed("a trial of one that may be better, then the best as learned")
            }
            _ => Cow::Borrowed("the best as learned"),
        }
    }

    fn scores(&self, contest: &Contest<'_>, place: usize) -> Vec<Score> {
        let all: Vec<usize> = (0..contest.view.places.len()).collect();
        let outlook = Arms::new(self, contest, &all).outlook(place);
        let share = |what, value: Option<f64>| {
            Score::new(what, value.map_or(Measure::Unknown, |value| Measure::Share((value * 1e6).round() / 1e6)))
        };
        vec![
            share("worth", Some(outlook.worth)),
            share("success", outlook.success),
            share("quality", outlook.quality),
            share("latency", outlook.latency),
            share("cost", outlook.cost),
        ]
    }
}

//! What each target is worth to one request, by what is believed of it: on average, and as drawn.

use super::Adaptive;
use super::belief::{Belief, Chance, Guess};
use super::draws::Draws;
use crate::contest::Contest;

/// Weight of an operator's word on quality, in scores.
const WORD: f64 = 4.0;
/// Weight of the others' mean for a target without a score of its own.
const HEARSAY: f64 = 2.0;
/// Answers from which on a target's own cost goes before an estimate by prices.
const OWN_COST: f64 = 5.0;
/// Scores from which on the quality of a target is known.
const KNOWN: f64 = 50.0;

/// The targets of one contest.
pub(super) struct Arms<'a> {
    strategy: &'a Adaptive,
    all: Vec<Arm>,
    has_quality: bool,
    fastest: Option<f64>,
    cheapest: Option<f64>,
}

struct Arm {
    place: usize,
    belief: Belief,
    latency: Option<Guess>,
    cost: Option<Guess>,
    is_low: bool,
}

/// What one target is worth on average.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outlook {
    pub(super) place: usize,
    /// From 0 to 1.
    pub(super) worth: f64,
    /// Its quality is known and not certain to be above the floor.
    pub(super) is_low: bool,
    /// Calls that count for it.
    pub(super) samples: f64,
    pub(super) success: Option<f64>,
    pub(super) quality: Option<f64>,
    /// Compared with the fastest.
    pub(super) latency: Option<f64>,
    /// Compared with the cheapest.
    pub(super) cost: Option<f64>,
}

fn known(guess: Guess) -> Option<Guess> {
    (guess.n > 0.0).then_some(guess)
}

/// An estimate that is taken for certain.
fn certain(mean: f64) -> Guess {
    Guess { n: f64::INFINITY, mean, variance: 0.0 }
}

#[allow(clippy::cast_precision_loss)] // amounts of money in a float
fn log_cost(contest: &Contest<'_>, place: usize) -> Option<f64> {
    contest.cost(place).map(|cost| (cost.nanos() as f64).max(1.0).ln())
}

impl<'a> Arms<'a> {
    pub(super) fn new(strategy: &'a Adaptive, contest: &Contest<'_>, order: &[usize]) -> Self {
        let mut arms: Vec<Arm> = order
            .iter()
            .map(|&place| {
                let mut belief = contest.snapshot.beliefs.get(place).copied().unwrap_or_default();
                let is_known = belief.quality.samples() >= KNOWN;
                let is_low = strategy.floor.is_some_and(|floor| is_known && belief.quality.lower() < floor);
                if let Some(word) = contest.place(place).quality {
                    belief.quality = belief.quality.plus(Chance { good: word, bad: 1.0 - word }, WORD);
                }
                let seen = contest.now(place).pulse.first_token.map(|time| time.as_secs_f64().max(1e-6).ln());
                let latency = known(belief.latency).or_else(|| seen.map(|mean| Guess { n: 1.0, mean, variance: 0.0 }));
                let own_cost = known(belief.cost).filter(|cost| cost.n >= OWN_COST);
                let cost = own_cost.or_else(|| log_cost(contest, place).map(certain)).or(known(belief.cost));
                Arm { place, belief, latency, cost, is_low }
            })
            .collect();
        let scored: Vec<f64> = arms
            .iter()
            .map(|arm| arm.belief.quality)
            .filter(|chance| chance.samples() > 0.0)
            .map(|c| c.mean())
            .collect();
        let has_quality = !scored.is_empty();
        if has_quality {
            #[allow(clippy::cast_precision_loss)] // a handful
            let mean = scored.iter().sum::<f64>() / scored.len() as f64;
            for arm in arms.iter_mut().filter(|arm| arm.belief.quality.samples() <= 0.0) {
                arm.belief.quality = arm.belief.quality.plus(Chance { good: mean, bad: 1.0 - mean }, HEARSAY);
            }
        }
        let least = |of: fn(&Arm) -> Option<Guess>| arms.iter().filter_map(of).map(|guess| guess.mean).reduce(f64::min);
        let (fastest, cheapest) = (least(|arm| arm.latency), least(|arm| arm.cost));
        Self { strategy, all: arms, has_quality, fastest, cheapest }
    }

    /// What a target is worth on average.
    pub(super) fn outlook(&self, place: usize) -> Outlook {
        let Some(arm) = self.all.iter().find(|arm| arm.place == place) else {
            return Outlook { place, ..Outlook::default() };
        };
        let success = arm.belief.success.mean();
        let quality = arm.belief.quality.mean();
        let part = |least: Option<f64>, guess: Option<Guess>| Some(ratio(least?, guess?.mean));
        let (latency, cost) = (part(self.fastest, arm.latency), part(self.cheapest, arm.cost));
        Outlook {
            place,
            worth: self.worth(success, quality, latency, cost),
            is_low: arm.is_low,
            samples: arm.belief.success.samples(),
            success: (arm.belief.success.samples() > 0.0).then_some(success),
            quality: self.has_quality.then_some(quality),
            latency,
            cost,
        }
    }

    /// What a target is worth if the truth is somewhere within what may be believed of it.
    pub(super) fn drawn(&self, place: usize, draws: &mut Draws) -> f64 {
        let Some(arm) = self.all.iter().find(|arm| arm.place == place) else { return 0.0 };
        let success = arm.belief.success.draw(draws);
        let quality = if self.has_quality { arm.belief.quality.draw(draws) } else { 1.0 };
        let mut part =
            |least: Option<f64>, guess: Option<Guess>| Some(ratio(least?, guess.map(|guess| guess.draw(draws))?));
        let (latency, cost) = (part(self.fastest, arm.latency), part(self.cheapest, arm.cost));
        self.worth(success, quality, latency, cost)
    }

    /// The objective: how good, fast and cheap it is, as often as it ends well. What is not known is as good as the best.
    fn worth(&self, success: f64, quality: f64, latency: Option<f64>, cost: Option<f64>) -> f64 {
        let Adaptive { success: s, feedback, latency: l, cost: c, .. } = *self.strategy;
        let feedback = if self.has_quality { feedback } else { 0.0 };
        let all = s + feedback + l + c;
        if all <= 0.0 {
            return 0.0;
        }
        success * (s + feedback * quality + l * latency.unwrap_or(1.0) + c * cost.unwrap_or(1.0)) / all
    }
}

/// How a value compares with the least one, both as logarithms: 1 is as good, ½ is twice as much.
fn ratio(least: f64, value: f64) -> f64 {
    (least - value).exp().min(1.0)
}

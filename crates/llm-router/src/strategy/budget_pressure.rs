//! By the quality that is asked for, the complexity of the request, and what is left of the day's budget.

use std::borrow::Cow;

use llm_core::QualityNeed;
use serde::{Deserialize, Serialize};

use super::{Choice, Reads, Score, Strategy};
use crate::classify::Complexity;
use crate::contest::Contest;

/// Who is asked first:
///
/// | quality asked for | complex | else |
/// |---|---|---|
/// | high | `best` | `standard` |
/// | standard, and requests that say nothing | `standard`; `cheap` under pressure | the same |
/// | low | `cheap` | `cheap` |
///
/// Pressure is when less than `below` of the daily budget is left. Without a budget there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BudgetPressure {
    /// For the highest quality. Default `best_quality`.
    pub best: Choice,
    /// For the usual. Default `as_listed`.
    pub standard: Choice,
    /// For low quality and under pressure. Default `cheapest`.
    pub cheap: Choice,
    /// The part of the daily budget below which there is pressure. Default 0.2.
    pub below: f64,
}

impl Default for BudgetPressure {
    fn default() -> Self {
        Self { best: Choice::BestQuality, standard: Choice::AsListed, cheap: Choice::Cheapest, below: 0.2 }
    }
}

impl BudgetPressure {
    /// Who is asked first.
    pub fn new(best: impl Into<Choice>, standard: impl Into<Choice>, cheap: impl Into<Choice>) -> Self {
        Self { best: best.into(), standard: standard.into(), cheap: cheap.into(), ..Self::default() }
    }

    /// With pressure below another part of the budget.
    pub fn with_below(mut self, below: f64) -> Self {
        self.below = below;
        self
    }

    fn choice(&self, contest: &Contest<'_>) -> (&'static str, &Choice) {
        let presses = contest.snapshot.budget_left.is_some_and(|left| left < self.below);
        match (contest.facts.quality, contest.facts.complexity) {
            (Some(QualityNeed::High), Some(Complexity::Complex)) => ("high quality, complex", &self.best),
            (Some(QualityNeed::High), _) => ("high quality, not complex", &self.standard),
            (Some(QualityNeed::Low), _) => ("low quality is enough", &self.cheap),
            _ if presses => ("standard quality, little budget is left", &self.cheap),
            _ => ("standard quality", &self.standard),
        }
    }

    /// Every choice.
    pub(super) fn choices_mut(&mut self) -> [&mut Choice; 3] {
        [&mut self.best, &mut self.standard, &mut self.cheap]
    }
}

impl Strategy for BudgetPressure {
    fn name(&self) -> &'static str {
        "budget_pressure"
    }

    fn reads(&self) -> Reads {
        let own = Reads::COMPLEXITY.and(Reads::BUDGET);
        own.and(self.best.reads()).and(self.standard.reads()).and(self.cheap.reads())
    }

    fn rank(&self, contest: &Contest<'_>, order: &mut Vec<usize>) -> Cow<'static, str> {
        let (word, choice) = self.choice(contest);
        choice.rank(contest, order);
        Cow::Owned(format!("{word}: {choice}"))
    }

    fn scores(&self, contest: &Contest<'_>, place: usize) -> Vec<Score> {
        self.choice(contest).1.scores(contest, place)
    }
}

//! By how hard the request is: cheap for the simple, fast for the usual, the best for the hard.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Choice, Reads, Score, Strategy};
use crate::classify::{ByForm, Complexity};
use crate::contest::Contest;
use crate::facts::Facts;

/// Who is asked first for requests of each complexity. Defaults: cheapest, fastest, best quality.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ByComplexity {
    /// For simple requests.
    pub simple: Choice,
    /// For requests in between.
    pub medium: Choice,
    /// For complex requests.
    pub complex: Choice,
    /// How complexity is told in this route, instead of the router's classifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<ByForm>,
}

impl Default for ByComplexity {
    fn default() -> Self {
        Self { simple: Choice::Cheapest, medium: Choice::Fastest, complex: Choice::BestQuality, rules: None }
    }
}

impl ByComplexity {
    /// Who is asked first for each complexity.
    pub fn new(simple: impl Into<Choice>, medium: impl Into<Choice>, complex: impl Into<Choice>) -> Self {
        Self { simple: simple.into(), medium: medium.into(), complex: complex.into(), rules: None }
    }

    fn choice(&self, facts: &Facts) -> (&'static str, &Choice) {
        match facts.complexity {
            Some(Complexity::Simple) => ("simple", &self.simple),
            Some(Complexity::Complex) => ("complex", &self.complex),
            Some(Complexity::Medium) => ("medium", &self.medium),
            None => ("of unknown complexity", &self.medium),
        }
    }

    /// Every choice.
    pub(super) fn choices_mut(&mut self) -> [&mut Choice; 3] {
        [&mut self.simple, &mut self.medium, &mut self.complex]
    }
}

impl Strategy for ByComplexity {
    fn name(&self) -> &'static str {
        "complexity"
    }

    fn reads(&self) -> Reads {
        Reads::COMPLEXITY.and(self.simple.reads()).and(self.medium.reads()).and(self.complex.reads())
    }

    fn reads_for(&self, facts: &Facts) -> Reads {
        self.choice(facts).1.reads()
    }

    fn rank(&self, contest: &Contest<'_>, order: &mut Vec<usize>) -> Cow<'static, str> {
        let (word, choice) = self.choice(contest.facts);
        choice.rank(contest, order);
        Cow::Owned(format!("the request is {word}: {choice}"))
    }

    fn scores(&self, contest: &Contest<'_>, place: usize) -> Vec<Score> {
        self.choice(contest.facts).1.scores(contest, place)
    }
}

//! The strategy of a route as data: a built-in one with its settings, or one of your own by name.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    Adaptive, BestQuality, BudgetPressure, ByComplexity, Choice, Cost, Fastest, Latency, LeastBusy, Manual, Priority,
    Reads, Score, Strategy, Tasks, Weighted, registered,
};
use crate::contest::Contest;
use crate::facts::Facts;
use crate::view::RouteView;

/// The built-in strategies, by the names they have in configurations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StrategyKind {
    /// By tier, and within a tier as listed or by weight. The first is the primary, the others step in.
    #[default]
    Priority,
    /// The first that is listed and nobody else.
    Manual,
    /// Drawn by weight.
    Weighted,
    /// The cheapest first.
    Cost,
    /// The better of two by time to the first content and calls at work.
    Latency,
    /// The fastest first.
    Fastest,
    /// The best first.
    Quality,
    /// The one with the fewest calls first.
    #[serde(alias = "least-busy")]
    LeastBusy,
    /// By the task of the request.
    Task,
    /// By how hard the request is.
    Complexity,
    /// By the quality asked for, the complexity, and what is left of the budget.
    #[serde(alias = "budget-pressure")]
    BudgetPressure,
    /// By what was learned of the targets.
    Adaptive,
}

/// The strategy of a route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StrategySpec {
    /// See [`Priority`].
    Priority,
    /// See [`Manual`].
    Manual,
    /// See [`Weighted`].
    Weighted,
    /// See [`Cost`].
    Cost,
    /// See [`Latency`].
    Latency,
    /// See [`Fastest`].
    Fastest,
    /// See [`BestQuality`].
    Quality,
    /// See [`LeastBusy`].
    LeastBusy,
    /// See [`Tasks`].
    Task(Tasks),
    /// See [`ByComplexity`].
    Complexity(ByComplexity),
    /// See [`BudgetPressure`].
    BudgetPressure(BudgetPressure),
    /// See [`Adaptive`].
    Adaptive(Adaptive),
    /// The target that a request names outright. Nothing is compared with the request.
    Direct,
    /// One of another crate.
    Own(OwnStrategy),
}

impl From<StrategyKind> for StrategySpec {
    fn from(kind: StrategyKind) -> Self {
        match kind {
            StrategyKind::Priority => Self::Priority,
            StrategyKind::Manual => Self::Manual,
            StrategyKind::Weighted => Self::Weighted,
            StrategyKind::Cost => Self::Cost,
            StrategyKind::Latency => Self::Latency,
            StrategyKind::Fastest => Self::Fastest,
            StrategyKind::Quality => Self::Quality,
            StrategyKind::LeastBusy => Self::LeastBusy,
            StrategyKind::Task => Self::Task(Tasks::default()),
            StrategyKind::Complexity => Self::Complexity(ByComplexity::default()),
            StrategyKind::BudgetPressure => Self::BudgetPressure(BudgetPressure::default()),
            StrategyKind::Adaptive => Self::Adaptive(Adaptive::default()),
        }
    }
}

impl From<Adaptive> for StrategySpec {
    fn from(adaptive: Adaptive) -> Self {
        Self::Adaptive(adaptive)
    }
}

impl From<Tasks> for StrategySpec {
    fn from(tasks: Tasks) -> Self {
        Self::Task(tasks)
    }
}

impl From<ByComplexity> for StrategySpec {
    fn from(choices: ByComplexity) -> Self {
        Self::Complexity(choices)
    }
}

impl From<BudgetPressure> for StrategySpec {
    fn from(choices: BudgetPressure) -> Self {
        Self::BudgetPressure(choices)
    }
}

impl From<Arc<dyn Strategy>> for StrategySpec {
    fn from(strategy: Arc<dyn Strategy>) -> Self {
        Self::Own(OwnStrategy { name: strategy.name().into(), strategy: Some(strategy) })
    }
}

impl StrategySpec {
    /// The strategy itself.
    fn strategy(&self) -> &dyn Strategy {
        match self {
            Self::Priority => &Priority,
            Self::Manual => &Manual,
            Self::Weighted => &Weighted,
            Self::Cost => &Cost,
            Self::Latency => &Latency,
            Self::Fastest => &Fastest,
            Self::Quality => &BestQuality,
            Self::LeastBusy => &LeastBusy,
            Self::Task(tasks) => tasks,
            Self::Complexity(choices) => choices,
            Self::BudgetPressure(choices) => choices,
            Self::Adaptive(adaptive) => adaptive,
            Self::Direct => &Direct,
            Self::Own(own) => own.strategy.as_deref().unwrap_or(&Priority),
        }
    }

    /// The name of one that no linked crate has, after it was read from a log.
    pub(crate) fn missing(&self) -> Option<&str> {
        match self {
            Self::Own(OwnStrategy { name, strategy: None }) => Some(name),
            _ => None,
        }
    }

    /// Every target that it names itself, beside those of its route.
    pub fn targets_mut(&mut self) -> Vec<&mut String> {
        match self {
            Self::Task(tasks) => tasks.targets_mut().collect(),
            Self::Complexity(by) => by.choices_mut().into_iter().filter_map(Choice::target_mut).collect(),
            Self::BudgetPressure(by) => by.choices_mut().into_iter().filter_map(Choice::target_mut).collect(),
            _ => Vec::new(),
        }
    }
}

struct Direct;

impl Strategy for Direct {
    fn name(&self) -> &'static str {
        "direct"
    }

    fn reads(&self) -> Reads {
        Reads::NONE
    }

    fn rank(&self, _contest: &Contest<'_>, _order: &mut Vec<usize>) -> Cow<'static, str> {
        Cow::Borrowed("the request names its target")
    }
}

impl Strategy for StrategySpec {
    fn name(&self) -> &str {
        match self {
            Self::Own(own) => &own.name,
            other => other.strategy().name(),
        }
    }

    fn reads(&self) -> Reads {
        self.strategy().reads()
    }

    fn reads_for(&self, facts: &Facts) -> Reads {
        self.strategy().reads_for(facts)
    }

    fn is_fixed(&self, view: &RouteView) -> bool {
        self.strategy().is_fixed(view)
    }

    fn rank(&self, contest: &Contest<'_>, order: &mut Vec<usize>) -> Cow<'static, str> {
        self.strategy().rank(contest, order)
    }

    fn scores(&self, contest: &Contest<'_>, place: usize) -> Vec<Score> {
        self.strategy().scores(contest, place)
    }
}

/// A strategy of another crate. In JSON its name; it is found again when a linked crate registered it.
#[derive(Clone)]
pub struct OwnStrategy {
    name: Arc<str>,
    strategy: Option<Arc<dyn Strategy>>,
}

impl fmt::Debug for OwnStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnStrategy").field(&self.name).finish()
    }
}

impl PartialEq for OwnStrategy {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Serialize for OwnStrategy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> Deserialize<'de> for OwnStrategy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Arc::<str>::deserialize(deserializer)?;
        Ok(Self { strategy: registered(&name), name })
    }
}

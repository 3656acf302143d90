//! Strategies: in which order the targets of a request are asked.
//!
//! Each is a pure function of a [`Contest`]: nothing is read from anywhere else, so a decision can be repeated.

mod adaptive;
mod budget_pressure;
mod choice;
mod complexity;
mod cost;
mod fastest;
mod latency;
mod least_busy;
mod manual;
mod priority;
mod quality;
mod registered;
mod score;
mod spec;
mod task;
mod weighted;

use std::borrow::Cow;

pub(crate) use adaptive::kind;
pub use adaptive::{Adaptive, Belief, Beliefs, Chance, Guess, Learning, LearningSettings};
pub use budget_pressure::BudgetPressure;
pub use choice::Choice;
pub use complexity::ByComplexity;
pub use cost::Cost;
pub(crate) use cost::cheapest;
pub use fastest::Fastest;
pub use latency::Latency;
pub use least_busy::LeastBusy;
pub use manual::Manual;
pub use priority::Priority;
pub use quality::BestQuality;
#[doc(hidden)]
pub use registered::RegisteredStrategy;
pub use registered::registered;
pub use score::{Measure, Score};
pub use spec::{OwnStrategy, StrategyKind, StrategySpec};
pub use task::{TaskRoute, Tasks};
pub use weighted::Weighted;

use crate::contest::Contest;
use crate::facts::Facts;
use crate::view::RouteView;

/// Orders the targets of a request.
pub trait Strategy: Send + Sync + 'static {
    /// Its name in configurations and explanations.
    fn name(&self) -> &str;

    /// What it reads beside the route: a router does not fetch the rest.
    fn reads(&self) -> Reads {
        Reads::ALL
    }

    /// What it reads for one request, where that is less.
    fn reads_for(&self, _facts: &Facts) -> Reads {
        self.reads()
    }

    /// Whether it orders these targets the same for every request and at any time.
    fn is_fixed(&self, _view: &RouteView) -> bool {
        false
    }

    /// Orders the targets that may be asked, best first, and says why in a few words. `order` has their places in the
    /// route, as listed. Who is taken out is not asked; the others follow when the first fails.
    fn rank(&self, contest: &Contest<'_>, order: &mut Vec<usize>) -> Cow<'static, str>;

    /// What the order of this target came from, for explanations.
    fn scores(&self, _contest: &Contest<'_>, _place: usize) -> Vec<Score> {
        Vec::new()
    }
}

/// What a strategy reads of a snapshot and of a request's facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reads(u8);

impl Reads {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// What was seen of the targets: [`TargetView::pulse`](crate::TargetView::pulse).
    pub const STATS: Self = Self(1);
    /// How busy they are.
    pub const LOAD: Self = Self(1 << 1);
    /// What they cost, and the tokens of the request.
    pub const PRICES: Self = Self(1 << 2);
    /// How hard the request is.
    pub const COMPLEXITY: Self = Self(1 << 3);
    /// What is left of the budget of everything.
    pub const BUDGET: Self = Self(1 << 4);
    /// What was learned of the targets for its kind of request.
    pub const BELIEFS: Self = Self(1 << 5);
    /// Everything.
    pub const ALL: Self = Self(0b11_1111);

    /// Both.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it is all in here.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Brings a target to the front; the others keep their order. Says whether it is there.
pub(crate) fn lead(order: &mut [usize], place: usize) -> bool {
    match order.iter().position(|other| *other == place) {
        Some(at) => {
            order[..=at].rotate_right(1);
            true
        }
        None => false,
    }
}

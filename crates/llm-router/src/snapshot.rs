//! What changes from moment to moment, read once for a decision.

use std::time::Duration;

use llm_core::Load;
use serde::{Deserialize, Serialize};

use crate::health::Health;
use crate::money::Price;
use crate::stats::Pulse;
use crate::strategy::Belief;

/// What is known of the targets of a route now. In the order of [`RouteView::places`](crate::RouteView::places).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Snapshot {
    /// The targets.
    pub targets: Vec<TargetView>,
    /// What was learned of them for this kind of request, for those that ask; else empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beliefs: Vec<Belief>,
    /// The part of the daily budget that is left, from 0 to 1; `None` without a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_left: Option<f64>,
    /// A budget is spent that wants the cheapest target from then on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub wants_cheapest: bool,
}

/// What is known of one target now. What nobody asked for has its default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TargetView {
    /// Whether it takes requests.
    pub condition: Condition,
    /// How busy it is.
    pub load: Load,
    /// What was seen of it.
    pub pulse: Pulse,
    /// What it costs.
    pub price: Price,
    /// The part of its own daily budget that is left, from 0 to 1; `None` without a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_left: Option<f64>,
}

/// Whether a target takes requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Condition {
    /// It does.
    #[default]
    Ready,
    /// It refuses them: its breaker is open, or its key is cooling down.
    Shut {
        /// For so long, where that is known.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        wait: Option<Duration>,
    },
}

impl TargetView {
    /// Whether it takes requests and answered lately.
    pub fn is_well(&self) -> bool {
        self.condition == Condition::Ready && self.pulse.health != Health::Unavailable
    }

    /// Calls at work and waiting.
    pub fn calls(&self) -> u32 {
        self.load.total().max(self.pulse.in_flight)
    }
}

impl Snapshot {
    /// Cuts what was measured to a millionth: such numbers come back from JSON as they were.
    pub(crate) fn rounded(mut self) -> Self {
        for target in &mut self.targets {
            target.pulse = rounded(target.pulse);
            target.budget_left = target.budget_left.map(cut);
        }
        self.budget_left = self.budget_left.map(cut);
        self
    }
}

fn cut(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn rounded(pulse: Pulse) -> Pulse {
    Pulse {
        samples: cut(pulse.samples),
        success_rate: pulse.success_rate.map(cut),
        tokens_per_second: pulse.tokens_per_second.map(cut),
        cost: pulse.cost.map(cut),
        quality: pulse.quality.map(cut),
        quality_samples: cut(pulse.quality_samples),
        ..pulse
    }
}

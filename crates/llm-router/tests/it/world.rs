//! Everything that a router asks, told by a table.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use llm_core::{Availability, Load, Target, TargetState, TargetStates};
use llm_router::{BudgetLeft, Health, Payer, Price, Prices, Pulse, StatsView, TargetRecord, Usd};

#[derive(Clone, Copy, Default)]
pub(crate) struct Known {
    pub(crate) shut_for: Option<u64>,
    pub(crate) calls: u32,
    pub(crate) millis: Option<u64>,
    pub(crate) health: Health,
    pub(crate) price: Option<u64>,
    pub(crate) budget: Option<f64>,
}

/// Everything that a router asks, by model.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) targets: HashMap<&'static str, Known>,
    pub(crate) budget: Option<f64>,
    pub(crate) start: Option<Instant>,
    pub(crate) looks: Arc<AtomicU32>,
}

struct Of(Known, Option<Instant>, Arc<AtomicU32>);

impl TargetState for Of {
    fn availability(&self, now: Instant) -> Availability {
        let until = self.0.shut_for.zip(self.1).map(|(seconds, start)| start + Duration::from_secs(seconds));
        match until {
            Some(until) if until > now => Availability::Shut { until: Some(until) },
            _ => Availability::Ready,
        }
    }

    fn load(&self) -> Load {
        self.2.fetch_add(1, Ordering::Relaxed);
        Load::new(self.0.calls, 0, None)
    }
}

impl TargetRecord for Of {
    fn pulse(&self, _now: Instant) -> Pulse {
        let mut pulse = Pulse::default();
        (pulse.health, pulse.first_token_peak) = (self.0.health, self.0.millis.map(Duration::from_millis));
        pulse
    }
}

impl World {
    fn of(&self, target: &Target) -> Known {
        self.targets.get(&*target.model).copied().unwrap_or_default()
    }
}

impl TargetStates for World {
    fn state(&self, target: &Target) -> Arc<dyn TargetState> {
        Arc::new(Of(self.of(target), self.start, self.looks.clone()))
    }
}

impl StatsView for World {
    fn record(&self, target: &Target) -> Arc<dyn TargetRecord> {
        Arc::new(Of(self.of(target), self.start, self.looks.clone()))
    }
}

impl Prices for World {
    fn price(&self, target: &Target) -> Price {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.of(target)
            .price
            .map(|dollars| Price::new(Usd::from_nanos(dollars * 1_000_000_000), Usd::ZERO))
            .unwrap_or_default()
    }
}

impl BudgetLeft for World {
    fn left(&self, payer: &Payer<'_>, target: Option<&Target>) -> Option<f64> {
        assert_eq!(payer.tenant, Some("team"));
        target.map_or(self.budget, |target| self.of(target).budget)
    }

    fn wants_cheapest(&self, payer: &Payer<'_>) -> bool {
        payer.tags.is_some_and(|tags| tags.contains_key("spent"))
    }
}

pub(crate) fn world(targets: impl IntoIterator<Item = (&'static str, Known)>) -> World {
    World {
        targets: targets.into_iter().collect(),
        start: Some(tokio::time::Instant::now().into_std()),
        ..World::default()
    }
}

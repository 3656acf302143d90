//! How the targets are: by what calls came to, and by asking them.

use std::sync::Arc;

use llm_core::{PlanTarget, Target};
use llm_router::{ProbeKind, Prober, TargetHealth};

use crate::client::Client;

impl Client {
    /// How every target is that a route names, and each provider's default model, by what calls of it came to. Nothing is
    /// sent.
    pub fn health(&self) -> Vec<TargetHealth> {
        self.prober().report(tokio::time::Instant::now().into_std())
    }

    /// Asks all of them how they are: for the list of their models, or with [`ProbeKind::Chat`] for one token, which costs
    /// money at most vendors. Ten seconds at most for each, four at a time.
    pub async fn health_check(&self, probe: ProbeKind) -> Vec<TargetHealth> {
        self.prober().check_by(probe).await
    }

    /// Asks them again and again, as the configuration says; does nothing where it says nothing. Never ends: a program
    /// spawns it and drops it. A target that passes may be tried again although its breaker is open.
    pub async fn watch_health(&self) {
        // Which second of the interval a target is asked in need not be random, only different for each.
        let mut draw = 0_u64;
        self.prober()
            .run(|| {
                draw = draw.wrapping_add(0x9E37_79B9_7F4A_7C15);
                draw
            })
            .await;
    }

    fn prober(&self) -> Prober {
        let state = self.state();
        let gates = state.gates.clone();
        Prober::new(self.probe_policy(), self.probed(), self.cx(None), state.stats)
            .with_states(Arc::new(state.gates))
            .on_passed(move |target| gates.probe_passed(target))
    }

    /// Every target that a route names, and each provider's default model.
    fn probed(&self) -> Vec<PlanTarget> {
        let mut targets: Vec<Target> = self.router().routes().into_iter().flat_map(|(_, targets)| targets).collect();
        targets.extend(self.default_targets());
        targets.sort_unstable();
        targets.dedup();
        let place = |target: Target| Some(PlanTarget::of(target.clone(), self.provider_of(&target)?));
        targets.into_iter().filter_map(place).collect()
    }
}

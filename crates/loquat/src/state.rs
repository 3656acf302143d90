//! What a client learns and counts, apart from the client: it outlives every rebuild.

use std::fmt;
use std::sync::Arc;

use llm_core::Observer;
use llm_resilience::{Gates, KeyPools, Learned};
use llm_router::{Experiments, Learning, Quality, Stats};
#[cfg(feature = "budget")]
use llm_router::{LearningSettings, StatsSettings};

#[cfg(feature = "cache")]
use crate::cached::Cached;
#[cfg(feature = "budget")]
use crate::money::{Costs, Money};

/// What a client learns and counts: the state of breakers, limits and cool-downs, the statistics of every target, and the
/// results of experiments.
///
/// A handle, cheap to clone; all clones are one. A program that builds its client anew, for another configuration, hands
/// the old one's state to the new one and forgets nothing:
///
/// ```
/// # fn run() -> loquat::Result<()> {
/// use loquat::Client;
///
/// let old = Client::builder().model("local/echo").build()?;
/// let new = Client::builder().state(old.state()).model("local/slow").build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct EngineState {
    /// Breakers, limits and cool-downs, one gate for each target.
    pub gates: Gates,
    /// Which keys of providers with several are left alone.
    pub keys: KeyPools,
    /// Retry budgets, and how long first contents take, for hedges.
    pub learned: Learned,
    /// Latencies, failures and tokens of each target.
    pub stats: Stats,
    /// What the arms of experiments came to.
    pub experiments: Experiments,
    /// What adaptive routes believe of their targets.
    pub learning: Learning,
    /// Who answered which call, so that feedback finds its target.
    pub quality: Quality,
    /// Prices, costs and budgets.
    #[cfg(feature = "budget")]
    pub money: Money,
    /// What was saved by making prompts shorter.
    #[cfg(feature = "prompt")]
    pub prompt_savings: llm_prompt::optimise::SavingsCounter,
    /// The response cache.
    #[cfg(feature = "cache")]
    pub cached: Cached,
    /// Where limits are shared.
    #[cfg(feature = "redis")]
    pub(crate) shared_limits: crate::gates::SharedLimits,
}

impl Default for EngineState {
    fn default() -> Self {
        #[cfg(feature = "budget")]
        return Self::with_money(Money::default());
        #[cfg(not(feature = "budget"))]
        return Self::observing(Stats::default(), Experiments::default(), Learning::default());
    }
}

impl EngineState {
    fn observing(stats: Stats, experiments: Experiments, learning: Learning) -> Self {
        let quality =
            Quality::new(vec![Arc::new(stats.clone()), Arc::new(experiments.clone()), Arc::new(learning.clone())]);
        Self {
            gates: Gates::default(),
            keys: KeyPools::default(),
            learned: Learned::default(),
            stats,
            experiments,
            learning,
            quality,
            #[cfg(feature = "budget")]
            money: Money::default(),
            #[cfg(feature = "prompt")]
            prompt_savings: llm_prompt::optimise::SavingsCounter::default(),
            #[cfg(feature = "cache")]
            cached: Cached::default(),
            #[cfg(feature = "redis")]
            shared_limits: crate::gates::SharedLimits::default(),
        }
    }

    /// Nothing learned yet, with prices and budgets by another clock than the system's.
    #[cfg(feature = "budget")]
    pub fn with_money(money: Money) -> Self {
        let costs: Arc<Costs> = (&money).into();
        let stats = Stats::with_cost(StatsSettings::default(), costs.clone());
        let learning = Learning::new(LearningSettings::default(), Some(costs.clone()));
        Self { money, ..Self::observing(stats, Experiments::with_cost(costs), learning) }
    }

    /// Everybody who learns from what happens.
    pub(crate) fn observers(&self) -> [Arc<dyn Observer>; 4] {
        let Self { stats, experiments, learning, quality, .. } = self.clone();
        [Arc::new(stats), Arc::new(experiments), Arc::new(learning), Arc::new(quality)]
    }

    /// Nothing learned yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for EngineState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineState").finish_non_exhaustive()
    }
}

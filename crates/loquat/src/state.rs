//! What a client learns and counts, apart from the client: it outlives every rebuild.

use std::fmt;

use llm_resilience::{Gates, Learned};
use llm_router::Stats;

/// What a client learns and counts: the state of breakers, limits and cool-downs, and the statistics of every target.
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
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct EngineState {
    /// Breakers, limits and cool-downs, one gate for each target.
    pub gates: Gates,
    /// Retry budgets, and how long first contents take, for hedges.
    pub learned: Learned,
    /// Latencies, failures and tokens of each target.
    pub stats: Stats,
}

impl EngineState {
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

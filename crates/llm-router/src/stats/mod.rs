//! What was seen of each target: counts, latencies, throughput, cost and quality, decaying with time.
//!
//! [`Stats`] is an observer of requests. It keeps a fixed amount of memory per target and forgets the targets that were
//! not used for longest. Strategies ask it through [`StatsView`]; people read [`TargetStats`].

mod cost;
mod decay;
mod entry;
mod handle;
mod histogram;
mod open;
mod settings;
mod snapshot;
mod track;
mod view;

pub use cost::{ByPrices, CostModel};
pub(crate) use decay::shrink;
pub use handle::Stats;
pub use settings::StatsSettings;
pub use snapshot::{FailureStats, LabelStats, LatencyStats, ModelStats, QualityStats, ShadowStats, TargetStats};
pub(crate) use track::is_evidence;
pub use view::{Pulse, StatsView, TargetRecord};
